//! What no encoder of ours writes and the wire allows: unknown fields, odd varints, members twice, any order.

use super::{redact, sanitizer};
use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_model::wire::{put_bytes, put_uint};
use sitelog_model::{Bytes, Signal};
use sitelog_sanitize::{Fault, Invalid};

fn field(number: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, number, payload.as_ref());
    out
}

fn int(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_uint(&mut out, number, value);
    out
}

/// `string_value`.
fn string(text: &str) -> Vec<u8> {
    field(1, text)
}

fn pair(key: &str, value: &[u8]) -> Vec<u8> {
    [field(1, key), field(2, value)].concat()
}

/// A request of one log record, given by its fields.
fn logs(record: &[Vec<u8>]) -> Bytes {
    field(1, field(2, field(2, record.concat()))).into()
}

/// The record after a pass; a second one must change nothing.
fn clean(request: &Bytes) -> (Bytes, LogRecord) {
    let sanitizer = sanitizer();
    let once = redact(&sanitizer, Signal::Logs, request).unwrap();
    assert_eq!(redact(&sanitizer, Signal::Logs, &once).unwrap(), once);
    let mut request = ExportLogsServiceRequest::decode(once.as_ref()).unwrap();
    let record = request
        .resource_logs
        .remove(0)
        .scope_logs
        .remove(0)
        .log_records
        .remove(0);
    (once, record)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn fault(bytes: &[u8]) -> (usize, Fault) {
    match redact(&sanitizer(), Signal::Logs, &Bytes::copy_from_slice(bytes)) {
        Err(Invalid::Malformed { offset, fault, .. }) => (offset, fault),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_value_that_stands_before_its_key_is_hidden() {
    let attribute = [field(2, string("hunter2")), field(1, "password")].concat();
    let (once, _) = clean(&logs(&[field(6, attribute)]));
    let want = [field(2, string("[REDACTED]")), field(1, "password")].concat();
    assert_eq!(once, logs(&[field(6, want)]));
}

#[test]
fn unknown_fields_odd_varints_and_the_order_of_fields_stay() {
    // The record's length and the body's are written in three bytes, the fields stand in no order.
    let body = [&[0x2a, 0x94, 0x80, 0x00][..], &string("is declared-1 here")].concat();
    let after = [int(99, 7), field(12, "event"), vec![0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
    let record = [int(2, 9), body, after.clone()].concat();
    let request = |record: &[u8], body_prefix: &[u8], text: &str| {
        let record = [&int(2, 9)[..], body_prefix, &string(text), &after, record].concat();
        let len = record.len() as u8;
        let record = [&[0x12, len | 0x80, 0x80, 0x00][..], &record].concat();
        Bytes::from(field(1, field(2, record)))
    };
    assert_eq!(
        record.len(),
        request(b"", &[0x2a, 0x94, 0x80, 0x00], "is declared-1 here").len() - 8
    );
    let (once, _) = clean(&request(b"", &[0x2a, 0x94, 0x80, 0x00], "is declared-1 here"));
    // As long as before: not even the odd lengths change.
    assert_eq!(once, request(b"", &[0x2a, 0x94, 0x80, 0x00], "is [REDACTED] here"));
}

#[test]
fn what_protobuf_overrides_or_merges_hides_nothing() {
    let token = "ghp_9fQ2mZx81aBcDeFgHiJkLmNoPqRsTuVwXy01";
    // A body twice, two members in a value, a value twice, a key twice.
    let cases = [
        vec![field(5, string(token)), field(5, string("ok"))],
        vec![field(5, [string("no rule knows me"), int(3, 1)].concat())],
        vec![field(
            6,
            [
                field(1, "password"),
                field(2, string("hunter2")),
                field(2, string("pass1")),
            ]
            .concat(),
        )],
        vec![field(
            6,
            [field(1, "password"), field(1, "a"), field(2, string("hunter2"))].concat(),
        )],
        vec![field(
            6,
            [field(1, "a"), field(1, "password"), field(2, string("hunter2"))].concat(),
        )],
        vec![field(
            6,
            [field(1, "is declared-1"), field(1, "a"), field(2, string("b"))].concat(),
        )],
    ];
    for (at, case) in cases.iter().enumerate() {
        let (once, _) = clean(&logs(case));
        for secret in [token, "no rule knows me", "hunter2", "pass1", "declared-1"] {
            assert!(!holds(&once, secret), "case {at}: {secret}");
        }
    }
    // Two maps are one: the name stands in the first, the value in the second.
    let map = |key: &str, value: &str| field(5, field(6, field(1, pair(key, &string(value)))));
    let (once, _) = clean(&logs(&[map("name", "PASSWORD"), map("value", "hunter2")]));
    assert!(!holds(&once, "hunter2"));
    // So are two lists.
    let list = |value: &str| field(5, field(5, field(1, string(value))));
    let (once, _) = clean(&logs(&[list("--password"), list("hunter2")]));
    assert!(!holds(&once, "hunter2"));
    // And two resources.
    let resource = |key: &str, value: &str| field(1, field(1, pair(key, &string(value))));
    let request = Bytes::from(field(
        1,
        [resource("name", "PASSWORD"), field(2, ""), resource("value", "hunter2")].concat(),
    ));
    let once = redact(&sanitizer(), Signal::Logs, &request).unwrap();
    assert!(!holds(&once, "hunter2") && holds(&once, "PASSWORD"));
}

#[test]
fn unknown_fields_are_looked_into() {
    let quiet = logs(&[field(40, "nothing"), field(41, pair("a", &string("b"))), int(42, 1)]);
    assert_eq!(clean(&quiet).0, quiet);
    let attributes = field(1, pair("db.password", &string("hunter2")));
    let message = [field(1, "password=hunter2"), int(2, 5), field(3, attributes)].concat();
    let (once, _) = clean(&logs(&[field(12, "e"), field(40, "is declared-1"), field(41, message)]));
    let attributes = field(1, pair("db.password", &string("[REDACTED]")));
    let message = [field(1, "password=[REDACTED]"), int(2, 5), field(3, attributes)].concat();
    assert_eq!(
        once,
        logs(&[field(12, "e"), field(40, "is [REDACTED]"), field(41, message)])
    );
    // In the request itself, a group, an attribute, a value.
    let record = logs(&[field(
        6,
        [
            pair("a", &[string("b"), field(30, "declared-1")].concat()),
            field(9, "declared-1"),
        ]
        .concat(),
    )]);
    let request: Bytes = [
        field(7, "declared-1").as_slice(),
        &record,
        &field(1, field(9, "declared-1")),
    ]
    .concat()
    .into();
    let once = redact(&sanitizer(), Signal::Logs, &request).unwrap();
    assert!(!holds(&once, "declared-1"));
    assert!(ExportLogsServiceRequest::decode(once.as_ref()).is_ok());
}

#[test]
fn lengths_that_outgrow_their_prefix_are_written_anew() {
    let words = vec![field(1, string("x")); 40].concat();
    let (_, record) = clean(&logs(&[
        field(6, pair("passwords", &field(5, words))),
        field(12, "last"),
    ]));
    assert_eq!(record.event_name, "last");
    assert_eq!(format!("{record:?}").matches("[REDACTED]").count(), 40);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let text = |message, field| Fault::Utf8 { message, field };
    assert_eq!(fault(b"\x0a\x05\x01"), (0, Fault::Length(5)));
    assert_eq!(fault(b"\x0a\x02\x12\x05"), (2, Fault::Length(5)));
    assert_eq!(fault(b"\x0a\x02\x0b\x0c"), (2, Fault::WireType(3)));
    assert_eq!(
        fault(&logs(&[field(12, b"a\xff")])),
        (9, text("LogRecord", "event_name"))
    );
    assert_eq!(
        fault(&logs(&[field(6, field(1, b"\xc3"))])),
        (10, text("KeyValue", "key"))
    );
    let number = Fault::Field {
        message: "LogRecord",
        field: "severity_number",
        wire: 2,
    };
    assert_eq!(fault(&logs(&[field(2, "x")])), (6, number));
    let error = redact(&sanitizer(), Signal::Logs, &logs(&[field(12, b"a\xff")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no logs request in protobuf: byte 9: LogRecord.event_name is no utf-8"
    );
}
