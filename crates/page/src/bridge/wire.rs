//! The wire format, version 1, as `docs/page-api.md` describes it: JSON in text frames, a small header before the bytes in
//! binary frames.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    LayoutReport, ParamValue,
    layout::{self, LayoutError, WireSurfaces},
    limits::{MAX_MESSAGE_BYTES, MAX_PARAM_NAME_BYTES, MAX_TEXT_BYTES, MAX_TOPIC_BYTES, PROTOCOL_VERSION},
};

/// Kind of a binary frame: an event or a published topic.
const KIND_EVENT: u8 = 1;

/// Bytes before the topic in a binary frame: version, kind, length of the topic (little-endian).
const BINARY_HEADER: usize = 4;

/// A message of the page, checked.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    /// The first message of a socket.
    Hello { url: String },
    /// `engine.emit` with JSON.
    Emit { topic: String, data: Value },
    /// A parameter was moved.
    Param { name: String, value: ParamValue },
    /// The surfaces have moved.
    Layout(LayoutReport),
    /// So many more messages were handled.
    Ack(usize),
    /// The answer to a ping.
    Pong(u32),
}

/// Why a message of the page was refused. The socket stays open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("the message has more than {MAX_TEXT_BYTES} bytes; send large data as an ArrayBuffer")]
    TooLarge,
    #[error("the message cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("the message has no `{0}`")]
    Missing(&'static str),
    #[error("messages of type `{0}` are not known")]
    Unknown(String),
    #[error("the protocol's version is {PROTOCOL_VERSION}, not {0}")]
    Version(u32),
    #[error("a topic must have 1 to {MAX_TOPIC_BYTES} bytes and no control characters")]
    Topic,
    #[error("a parameter must have a name of 1 to {MAX_PARAM_NAME_BYTES} bytes and a finite number, a flag or a short text as its value")]
    Param,
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("the binary frame is cut short or of an unknown kind")]
    Binary,
}

impl WireError {
    /// Stable name of the error.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "MESSAGE_TOO_LARGE",
            Self::Malformed(_) | Self::Missing(_) | Self::Binary => "MESSAGE_MALFORMED",
            Self::Unknown(_) => "MESSAGE_UNKNOWN",
            Self::Version(_) => "PROTOCOL_VERSION",
            Self::Topic => "TOPIC_INVALID",
            Self::Param => "PARAM_INVALID",
            Self::Layout(_) => "LAYOUT_REFUSED",
        }
    }
}

/// Every member any message may have. One flat struct, so that a message is read once and nothing is buffered on the way.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    v: Option<u32>,
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    data: Option<Value>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    value: Option<ParamValue>,
    viewport: Option<[f64; 2]>,
    scale: Option<f64>,
    #[serde(borrow)]
    surfaces: Option<WireSurfaces<'a>>,
    n: Option<usize>,
    id: Option<u32>,
}

/// Reads a text frame.
pub(crate) fn decode_text(text: &str) -> Result<Incoming, WireError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(WireError::TooLarge);
    }
    let message: Envelope<'_> = serde_json::from_str(text)?;
    Ok(match &*message.t {
        "hello" => {
            let version = message.v.ok_or(WireError::Missing("v"))?;
            if version != u32::from(PROTOCOL_VERSION) {
                return Err(WireError::Version(version));
            }
            // Only for the log and the report: it is shown, never opened.
            let url = message.url.unwrap_or_default().chars().take(2048).filter(|c| !c.is_control()).collect();
            Incoming::Hello { url }
        }
        "emit" => {
            let topic = message.topic.ok_or(WireError::Missing("topic"))?;
            check_topic(&topic)?;
            Incoming::Emit { topic: topic.into_owned(), data: message.data.unwrap_or_default() }
        }
        "param" => {
            let name = message.name.ok_or(WireError::Missing("name"))?;
            let value = message.value.ok_or(WireError::Missing("value"))?;
            check_param(&name, &value)?;
            Incoming::Param { name: name.into_owned(), value }
        }
        "layout" => {
            let viewport = message.viewport.ok_or(WireError::Missing("viewport"))?;
            let scale = message.scale.ok_or(WireError::Missing("scale"))?;
            let surfaces = message.surfaces.ok_or(WireError::Missing("surfaces"))?;
            Incoming::Layout(layout::validate(viewport, scale, surfaces.0)?)
        }
        "ack" => Incoming::Ack(message.n.ok_or(WireError::Missing("n"))?),
        "pong" => Incoming::Pong(message.id.ok_or(WireError::Missing("id"))?),
        other => return Err(WireError::Unknown(other.chars().take(32).collect())),
    })
}

/// Reads a binary frame: its topic and its bytes.
pub(crate) fn decode_binary(frame: &[u8]) -> Result<(String, Arc<[u8]>), WireError> {
    let (&[version, kind, low, high], rest) = frame.split_first_chunk::<BINARY_HEADER>().ok_or(WireError::Binary)?;
    if version != PROTOCOL_VERSION {
        return Err(WireError::Version(version.into()));
    }
    if kind != KIND_EVENT {
        return Err(WireError::Binary);
    }
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (topic, bytes) = rest.split_at_checked(length).ok_or(WireError::Binary)?;
    let topic = str::from_utf8(topic).map_err(|_| WireError::Topic)?;
    check_topic(topic)?;
    Ok((topic.to_owned(), bytes.into()))
}

/// Writes a binary frame. The topic has passed [`check_topic`].
pub(crate) fn encode_binary(topic: &str, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(topic.len()).unwrap_or(0);
    let mut frame = Vec::with_capacity(BINARY_HEADER + topic.len() + bytes.len());
    frame.extend_from_slice(&[PROTOCOL_VERSION, KIND_EVENT]);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(topic.as_bytes());
    frame.extend_from_slice(bytes);
    frame
}

/// Whether a topic and so many bytes make a frame that the other side takes.
pub(crate) fn binary_fits(topic: &str, bytes: usize) -> bool {
    BINARY_HEADER + topic.len() + bytes <= MAX_MESSAGE_BYTES
}

/// Writes `{"t":"pub","topic":…,"data":…}`.
pub(crate) fn encode_publish(topic: &str, data: &Value) -> String {
    #[derive(Serialize)]
    struct Publish<'a> {
        t: &'static str,
        topic: &'a str,
        data: &'a Value,
    }
    to_json(&Publish { t: "pub", topic, data })
}

/// Writes `{"t":"params","values":{…}}`.
pub(crate) fn encode_params<'a>(values: impl Iterator<Item = (&'a String, &'a ParamValue)>) -> String {
    to_json(&serde_json::json!({ "t": "params", "values": values.collect::<std::collections::BTreeMap<_, _>>() }))
}

/// Writes the answer to `hello`.
pub(crate) fn encode_welcome<'a>(values: impl Iterator<Item = (&'a String, &'a ParamValue)>) -> String {
    let params = values.collect::<std::collections::BTreeMap<_, _>>();
    let engine = env!("CARGO_PKG_VERSION");
    to_json(&serde_json::json!({ "t": "welcome", "v": PROTOCOL_VERSION, "engine": engine, "params": params }))
}

/// Writes a ping.
pub(crate) fn encode_ping(id: u32) -> String {
    to_json(&serde_json::json!({ "t": "ping", "id": id }))
}

/// Writes that a message was refused.
pub(crate) fn encode_error(code: &str, message: &str) -> String {
    to_json(&serde_json::json!({ "t": "error", "code": code, "message": message }))
}

/// Values of our own types always have a JSON form; an empty message, which no script takes for anything, stands for the case
/// that cannot be.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Checks the topic of an event.
pub(crate) fn check_topic(topic: &str) -> Result<(), WireError> {
    let good = !topic.is_empty() && topic.len() <= MAX_TOPIC_BYTES && !topic.chars().any(char::is_control);
    good.then_some(()).ok_or(WireError::Topic)
}

/// Checks a parameter.
pub(crate) fn check_param(name: &str, value: &ParamValue) -> Result<(), WireError> {
    let named = !name.is_empty() && name.len() <= MAX_PARAM_NAME_BYTES && !name.chars().any(char::is_control);
    (named && value.is_valid()).then_some(()).ok_or(WireError::Param)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        decode_text(text).map_or_else(|error| error.code(), |_| "OK")
    }

    #[test]
    fn good_messages_are_read() {
        assert_eq!(decode_text(r#"{"t":"hello","v":1,"url":"http://a/"}"#).unwrap(), Incoming::Hello { url: "http://a/".into() });
        let emit = decode_text(r#"{"t":"emit","topic":"a","data":{"b":[1,null]}}"#).unwrap();
        assert_eq!(emit, Incoming::Emit { topic: "a".into(), data: serde_json::json!({ "b": [1, null] }) });
        let param = |value: &str| decode_text(&format!(r#"{{"t":"param","name":"p","value":{value}}}"#)).unwrap();
        for (text, value) in [
            ("0.5", ParamValue::Number(0.5)),
            ("3", ParamValue::Number(3.0)),
            ("true", ParamValue::Flag(true)),
            ("\"x\"", ParamValue::Text("x".into())),
        ] {
            assert_eq!(param(text), Incoming::Param { name: "p".into(), value });
        }
        assert_eq!(decode_text(r#"{"t":"ack","n":3}"#).unwrap(), Incoming::Ack(3));
        assert_eq!(decode_text(r#"{"t":"pong","id":7}"#).unwrap(), Incoming::Pong(7));
    }

    #[test]
    fn bad_messages_have_codes() {
        for (text, expected) in [
            ("", "MESSAGE_MALFORMED"),
            ("null", "MESSAGE_MALFORMED"),
            ("[]", "MESSAGE_MALFORMED"),
            ("{}", "MESSAGE_MALFORMED"),
            (r#"{"t":1}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"dance"}"#, "MESSAGE_UNKNOWN"),
            (r#"{"t":"hello"}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"hello","v":2}"#, "PROTOCOL_VERSION"),
            (r#"{"t":"emit"}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"emit","topic":""}"#, "TOPIC_INVALID"),
            (r#"{"t":"emit","topic":"a\nb"}"#, "TOPIC_INVALID"),
            (r#"{"t":"param","name":"p"}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"param","name":"p","value":1e999}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"param","name":"p","value":[1]}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"param","name":"","value":1}"#, "PARAM_INVALID"),
            (r#"{"t":"ack","n":-1}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"layout"}"#, "MESSAGE_MALFORMED"),
            (r#"{"t":"layout","viewport":[1e99,1],"scale":1,"surfaces":[]}"#, "LAYOUT_REFUSED"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
        assert_eq!(code(&"[".repeat(100_000)), "MESSAGE_MALFORMED");
        assert_eq!(code(&format!(r#"{{"t":"emit","topic":"a","data":{}"#, "[".repeat(100_000))), "MESSAGE_MALFORMED");
        assert_eq!(code(&"x".repeat(MAX_TEXT_BYTES + 1)), "MESSAGE_TOO_LARGE");
    }

    #[test]
    fn binary_frames_go_round() {
        for bytes in [&[][..], &[1, 2, 3], &[0xff; 1000]] {
            let (topic, back) = decode_binary(&encode_binary("tópic", bytes)).unwrap();
            assert_eq!((topic.as_str(), &*back), ("tópic", bytes));
        }
    }

    #[test]
    fn bad_binary_frames_are_refused() {
        let good = encode_binary("topic", b"data");
        for length in 0..BINARY_HEADER + "topic".len() {
            assert!(decode_binary(&good[..length]).is_err(), "cut to {length}");
        }
        for (at, value) in [(0, 2), (1, 9), (2, 0), (3, 0xff), (4, 0xff), (4, b'\n')] {
            let mut bad = good.clone();
            bad[at] = value;
            assert!(decode_binary(&bad).is_err(), "byte {at} = {value}");
        }
    }

    /// Random numbers of a fixed row (xorshift): the test is the same every time.
    fn chance(state: &mut u64, below: usize) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from(*state % below as u64).unwrap_or(0)
    }

    #[test]
    fn whatever_comes_is_refused_or_keeps_the_limits() {
        let surface = r#"{"name":"view","x":-1.5,"y":2e3,"w":3,"h":4,"clip":[0,0,10,20],"opacity":0.5,"radius":3,"clip_radius":[0,1,2.5,4],"z":1,"visible":true}"#;
        let seeds = [
            format!(r#"{{"t":"layout","viewport":[800,600],"scale":1.5,"surfaces":[{surface},{surface}]}}"#),
            r#"{"t":"emit","topic":"a","data":{"b":[1,null,"\u00e9"]}}"#.to_owned(),
            r#"{"t":"param","name":"p","value":1.25}"#.to_owned(),
            r#"{"t":"hello","v":1,"url":"http://127.0.0.1/"}"#.to_owned(),
        ];
        let pieces =
            ["1e308", "-", "null", "[", "]", "{", "}", "\"", "\\u0000", ",", ":", "9", "e", "NaN", "\"t\":\"ack\",", "1e39", "-0.0"];
        let (mut state, mut accepted) = (0x9e37_79b9_7f4a_7c15, 0);
        for round in 0..20_000 {
            let mut text = seeds[round % seeds.len()].clone();
            for _ in 0..=chance(&mut state, 3) {
                let at = chance(&mut state, text.len());
                let end = (at + chance(&mut state, 4)).min(text.len());
                text.replace_range(at..end, pieces[chance(&mut state, pieces.len())]);
            }
            match decode_text(&text) {
                Ok(Incoming::Layout(report)) => {
                    accepted += 1;
                    let finite = |surface: &crate::bridge::SurfaceGeometry| {
                        let numbers = [surface.x, surface.y, surface.w, surface.h, surface.opacity, surface.radius, surface.z];
                        numbers.iter().chain(&surface.clip).chain(&surface.clip_radius).all(|number| number.abs() <= 1_048_576.0)
                            && surface.w >= 0.0
                            && surface.h >= 0.0
                    };
                    assert!(report.surfaces.iter().all(finite), "{text}");
                }
                Ok(Incoming::Emit { topic, .. }) => assert!(check_topic(&topic).is_ok(), "{text}"),
                Ok(Incoming::Param { name, value }) => assert!(check_param(&name, &value).is_ok(), "{text}"),
                Ok(_) | Err(_) => {}
            }
            // The same bytes as a binary frame: the topic is checked, and nothing is read beyond the end.
            if let Ok((topic, bytes)) = decode_binary(&[&[1, 1, u8::try_from(round % 256).unwrap_or(0), 0], text.as_bytes()].concat()) {
                assert_eq!(topic.len() + bytes.len(), text.len());
            }
        }
        assert!(accepted > 100, "some of it must get as far as the numbers: {accepted}");
    }
}
