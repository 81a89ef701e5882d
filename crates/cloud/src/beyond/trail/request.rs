//! Records and spans as export requests, each within a frame's size.

use super::Rendered;
use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::InstrumentationScope;
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// A request is made at this size, bytes: it stays far below a receiver's usual 4 MiB.
const FRAME: usize = 512 << 10;

/// Items in parts of about a frame's size.
pub(super) fn parts<'a, 'b, T>(
    mut items: &'a [(&'b Rendered, &'b T)],
    size: impl Fn(&T) -> usize + Copy + 'a,
) -> impl Iterator<Item = &'a [(&'b Rendered, &'b T)]> {
    std::iter::from_fn(move || {
        let mut sum = 0;
        let end = items.iter().position(|(of, item)| {
            sum += size(item) + of.resource.encoded_len();
            sum > FRAME
        });
        // One alone may be larger.
        let end = end.unwrap_or(items.len()).max(usize::from(!items.is_empty()));
        let (part, rest) = items.split_at(end);
        items = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// Items that stand together by what they are of.
fn groups<'b, T>(part: &[(&'b Rendered, &'b T)]) -> impl Iterator<Item = (&'b Rendered, impl Iterator<Item = &'b T>)> {
    let groups = part.chunk_by(|(of, _), (other, _)| std::ptr::eq(*of, *other));
    groups.map(|group| (group[0].0, group.iter().map(|(_, item)| *item)))
}

/// A logs request.
pub(super) fn log_request(part: &[(&Rendered, &LogRecord)]) -> Vec<u8> {
    let resource_logs = groups(part).map(|(of, records)| ResourceLogs {
        resource: Some(of.resource.clone()),
        scope_logs: vec![ScopeLogs {
            scope: Some(scope()),
            log_records: records.cloned().collect(),
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    });
    let request = ExportLogsServiceRequest {
        resource_logs: resource_logs.collect(),
    };
    request.encode_to_vec()
}

/// A traces request.
pub(super) fn span_request(part: &[(&Rendered, &Span)]) -> Vec<u8> {
    let resource_spans = groups(part).map(|(of, spans)| ResourceSpans {
        resource: Some(of.resource.clone()),
        scope_spans: vec![ScopeSpans {
            scope: Some(scope()),
            spans: spans.cloned().collect(),
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    });
    let request = ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    };
    request.encode_to_vec()
}

/// sitelog as the scope of what it records.
fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "sitelog".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
