//! What of a request must stay when secrets are hidden; shared with the fuzz target.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The structure of a decoded request: every list, every field, all numbers, but no texts, and of values only whether they
/// hold nothing, a boolean, a list, a map or anything else.
pub(crate) fn shape(request: &impl Serialize) -> Value {
    of(serde_json::to_value(request).unwrap_or_default())
}

fn of(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(of).collect(),
        Value::Object(fields) => match leaf(&fields) {
            true => json!("leaf"),
            false => fields.into_iter().map(|(name, value)| (name, of(value))).collect(),
        },
        Value::String(_) => json!("text"),
        other => other,
    }
}

/// Whether a value holds a text, a number or bytes.
fn leaf(fields: &Map<String, Value>) -> bool {
    let names = ["stringValue", "intValue", "doubleValue", "bytesValue"];
    fields.len() == 1 && fields.keys().all(|name| names.contains(&name.as_str()))
}
