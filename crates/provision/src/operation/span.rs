//! Spans of operations and of steps.

use super::resources::Open;
use sitelog_model::attributes as name;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::trace::v1::{Span, Status, span::SpanKind, status::StatusCode};
use sitelog_model::{SpanId, TraceContext, key_value};

/// A span that has ended.
pub(super) struct Ended<'a> {
    pub(super) place: TraceContext,
    pub(super) span: SpanId,
    pub(super) parent: SpanId,
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) attributes: Vec<KeyValue>,
    /// `error.type` and the status' sentence.
    pub(super) error: Option<(&'a str, &'a str)>,
}

impl Ended<'_> {
    pub(super) fn span(self) -> Span {
        let mut attributes = self.attributes;
        attributes.extend(self.error.map(|(kind, _)| key_value::text(name::ERROR_TYPE, kind)));
        let status = self.error.map(|(_, message)| Status {
            code: StatusCode::Error as i32,
            message: message.to_owned(),
        });
        Span {
            trace_id: self.place.trace.0.to_vec(),
            span_id: self.span.0.to_vec(),
            // What nothing is above stands at the root of its trace.
            parent_span_id: match self.parent.0 {
                [0, 0, 0, 0, 0, 0, 0, 0] => Vec::new(),
                parent => parent.to_vec(),
            },
            flags: u32::from(self.place.flags),
            name: self.name,
            kind: SpanKind::Internal as i32,
            start_time_unix_nano: self.start,
            end_time_unix_nano: self.end.max(self.start),
            attributes,
            status: Some(status.unwrap_or_default()),
            ..Span::default()
        }
    }
}

/// The span of a step, with the attributes of its record that say what it was.
pub(super) fn of_step<'a>(
    open: &Open,
    place: TraceContext,
    end: u64,
    attributes: Vec<KeyValue>,
    error: Option<(&'a str, &'a str)>,
) -> Span {
    let step = &open.step;
    let ended = Ended {
        place,
        span: open.span,
        parent: open.parent,
        name: format!("{} {}", step.action.name(), step.kind),
        start: open.start,
        end,
        attributes,
        error,
    };
    ended.span()
}
