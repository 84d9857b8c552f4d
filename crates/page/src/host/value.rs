//! A script's result, in JSON.

use serde_json::{Map, Value};
use servo::{JSValue, JavaScriptEvaluationError};

use crate::error::ScriptError;
use crate::event::cut;
use crate::limits::MAX_RESULT_DEPTH;

pub(super) fn to_json(result: Result<JSValue, JavaScriptEvaluationError>) -> Result<Value, ScriptError> {
    match result {
        Ok(value) => convert(value, 0),
        Err(JavaScriptEvaluationError::DocumentNotFound | JavaScriptEvaluationError::WebViewNotReady) => Err(ScriptError::NotReady),
        Err(JavaScriptEvaluationError::CompilationFailure) => Err(ScriptError::Syntax),
        Err(JavaScriptEvaluationError::EvaluationFailure(Some(info))) => {
            Err(ScriptError::Threw { message: cut(info.message), line: info.line_number, column: info.column })
        }
        Err(JavaScriptEvaluationError::EvaluationFailure(None)) => {
            Err(ScriptError::Threw { message: "unknown reason".to_owned(), line: 0, column: 0 })
        }
        Err(JavaScriptEvaluationError::SerializationError(_)) => Err(ScriptError::Result),
        Err(JavaScriptEvaluationError::InternalError) => Err(ScriptError::Internal),
    }
}

fn convert(value: JSValue, depth: usize) -> Result<Value, ScriptError> {
    if depth > MAX_RESULT_DEPTH {
        return Err(ScriptError::Result);
    }
    Ok(match value {
        JSValue::Undefined | JSValue::Null => Value::Null,
        JSValue::Boolean(flag) => Value::Bool(flag),
        // As `JSON.stringify` does: what is no number in JSON is null.
        JSValue::Number(number) => serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number),
        JSValue::String(text) | JSValue::Element(text) | JSValue::ShadowRoot(text) | JSValue::Frame(text) | JSValue::Window(text) => {
            Value::String(text)
        }
        JSValue::Array(items) => Value::Array(items.into_iter().map(|item| convert(item, depth + 1)).collect::<Result<_, _>>()?),
        JSValue::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, field)| Ok((name, convert(field, depth + 1)?))).collect::<Result<Map<_, _>, ScriptError>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_json_and_depth_has_an_end() {
        let array = JSValue::Array(vec![JSValue::Number(1.5), JSValue::Number(f64::NAN), JSValue::Undefined]);
        assert_eq!(to_json(Ok(array)), Ok(serde_json::json!([1.5, null, null])));
        let mut deep = JSValue::Null;
        for _ in 0..=MAX_RESULT_DEPTH {
            deep = JSValue::Array(vec![deep]);
        }
        assert_eq!(to_json(Ok(deep)), Err(ScriptError::Result));
    }
}
