//! One audit record: an OTLP log record with a name, a sentence, and what is known as attributes.

use super::ids;
use sitelog_model::attributes as name;
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue, any_value::Value};
use sitelog_model::otlp::logs::v1::{LogRecord, SeverityNumber};
use sitelog_model::{SpanId, TraceContext, Ulid, key_value};

/// Names of the records (`records.md`).
pub(super) mod event {
    pub(crate) const STARTED: &str = "sitelog.operation.started";
    pub(crate) const COMPLETED: &str = "sitelog.operation.completed";
    pub(crate) const CANCELED: &str = "sitelog.operation.canceled";
    pub(crate) const RESOURCE_STARTED: &str = "sitelog.resource.started";
    pub(crate) const RESOURCE_COMPLETED: &str = "sitelog.resource.completed";
    pub(crate) const RESOURCE_FAILED: &str = "sitelog.resource.failed";
    pub(crate) const DIAGNOSTIC: &str = "sitelog.diagnostic";
    pub(crate) const POLICY: &str = "sitelog.policy.violation";
}

/// When a record's event happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// When it arrived, by our clock.
    pub(super) at: u64,
    /// When it happened: our clock's word where the engine counts whole seconds.
    pub(super) time: u64,
    /// By the engine's clock.
    pub(super) engine: Option<u64>,
    /// The engine's number.
    pub(super) sequence: Option<u64>,
}

impl When {
    /// Something that no event tells.
    pub(super) fn ours(at: u64) -> Self {
        Self {
            at,
            time: at,
            engine: None,
            sequence: None,
        }
    }
}

/// A record without its number and ids.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) event: &'static str,
    pub(super) severity: SeverityNumber,
    pub(super) body: String,
    pub(super) span: SpanId,
    pub(super) attributes: Vec<KeyValue>,
}

/// Numbers the records of one operation.
#[derive(Debug)]
pub(super) struct Scribe {
    operation: Ulid,
    place: TraceContext,
    next: u64,
}

impl Scribe {
    pub(super) fn new(operation: Ulid, place: TraceContext) -> Self {
        Self {
            operation,
            place,
            next: 0,
        }
    }

    /// Leaves out the numbers up to that of a record that is stored already.
    pub(super) fn skip(&mut self, seq: u64) {
        self.next = self.next.max(seq.saturating_add(1));
    }

    pub(super) fn write(&mut self, draft: Draft, when: When) -> LogRecord {
        let seq = self.next;
        self.next += 1;
        let mut attributes = draft.attributes;
        attributes.push(key_value::text(
            name::LOG_RECORD_UID,
            ids::record(self.operation, seq, when.at).to_string(),
        ));
        attributes.push(key_value::int(name::SITELOG_SEQ, seq));
        attributes.extend(when.engine.map(|time| key_value::int(name::SITELOG_ENGINE_TIME, time)));
        attributes.extend(
            when.sequence
                .map(|number| key_value::int(name::SITELOG_ENGINE_SEQUENCE, number)),
        );
        LogRecord {
            time_unix_nano: when.time,
            observed_time_unix_nano: when.at,
            severity_number: draft.severity as i32,
            severity_text: severity_text(draft.severity).to_owned(),
            body: Some(AnyValue {
                value: Some(Value::StringValue(draft.body)),
            }),
            attributes,
            flags: u32::from(self.place.flags),
            trace_id: self.place.trace.0.to_vec(),
            span_id: draft.span.0.to_vec(),
            event_name: draft.event.to_owned(),
            ..LogRecord::default()
        }
    }
}

fn severity_text(severity: SeverityNumber) -> &'static str {
    match severity {
        SeverityNumber::Debug => "DEBUG",
        SeverityNumber::Info2 => "INFO2",
        SeverityNumber::Warn => "WARN",
        SeverityNumber::Error => "ERROR",
        _ => "INFO",
    }
}
