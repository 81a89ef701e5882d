//! OTLP `KeyValue` structs, for the paths on which a decoded request is cheap enough.

use crate::otlp::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};

fn key_value(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// A string.
pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    key_value(key, Value::StringValue(value.into()))
}

/// An integer; one above `i64::MAX` is held there.
pub fn int(key: &str, value: u64) -> KeyValue {
    key_value(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

/// A signed integer.
pub fn signed(key: &str, value: i64) -> KeyValue {
    key_value(key, Value::IntValue(value))
}

/// A number with a fraction.
pub fn double(key: &str, value: f64) -> KeyValue {
    key_value(key, Value::DoubleValue(value))
}

/// Yes or no.
pub fn boolean(key: &str, value: bool) -> KeyValue {
    key_value(key, Value::BoolValue(value))
}

/// An array of strings.
pub fn texts(key: &str, values: impl IntoIterator<Item = String>) -> KeyValue {
    let values = values
        .into_iter()
        .map(|value| AnyValue {
            value: Some(Value::StringValue(value)),
        })
        .collect();
    key_value(key, Value::ArrayValue(ArrayValue { values }))
}
