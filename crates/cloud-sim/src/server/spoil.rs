//! Answers made wrong.

use serde_json::{Map, Value, json};

use crate::api::REPEATED_TOKEN;
use crate::faults::Fault;

/// The answer as a fault makes it; faults of the transport leave it alone.
pub(super) fn spoil(answer: Value, fault: &Fault) -> Value {
    match fault {
        Fault::Empty => json!({}),
        Fault::Nulls => top(answer, |_| Value::Null),
        Fault::NullFields => items(answer, |item| top(item, |_| Value::Null)),
        Fault::MissingFields => items(answer, |_| json!({})),
        Fault::WrongTypes => wrong_types(answer),
        Fault::UnknownFields => unknown_fields(answer),
        Fault::RepeatingToken => repeat_token(answer),
        _ => answer,
    }
}

/// Changes every value of an object.
fn top(value: Value, change: impl FnMut(Value) -> Value) -> Value {
    let Value::Object(object) = value else { return value };
    let (keys, values): (Vec<String>, Vec<Value>) = object.into_iter().unzip();
    Value::Object(keys.into_iter().zip(values.into_iter().map(change)).collect())
}

/// Changes every item of the lists of an object; an object without a list counts as an item.
fn items(answer: Value, change: impl Fn(Value) -> Value) -> Value {
    let is_list = answer
        .as_object()
        .is_some_and(|object| object.values().any(Value::is_array));
    if !is_list {
        return change(answer);
    }
    top(answer, |value| match value {
        Value::Array(list) => Value::Array(list.into_iter().map(&change).collect()),
        other => other,
    })
}

fn wrong_types(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(flag) => json!(if flag { "yes" } else { "no" }),
        Value::Number(number) => json!(format!("about {number}")),
        Value::String(text) => json!(text.len()),
        Value::Array(list) => json!({ "items": list }),
        Value::Object(object) if object.values().any(Value::is_array) => {
            items(top(Value::Object(object), wrong_scalars), |item| top(item, wrong_types))
        }
        Value::Object(object) => top(Value::Object(object), wrong_types),
    }
}

/// Leaves lists and objects, so that the wrong types are in the items too.
fn wrong_scalars(value: Value) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) => value,
        scalar => wrong_types(scalar),
    }
}

fn unknown_fields(value: Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(unknown_fields).collect()),
        // A map of free keys stays one: only objects that have fields of several types get another.
        Value::Object(object) if is_map(&object) => Value::Object(object),
        Value::Object(object) => {
            let mut object: Map<_, _> = object
                .into_iter()
                .map(|(key, value)| (key, unknown_fields(value)))
                .collect();
            object.insert("aFieldOfTomorrow".to_owned(), json!({ "deep": [1, "two", null] }));
            Value::Object(object)
        }
        scalar => scalar,
    }
}

/// Maps such as `resourceChanges` or `environment`.
fn is_map(object: &Map<String, Value>) -> bool {
    let is_number = object.values().all(Value::is_number);
    is_number || object.values().all(Value::is_string)
}

fn repeat_token(mut answer: Value) -> Value {
    let name = if answer.get("environments").is_some() {
        "nextToken"
    } else {
        "continuationToken"
    };
    if let Some(object) = answer.as_object_mut() {
        object.insert(name.to_owned(), REPEATED_TOKEN.into());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Value {
        json!({
            "stacks": [{ "id": "a", "resourceCount": 3 }, { "id": "b", "changes": { "same": 2 } }],
            "continuationToken": "at-2",
        })
    }

    #[test]
    fn each_fault_makes_its_own_of_an_answer() {
        let nulls = json!({ "stacks": null, "continuationToken": null });
        assert_eq!(spoil(answer(), &Fault::Nulls), nulls);
        let without = json!({ "stacks": [{}, {}], "continuationToken": "at-2" });
        assert_eq!(spoil(answer(), &Fault::MissingFields), without);
        let null_fields = spoil(answer(), &Fault::NullFields);
        assert_eq!(null_fields["stacks"][0], json!({ "id": null, "resourceCount": null }));
        let wrong = spoil(answer(), &Fault::WrongTypes);
        assert_eq!(wrong["stacks"][0], json!({ "id": 1, "resourceCount": "about 3" }));
        assert_eq!(
            spoil(answer(), &Fault::RepeatingToken)["continuationToken"],
            REPEATED_TOKEN
        );
        assert_eq!(spoil(answer(), &Fault::Empty), json!({}));
        assert_eq!(spoil(answer(), &Fault::Hang), answer());
    }

    #[test]
    fn unknown_fields_leave_the_known_ones_and_the_maps() {
        let spoiled = spoil(answer(), &Fault::UnknownFields);
        assert_eq!(spoiled["stacks"][0]["resourceCount"], 3);
        assert!(spoiled["stacks"][0]["aFieldOfTomorrow"].is_object());
        assert_eq!(spoiled["stacks"][1]["changes"], json!({ "same": 2 }));
    }

    #[test]
    fn an_answer_without_a_list_is_spoiled_itself() {
        let totals = json!({ "policyTotalCount": 4 });
        assert_eq!(spoil(totals.clone(), &Fault::MissingFields), json!({}));
        assert_eq!(
            spoil(totals.clone(), &Fault::NullFields),
            json!({ "policyTotalCount": null })
        );
        assert_ne!(spoil(totals.clone(), &Fault::WrongTypes), totals);
    }
}
