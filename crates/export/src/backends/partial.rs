//! `partial_success` of an answer. All three signals have it in the same fields: 1 = { 1: rejected, 2: message }.

use super::Delivery;
use prost::Message;
use serde_json::Value;

/// Any of the three `Export…ServiceResponse` messages.
#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<Partial>,
}

#[derive(Clone, PartialEq, Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    message: String,
}

/// What an answer in protobuf says. One that cannot be read came with success all the same.
pub(super) fn from_protobuf(answer: &[u8]) -> Delivery {
    let partial = Answer::decode(answer)
        .unwrap_or_default()
        .partial_success
        .unwrap_or_default();
    delivery(u64::try_from(partial.rejected).unwrap_or(0), partial.message)
}

/// What an answer in JSON says: 64-bit numbers are strings there, and plain numbers are taken too.
pub(super) fn from_json(answer: &[u8]) -> Delivery {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let Some(partial) = answer.get("partialSuccess") else {
        return Delivery::Done;
    };
    let names = ["rejectedLogRecords", "rejectedSpans", "rejectedDataPoints"];
    let rejected = names
        .iter()
        .find_map(|name| partial.get(name))
        .map(|number| match number {
            Value::String(text) => text.parse().unwrap_or(0),
            other => other.as_u64().unwrap_or(0),
        });
    let message = partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    delivery(rejected.unwrap_or(0), message.to_owned())
}

fn delivery(rejected: u64, why: String) -> Delivery {
    match (rejected, why.is_empty()) {
        (0, true) => Delivery::Done,
        _ => Delivery::Partly { rejected, why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_say_the_same() {
        let partly = |rejected, why: &str| Delivery::Partly {
            rejected,
            why: why.to_owned(),
        };
        assert_eq!(from_protobuf(b""), Delivery::Done);
        assert_eq!(from_protobuf(b"\x0a\x00"), Delivery::Done);
        assert_eq!(from_protobuf(b"\x0a\x07\x08\x03\x12\x03bad"), partly(3, "bad"));
        assert_eq!(from_protobuf(b"\x0a\x04\x12\x02hm"), partly(0, "hm"));
        assert_eq!(from_json(b"{}"), Delivery::Done);
        assert_eq!(from_json(b""), Delivery::Done);
        assert_eq!(from_json(br#"{"partialSuccess":{}}"#), Delivery::Done);
        let logs = br#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"bad"}}"#;
        assert_eq!(from_json(logs), partly(3, "bad"));
        assert_eq!(from_json(br#"{"partialSuccess":{"rejectedSpans":2}}"#), partly(2, ""));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = (from_protobuf(&bytes), from_json(&bytes));
        }
    }
}
