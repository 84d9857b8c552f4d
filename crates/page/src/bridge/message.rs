//! What engine and page say to each other, in types.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LayoutReport, limits::MAX_PARAM_TEXT_BYTES};

/// The content of an event or of a published topic.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Anything JSON can say.
    Json(Value),
    /// Bytes, handed over as they are; an `ArrayBuffer` in the page.
    Bytes(Arc<[u8]>),
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Arc<[u8]>> for Payload {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// The value of a parameter, as an input element holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// A slider, a number field, or a choice whose option is a number.
    Number(f64),
    /// A check box.
    Flag(bool),
    /// A choice whose option is a word, or a text field.
    Text(String),
}

impl ParamValue {
    /// The value as a kernel sees it: a flag is 0 or 1, a text has none.
    #[must_use]
    pub fn as_f32(&self) -> Option<f32> {
        match self {
            #[expect(clippy::cast_possible_truncation, reason = "parameters of kernels are f32")]
            Self::Number(number) => Some(*number as f32),
            Self::Flag(flag) => Some(f32::from(u8::from(*flag))),
            Self::Text(_) => None,
        }
    }

    /// Whether the value keeps the limits.
    pub(crate) fn is_valid(&self) -> bool {
        match self {
            Self::Number(number) => number.is_finite(),
            Self::Flag(_) => true,
            Self::Text(text) => text.len() <= MAX_PARAM_TEXT_BYTES,
        }
    }
}

impl From<f64> for ParamValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<f32> for ParamValue {
    /// As the page would write it: 0.3, not 0.30000001192092896, so that a value that has gone through a kernel's `f32` and comes
    /// back is the one the page set.
    fn from(number: f32) -> Self {
        Self::Number(number.to_string().parse().unwrap_or(f64::from(number)))
    }
}

impl From<bool> for ParamValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// What the engine reads from the page, in the order in which it was said.
///
/// Parameters and layouts are coalesced: of several that wait, the engine sees the latest, at the place of the first.
#[derive(Clone, Debug, PartialEq)]
pub enum PageMessage {
    /// A document is there, and its script has said hello.
    Connected {
        /// Address of the document.
        url: String,
    },
    /// `engine.emit(topic, data)`.
    Event {
        /// The topic, 1 to [`MAX_TOPIC_BYTES`](super::limits::MAX_TOPIC_BYTES) bytes.
        topic: String,
        /// The data.
        payload: Payload,
    },
    /// A parameter was moved by the user or set by the page's script.
    Param {
        /// Name as in `data-param`.
        name: String,
        /// The new value.
        value: ParamValue,
    },
    /// The surfaces' rectangles have changed.
    Layout(LayoutReport),
    /// The answer to [`Bridge::ping`](super::Bridge::ping): the page's script is alive.
    Pong {
        /// Time from the ping's being asked for to the answer's arrival.
        round_trip: Duration,
    },
    /// The document that was connected is gone.
    Disconnected,
}

impl PageMessage {
    /// Bytes the message holds on to while it waits, roughly.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Event { topic, payload: Payload::Bytes(bytes) } => topic.len() + bytes.len(),
            Self::Event { topic, payload: Payload::Json(value) } => topic.len() + json_weight(value),
            _ => 0,
        }
    }
}

/// Bytes a JSON value holds on to, roughly. Recursion is bounded: the parser takes no more than 128 levels.
fn json_weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(json_weight).sum(),
            Value::Object(members) => members.iter().map(|(key, member)| key.len() + json_weight(member)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_an_f32_reads_as_it_was_written() {
        for number in [0.3, 7.25, -1e-7, 1e30, f64::from(f32::MAX), 0.0] {
            #[expect(clippy::cast_possible_truncation, reason = "that is what is tested")]
            let narrow = number as f32;
            let ParamValue::Number(back) = ParamValue::from(narrow) else { panic!("no number") };
            assert_eq!(ParamValue::Number(back).as_f32(), Some(narrow));
        }
        assert_eq!(ParamValue::from(0.3_f32), ParamValue::Number(0.3));
        assert!(!ParamValue::from(f32::NAN).is_valid());
    }
}
