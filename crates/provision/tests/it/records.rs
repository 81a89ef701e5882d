//! What tests look at in records and spans.

use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_provision::{Context, Output, Tool};

/// An operation of Pulumi over gRPC of which nothing else is known.
pub(crate) fn context(feed: &'static str) -> Context {
    Context {
        id: "01K9ZZZZZZZZZZZZZZZZZZZZZZ".parse().unwrap(),
        tool: Tool::Pulumi,
        verb: None,
        run: "01K9YYYYYYYYYYYYYYYYYYYYYY".parse().unwrap(),
        place: sitelog_model::TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap(),
        project: None,
        stack: None,
        organization: None,
        workspace: None,
        root: None,
        feed,
    }
}

/// An attribute's value.
pub(crate) fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let mut found = attributes.iter().filter(|attribute| attribute.key == key);
    let first = found.next()?;
    assert!(found.next().is_none(), "{key} stands twice");
    first.value.as_ref()?.value.as_ref()
}

/// A text attribute.
pub(crate) fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match value(attributes, key)? {
        Value::StringValue(text) => Some(text),
        other => panic!("{key} is {other:?}"),
    }
}

/// An integer attribute.
pub(crate) fn int(attributes: &[KeyValue], key: &str) -> Option<i64> {
    match value(attributes, key)? {
        Value::IntValue(number) => Some(*number),
        other => panic!("{key} is {other:?}"),
    }
}

/// A yes-or-no attribute; `false` where it is not there.
pub(crate) fn yes(attributes: &[KeyValue], key: &str) -> bool {
    matches!(value(attributes, key), Some(Value::BoolValue(true)))
}

/// Texts of an array attribute.
pub(crate) fn texts(attributes: &[KeyValue], key: &str) -> Vec<String> {
    let Some(Value::ArrayValue(array)) = value(attributes, key) else {
        return Vec::new();
    };
    let each = array.values.iter().map(|any| match any.value.as_ref() {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{key} holds {other:?}"),
    });
    each.collect()
}

pub(crate) fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        other => panic!("a body of {other:?}"),
    }
}

/// Records of one name.
pub(crate) fn named<'a>(out: &'a Output, event: &str) -> Vec<&'a LogRecord> {
    out.logs.iter().filter(|record| record.event_name == event).collect()
}

/// The one record that ends an operation, which is the last.
pub(crate) fn completed(out: &Output) -> &LogRecord {
    let found = named(out, "sitelog.operation.completed");
    assert_eq!(found.len(), 1, "an operation ends once");
    assert!(std::ptr::eq(found[0], out.logs.last().unwrap()));
    found[0]
}

/// What holds for the records of any operation, whatever its engine did: numbered without gaps, one `started` first,
/// one `completed` last, ids of their own, an operation span that ends.
pub(crate) fn assert_sound(out: &Output) {
    completed(out);
    assert_eq!(named(out, "sitelog.operation.started").len(), 1);
    assert_eq!(out.logs[0].event_name, "sitelog.operation.started");
    let seqs: Vec<i64> = out
        .logs
        .iter()
        .map(|r| int(&r.attributes, "sitelog.seq").unwrap())
        .collect();
    assert!(seqs.into_iter().eq(0..out.logs.len() as i64));
    let mut ids = std::collections::HashSet::new();
    for record in &out.logs {
        assert!(ids.insert(text(&record.attributes, "log.record.uid").unwrap()));
        assert!(!body(record).is_empty() || record.event_name == "sitelog.diagnostic");
    }
    let mut spans = std::collections::HashSet::new();
    for span in &out.spans {
        assert!(spans.insert(&span.span_id));
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }
    let root = out.spans.last().unwrap();
    for span in &out.spans[..out.spans.len() - 1] {
        assert!(spans.contains(&span.parent_span_id), "{} hangs in the air", span.name);
    }
    assert_eq!(root.span_id, completed(out).span_id);
    assert!(out.logs.iter().all(|record| spans.contains(&record.span_id)));
}
