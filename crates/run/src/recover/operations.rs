//! Operations of a killed run, as far as they are stored, and their ends.

use crate::span::scope;
use crate::tools::tool_named;
use prost::Message;
use sitelog_model::attributes as name;
use sitelog_model::note::OperationStarted;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::{KeyValue, any_value::Value};
use sitelog_model::otlp::logs::v1::{ResourceLogs, ScopeLogs};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span};
use sitelog_model::{Bytes, TraceContext, Ulid};
use sitelog_provision::{Context, End, Operation, Output, Verb};
use std::collections::{BTreeMap, HashSet};

/// Ways on which facts come.
const FEEDS: [&str; 4] = ["grpc", "file", "stdout", "text"];

/// Those that have begun and not ended.
#[derive(Default)]
pub(super) struct Operations {
    open: BTreeMap<Ulid, Open>,
    /// Spans that stand directly below the run's: those of operations.
    spans: HashSet<Vec<u8>>,
}

struct Open {
    operation: Operation,
    place: TraceContext,
    /// The resource of its last records.
    resource: Option<Resource>,
    /// What each record of it says besides, in a profile's names.
    common: Vec<KeyValue>,
    records: u64,
}

/// What is still to be written of an operation.
pub(super) struct Rest {
    /// `None` when they are there already.
    pub(super) spans: Option<ExportTraceServiceRequest>,
    pub(super) logs: ExportLogsServiceRequest,
}

impl Operations {
    /// An operation of the run whose span is at `place` began.
    pub(super) fn started(&mut self, started: OperationStarted, run: Ulid, place: TraceContext) {
        let feed = FEEDS.into_iter().find(|feed| *feed == started.feed).unwrap_or("grpc");
        let (Ok(id), Some(tool)) = (started.operation.parse(), tool_named(&started.tool)) else {
            return;
        };
        let context = Context {
            id,
            tool,
            verb: started.verb.as_deref().and_then(Verb::named),
            run,
            place,
            project: started.project,
            stack: started.stack,
            organization: started.organization,
            workspace: started.workspace,
            root: started.root,
            feed,
        };
        let open = Open {
            operation: Operation::resume(context, started.start),
            place,
            resource: None,
            common: Vec::new(),
            records: 0,
        };
        self.open.insert(id, open);
    }

    /// Records were stored.
    pub(super) fn logs(&mut self, request: &Bytes) {
        if self.open.is_empty() {
            return;
        }
        let request = ExportLogsServiceRequest::decode(request.clone()).unwrap_or_default();
        for of_resource in request.resource_logs {
            let resource = of_resource.resource.unwrap_or_default();
            let Some(id) = operation(&resource) else { continue };
            for record in of_resource.scope_logs.iter().flat_map(|of_scope| &of_scope.log_records) {
                let Some(open) = self.open.get_mut(&id) else { break };
                open.records += 1;
                open.common = record
                    .attributes
                    .iter()
                    .filter(|known| is_common(&known.key))
                    .cloned()
                    .collect();
                if !open.operation.recall(record) {
                    self.open.remove(&id);
                }
            }
            if let Some(open) = self.open.get_mut(&id) {
                open.resource = Some(resource);
            }
        }
    }

    /// A span was stored.
    pub(super) fn span(&mut self, span: &Span) {
        let places = self.open.values().map(|open| open.place.span.0);
        if places.into_iter().any(|above| span.parent_span_id == above) {
            self.spans.insert(span.span_id.clone());
        }
    }

    /// Ends what is open, at `at`. `run` is the resource of an operation of which no record is stored.
    pub(super) fn end(self, run: &Resource, at: u64) -> impl Iterator<Item = Rest> {
        let (spans, run) = (self.spans, run.clone());
        self.open.into_values().map(move |open| open.end(&spans, &run, at))
    }
}

impl Open {
    fn end(self, stored: &HashSet<Vec<u8>>, run: &Resource, at: u64) -> Rest {
        let mut resource = self.resource.unwrap_or_else(|| run.clone());
        for attribute in self.operation.attributes() {
            match resource.attributes.iter_mut().find(|known| known.key == attribute.key) {
                Some(known) => *known = attribute,
                None => resource.attributes.push(attribute),
            }
        }
        let end = End {
            interrupted: true,
            streams: u64::from(self.records > 0),
            ..End::default()
        };
        let mut out = Output::default();
        self.operation.end(&end, at, &mut out);
        let has_spans = out.spans.last().is_some_and(|own| stored.contains(&own.span_id));
        for record in &mut out.logs {
            record.attributes.extend_from_slice(&self.common);
        }
        Rest {
            spans: (!has_spans).then(|| spans(resource.clone(), out.spans)),
            logs: ExportLogsServiceRequest {
                resource_logs: vec![ResourceLogs {
                    resource: Some(resource),
                    scope_logs: vec![ScopeLogs {
                        scope: Some(scope()),
                        log_records: out.logs,
                        ..ScopeLogs::default()
                    }],
                    ..ResourceLogs::default()
                }],
            },
        }
    }
}

fn spans(resource: Resource, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let of_scope = ScopeSpans {
        scope: Some(scope()),
        spans,
        ..ScopeSpans::default()
    };
    let of_resource = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![of_scope],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![of_resource],
    }
}

/// Whose records these are.
fn operation(resource: &Resource) -> Option<Ulid> {
    let id = resource
        .attributes
        .iter()
        .find(|known| known.key == name::SITELOG_OPERATION_ID)?;
    match id.value.as_ref()?.value.as_ref()? {
        Value::StringValue(id) => id.parse().ok(),
        _ => None,
    }
}

/// Whether an attribute is one that a profile puts on every record.
fn is_common(key: &str) -> bool {
    crate::profile::OF_RECORDS.contains(&key)
}
