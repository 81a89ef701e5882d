//! What holds for any text as a value. Called with random text by the fuzzer and by the test beside.

use serde_json::Value;
use sitelog_sanitize::{Sanitizer, Settings, cases};
use std::sync::LazyLock;

static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(|| Sanitizer::new(Settings::default()));

/// JSON stays JSON, with the same keys and types but for what is hidden (R16); a second pass changes nothing (R15); a line
/// is always answered as a case.
pub(crate) fn check(text: &str) {
    let once = SANITIZER.text(text);
    assert_eq!(SANITIZER.text(&once), once, "second pass of {text:?}");
    if let Ok(before) = serde_json::from_str::<Value>(text) {
        match serde_json::from_str::<Value>(&once) {
            Ok(after) => assert!(same(&before, &after), "{text:?} became {once:?}"),
            Err(error) => panic!("{text:?} became {once:?}: {error}"),
        }
    }
    assert!(cases::run(text).starts_with('{'));
}

/// The same shape: a string may have become another, anything but null, true and false a marker.
fn same(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            // A key may hold a secret itself.
            after.keys().any(|key| is_marked(key))
                || before.len() == after.len()
                    && before
                        .iter()
                        .all(|(key, value)| after.get(key).is_some_and(|after| same(value, after)))
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| same(before, after))
        }
        (Value::String(before), Value::String(after)) => before == after || is_marked(after),
        (Value::Number(_), Value::String(after)) => is_marked(after),
        (before, after) => before == after,
    }
}

fn is_marked(text: &str) -> bool {
    text.contains("[REDACTED]")
}
