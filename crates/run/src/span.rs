//! The run as a span: begun in a note, so that a killed wrapper's can still be finished, and exported when it has ended.

use crate::ci::Ci;
use crate::{Outcome, Tally};
use sitelog_model::attributes as name;
use sitelog_model::note::Operations;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::{InstrumentationScope, KeyValue};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode};
use sitelog_model::{SpanId, TraceContext, TraceId, Ulid, key_value};

/// Where a run stands in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The run's own span; the job's `TRACEPARENT`.
    pub own: TraceContext,
    /// The span above it.
    pub parent: Option<SpanId>,
}

impl Place {
    /// Below `parent`, or at the root of a new, sampled trace.
    pub fn below(parent: Option<TraceContext>) -> Self {
        let span = SpanId(half(Ulid::generate()));
        match parent {
            Some(parent) => Self {
                own: TraceContext { span, ..parent },
                parent: Some(parent.span),
            },
            None => {
                let mut trace = [0; 16];
                trace[..8].copy_from_slice(&half(Ulid::generate()));
                trace[8..].copy_from_slice(&half(Ulid::generate()));
                Self {
                    own: TraceContext {
                        trace: TraceId(trace),
                        span,
                        flags: 1,
                    },
                    parent: None,
                }
            }
        }
    }
}

/// The last 8 bytes of a ULID are random; all of them zero would be no valid id.
fn half(id: Ulid) -> [u8; 8] {
    let random = (id.random() as u64).max(1);
    random.to_be_bytes()
}

/// sitelog as the instrumentation scope of what it emits.
pub fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "sitelog".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Default::default()
    }
}

/// The span of a run that has begun: no end, no outcome.
pub(crate) fn begin(
    place: Place,
    ci: &Ci,
    argv: &[String],
    run: Ulid,
    start: u64,
    resource: Vec<KeyValue>,
) -> ExportTraceServiceRequest {
    let program = argv
        .first()
        .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned())
        .unwrap_or_default();
    let mut attributes = vec![
        key_value::text(name::SITELOG_RUN_ID, run.to_string()),
        key_value::text(name::PROCESS_EXECUTABLE_NAME, program.clone()),
        key_value::texts(name::PROCESS_COMMAND_ARGS, argv.iter().cloned()),
    ];
    let task = ci.task.clone().unwrap_or(program);
    if let Ok(folder) = std::env::current_dir() {
        attributes.push(key_value::text(
            name::PROCESS_WORKING_DIRECTORY,
            folder.to_string_lossy(),
        ));
    }
    attributes.push(key_value::text(name::CICD_PIPELINE_TASK_NAME, task.clone()));
    attributes.push(key_value::text(
        name::CICD_PIPELINE_TASK_RUN_ID,
        ci.task_run.clone().unwrap_or_else(|| run.to_string()),
    ));
    attributes.extend(
        ci.task_url
            .clone()
            .map(|url| key_value::text(name::CICD_PIPELINE_TASK_RUN_URL_FULL, url)),
    );
    let span = Span {
        trace_id: place.own.trace.0.to_vec(),
        span_id: place.own.span.0.to_vec(),
        parent_span_id: place.parent.map(|parent| parent.0.to_vec()).unwrap_or_default(),
        flags: u32::from(place.own.flags),
        name: task,
        kind: SpanKind::Internal as i32,
        start_time_unix_nano: start,
        attributes,
        ..Span::default()
    };
    let scope = ScopeSpans {
        scope: Some(scope()),
        spans: vec![span],
        ..ScopeSpans::default()
    };
    let resource = Some(Resource {
        attributes: resource,
        ..Resource::default()
    });
    let spans = ResourceSpans {
        resource,
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![spans],
    }
}

/// How a span ended.
pub(crate) struct End<'a> {
    pub(crate) time: u64,
    pub(crate) result: &'a str,
    pub(crate) exit_code: Option<i32>,
    pub(crate) error_type: Option<String>,
    pub(crate) signal: Option<String>,
    pub(crate) message: String,
    pub(crate) tally: &'a Tally,
}

impl<'a> End<'a> {
    pub(crate) fn of(outcome: &'a Outcome, time: u64, tally: &'a Tally) -> Self {
        Self {
            time,
            result: outcome.result(),
            exit_code: Some(outcome.exit_code()),
            error_type: outcome.error_type(),
            signal: outcome.signal(),
            message: outcome.describe(),
            tally,
        }
    }
}

/// Ends the span that [`begin`] made.
pub(crate) fn end(request: &mut ExportTraceServiceRequest, end: &End<'_>) {
    let spans = request
        .resource_spans
        .iter_mut()
        .flat_map(|r| &mut r.scope_spans)
        .flat_map(|s| &mut s.spans);
    for span in spans {
        span.end_time_unix_nano = end.time.max(span.start_time_unix_nano);
        let attributes = &mut span.attributes;
        attributes.push(key_value::text(name::CICD_PIPELINE_TASK_RUN_RESULT, end.result));
        if span.parent_span_id.is_empty() {
            attributes.push(key_value::text(name::CICD_PIPELINE_RESULT, end.result));
        }
        attributes.extend(
            end.exit_code
                .map(|code| key_value::signed(name::PROCESS_EXIT_CODE, i64::from(code))),
        );
        attributes.extend(
            end.error_type
                .as_ref()
                .map(|kind| key_value::text(name::ERROR_TYPE, kind)),
        );
        attributes.extend(
            end.signal
                .clone()
                .map(|signal| key_value::text(name::SITELOG_SIGNAL, signal)),
        );
        attributes.push(key_value::int(name::SITELOG_LINES, end.tally.recorded));
        attributes.push(key_value::int(name::SITELOG_LINES_DROPPED, end.tally.dropped));
        let failed = end.error_type.is_some();
        let code = if failed { StatusCode::Error } else { StatusCode::Unset };
        span.status = Some(Status {
            code: code as i32,
            message: if failed { end.message.clone() } else { String::new() },
        });
    }
}

/// Says on the run's span what was and was not recorded of tools; what did not happen is not mentioned.
pub(crate) fn tell_operations(request: &mut ExportTraceServiceRequest, of: &Operations) {
    let counts = [
        (name::SITELOG_OPERATIONS, of.recorded),
        (name::SITELOG_OPERATIONS_RECORDS_DROPPED, of.records_dropped),
        (name::SITELOG_EVENTS_MALFORMED, of.events_malformed),
        (name::SITELOG_STREAMS_BROKEN, of.streams_broken),
        (name::SITELOG_STREAMS_UNREAD, of.streams_unread),
        (name::SITELOG_STREAMS_ANSWERED_EARLY, of.streams_answered_early),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let mut attributes: Vec<KeyValue> = counts.map(|(key, count)| key_value::int(key, count)).collect();
    if of.intercept_lost {
        attributes.push(key_value::boolean(name::SITELOG_INTERCEPT_LOST, true));
    }
    let scopes = request.resource_spans.iter_mut().flat_map(|of| &mut of.scope_spans);
    for span in scopes.flat_map(|of| &mut of.spans) {
        span.attributes.extend_from_slice(&attributes);
    }
}
