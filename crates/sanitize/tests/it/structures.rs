//! Values and OTLP requests.

use proptest::prelude::*;
use prost::Message;
use serde_json::{Value as Json, json};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::{Declared, Invalid, Sanitizer, Settings, cases};

fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn text(value: &str) -> AnyValue {
    any(Value::StringValue(value.to_owned()))
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    }
}

fn batch(payload: Payload) -> Batch {
    let origin = Origin {
        source: Source::Run,
        id: Ulid::nil(),
    };
    Batch {
        tenant: TenantId::default(),
        signal: Signal::Logs,
        origin,
        payload,
    }
}

fn logs(records: Vec<LogRecord>) -> Bytes {
    let scope_logs = vec![ScopeLogs {
        log_records: records,
        ..ScopeLogs::default()
    }];
    let resource_logs = vec![ResourceLogs {
        scope_logs,
        ..ResourceLogs::default()
    }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
}

fn sanitizer() -> Sanitizer {
    let declared = vec![Declared {
        name: "X".into(),
        value: b"declared-1".to_vec(),
    }];
    Sanitizer::new(Settings {
        declared,
        ..Settings::default()
    })
}

#[test]
fn a_request_without_secrets_passes_byte_for_byte() {
    let bytes = logs(vec![LogRecord {
        body: Some(text("build ok")),
        attributes: vec![pair("a", text("b"))],
        ..LogRecord::default()
    }]);
    // An unknown field at the end is kept too.
    let bytes: Bytes = [bytes.as_ref(), &[0x78, 0x01]].concat().into();
    let clean = sanitizer().batch(batch(Payload::Otlp(bytes.clone()))).unwrap();
    assert_eq!(clean.payload, Payload::Otlp(bytes));
}

#[test]
fn every_kind_of_value_of_a_record_is_looked_at() {
    let list = any(Value::ArrayValue(ArrayValue {
        values: vec![text("--password"), text("hunter2"), text("declared-1")],
    }));
    let map = any(Value::KvlistValue(KeyValueList {
        values: vec![pair("api_key", any(Value::IntValue(4711)))],
    }));
    let record = LogRecord {
        body: Some(map),
        event_name: "is declared-1".to_owned(),
        attributes: vec![
            pair("list", list),
            pair("bytes", any(Value::BytesValue(b"\xff declared-1 \xfe".to_vec()))),
            pair("of declared-1", any(Value::BoolValue(true))),
            pair("token", any(Value::BytesValue(b"\x01\x02".to_vec()))),
            pair("json", text("{\"password\":\"x\",\"n\":1.50}")),
        ],
        ..LogRecord::default()
    };
    let clean = sanitizer().batch(batch(Payload::Otlp(logs(vec![record])))).unwrap();
    let request = ExportLogsServiceRequest::decode(clean.payload.bytes().as_ref()).unwrap();
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    let marker = || text("[REDACTED]");
    assert_eq!(
        record.body,
        Some(any(Value::KvlistValue(KeyValueList {
            values: vec![pair("api_key", marker())]
        })))
    );
    assert_eq!(record.event_name, "is [REDACTED]");
    let want = vec![
        pair(
            "list",
            any(Value::ArrayValue(ArrayValue {
                values: vec![text("--password"), marker(), marker()],
            })),
        ),
        pair("bytes", any(Value::BytesValue(b"\xff [REDACTED] \xfe".to_vec()))),
        pair("of [REDACTED]", any(Value::BoolValue(true))),
        pair("token", any(Value::BytesValue(b"[REDACTED]".to_vec()))),
        pair("json", text("{\"password\":\"[REDACTED]\",\"n\":1.50}")),
    ];
    assert_eq!(record.attributes, want);
}

#[test]
fn what_is_no_request_is_refused() {
    let malformed = sanitizer().batch(batch(Payload::Otlp(Bytes::from_static(&[0x0a, 0x05, 0x01]))));
    assert!(matches!(malformed, Err(Invalid::Malformed { signal: "logs", .. })));
    assert_eq!(
        sanitizer().batch(batch(Payload::Lines(Bytes::new()))),
        Err(Invalid::Lines)
    );
    assert_eq!(
        sanitizer().batch(batch(Payload::Note(Bytes::from_static(b"\xff")))),
        Err(Invalid::Note)
    );
}

#[test]
fn notes_and_single_texts_are_redacted_in_place() {
    let note = Bytes::from_static(br#"{"argv":["app","--password","kn2n","x"],"name":"run declared-1"}"#);
    let clean = sanitizer().batch(batch(Payload::Note(note))).unwrap();
    let want = br#"{"argv":["app","--password","[REDACTED]","x"],"name":"run [REDACTED]"}"#;
    assert_eq!(clean.payload.bytes().as_ref(), want);
    assert_eq!(sanitizer().text("at https://u:pw@h/x"), "at https://u:[REDACTED]@h/x");
}

fn body(value: &Json) -> Json {
    let answer = cases::run(&json!({"id": "x", "mode": "body", "value": value}).to_string());
    serde_json::from_str::<Json>(&answer).unwrap()["value"].clone()
}

#[test]
fn infrastructure_code_says_what_is_secret() {
    let signature =
        json!({"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x", "n": "y"});
    assert_eq!(body(&signature)["ciphertext"], "[REDACTED]");
    assert_eq!(body(&signature)["n"], "y");
    let plan = json!({"change": {"after": {"a": "s1", "b": "keep", "l": ["k", "s2"]}, "after_sensitive": {"a": true, "l": [false, true]}}});
    let want = json!({"a": "[REDACTED]", "b": "keep", "l": ["k", "[REDACTED]"]});
    assert_eq!(body(&plan)["change"]["after"], want);
    assert_eq!(body(&json!({"Value": "x", "Secret": true}))["Value"], "[REDACTED]");
    assert_eq!(body(&json!({"Value": "x", "Secret": false}))["Value"], "x");
    assert_eq!(
        body(&json!({"sensitive": true, "value": "q"})),
        json!({"sensitive": true, "value": "[REDACTED]"})
    );
    assert_eq!(
        body(&json!(["curl", "-u", "a:b"])),
        json!(["curl", "-u", "a:[REDACTED]"])
    );
}

#[test]
fn json_in_strings_is_redacted_at_every_level_and_cut_off() {
    let inner = json!({"pass\u{77}ord": "a\"b"})
        .to_string()
        .replace("passw", "pass\\u0077");
    let twice = json!({"m": inner}).to_string();
    assert!(
        !body(&json!(twice)).to_string().contains("a\\"),
        "{}",
        body(&json!(twice))
    );
    assert_eq!(
        body(&json!("{\"a\":{\"token\":\"abc de")),
        "{\"a\":{\"token\":\"[REDACTED]"
    );
    assert_eq!(
        body(&json!("{\"token\":\"a\",\"token\":\"b\"}")),
        "{\"token\":\"[REDACTED]\",\"token\":\"[REDACTED]\"}"
    );
}

fn arbitrary() -> impl Strategy<Value = Json> {
    let keys = || {
        prop::sample::select(vec![
            "password",
            "a",
            "token",
            "tokens",
            "name",
            "value",
            "sensitive",
            "email",
            "x.y",
        ])
    };
    let leaf = prop_oneof![
        Just(Json::Null),
        any_bool().prop_map(Json::from),
        any_i64().prop_map(Json::from),
        prop::sample::select(vec![
            "x",
            "password=abc",
            "SMTP_PASSWORD",
            "{\"pwd\":\"\\\"x\"}",
            "--token",
            "a\\u0000\n",
            ""
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::btree_map(keys(), inner, 0..5)
                .prop_map(|map| Json::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

fn any_bool() -> impl Strategy<Value = bool> {
    proptest::bool::ANY
}

fn any_i64() -> impl Strategy<Value = i64> {
    proptest::num::i64::ANY
}

/// The keys and the shape, without the leaves.
fn shape(value: &Json) -> Json {
    match value {
        Json::Object(map) => Json::Object(map.iter().map(|(key, value)| (key.clone(), shape(value))).collect()),
        Json::Array(items) => Json::Array(items.iter().map(shape).collect()),
        Json::Null | Json::Bool(_) => value.clone(),
        _ => json!(0),
    }
}

proptest! {
    /// Guarantees: JSON text stays JSON with the same keys and shape, and a second pass changes nothing.
    #[test]
    fn json_stays_json(value in arbitrary()) {
        let sanitizer = Sanitizer::new(Settings::default());
        let once = sanitizer.text(&value.to_string()).into_owned();
        let parsed: Json = serde_json::from_str(&once).unwrap();
        prop_assert_eq!(shape(&parsed), shape(&value));
        prop_assert_eq!(sanitizer.text(&once), once.clone());
    }
}

/// Guarantees: what a list of headers leaves of a value is a text like any other: once is enough.
#[test]
fn a_url_in_the_place_of_headers_keeps_no_password() {
    let pairs = vec![(
        "OTEL_EXPORTER_OTLP_HEADERS".to_owned(),
        "https://u:s3cret@h/x?sig=abc".to_owned(),
    )];
    let once = sanitizer().pairs(pairs).into_inner();
    assert_eq!(once[0].1, "https://u:[REDACTED]@h/x?sig=[REDACTED]");
    assert_eq!(sanitizer().pairs(once.clone()).into_inner(), once);
}
