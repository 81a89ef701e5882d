//! Records and spans with the resource that they are of.

use sitelog_model::attributes as name;
use sitelog_model::otlp::common::v1::{KeyValue, any_value::Value};
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::Span;

/// What is recorded of one thing.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) resource: Resource,
    pub(super) logs: Vec<LogRecord>,
    pub(super) spans: Vec<Span>,
}

impl Rendered {
    /// Ids of all of it.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.spans.iter().map(span_key).chain(self.logs.iter().map(record_key))
    }
}

/// `log.record.uid`.
pub(super) fn record_key(record: &LogRecord) -> String {
    let is_uid = |known: &&KeyValue| known.key == name::LOG_RECORD_UID;
    let uid = record.attributes.iter().find(is_uid);
    match uid.and_then(|uid| uid.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(uid)) => uid.clone(),
        _ => String::new(),
    }
}

/// Trace and span id.
pub(super) fn span_key(span: &Span) -> String {
    let bytes = span.trace_id.iter().chain(&span.span_id);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// A resource of which later attributes replace earlier ones of the same name.
pub(super) fn resource(attributes: impl IntoIterator<Item = KeyValue>) -> Resource {
    let mut all: Vec<KeyValue> = Vec::new();
    for attribute in attributes {
        match all.iter_mut().find(|known| known.key == attribute.key) {
            Some(known) => *known = attribute,
            None => all.push(attribute),
        }
    }
    Resource {
        attributes: all,
        ..Resource::default()
    }
}

/// Unix seconds of the service as Unix nanoseconds.
pub(super) fn nanos(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000)
}
