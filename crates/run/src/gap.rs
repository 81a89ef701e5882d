//! The record that says how many lines could not be kept.

use prost::Message;
use sitelog_model::attributes::SITELOG_LINES_DROPPED;
use sitelog_model::lines::Header;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::{AnyValue, any_value::Value};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::{Batch, Origin, Payload, Signal, TenantId, key_value};
use sitelog_sanitize::{Clean, Sanitizer};

/// Name of the event.
pub(crate) const EVENT: &str = "sitelog.gap";

pub(crate) fn request(header: &Header, dropped: u64, why: Option<&str>, now: u64) -> ExportLogsServiceRequest {
    let why = why.unwrap_or("unknown");
    let record = LogRecord {
        time_unix_nano: now,
        observed_time_unix_nano: now,
        severity_number: SeverityNumber::Error as i32,
        severity_text: "ERROR".to_owned(),
        body: Some(AnyValue {
            value: Some(Value::StringValue(format!("{dropped} lines were not recorded: {why}"))),
        }),
        attributes: vec![key_value::int(SITELOG_LINES_DROPPED, dropped)],
        trace_id: header.trace.0.to_vec(),
        span_id: header.span.0.to_vec(),
        event_name: EVENT.to_owned(),
        ..LogRecord::default()
    };
    let scope = ScopeLogs {
        log_records: vec![record],
        ..ScopeLogs::default()
    };
    let resource = Resource::decode(header.resource.as_slice()).ok();
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource,
            scope_logs: vec![scope],
            ..ResourceLogs::default()
        }],
    }
}

/// `None` never happens for a request made here: it is well-formed.
pub(crate) fn batch(
    sanitizer: &Sanitizer,
    tenant: TenantId,
    origin: Origin,
    request: ExportLogsServiceRequest,
) -> Option<Clean<Batch>> {
    let payload = Payload::Otlp(request.encode_to_vec().into());
    sanitizer
        .batch(Batch {
            tenant,
            signal: Signal::Logs,
            origin,
            payload,
        })
        .ok()
}
