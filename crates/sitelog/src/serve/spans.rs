//! The server's own spans, one a request that was answered: made when asked for, and taken like anybody's records.

use crate::exit::Failure;
use crate::settings::ServeSettings;
use prost::Message;
use sitelog_model::attributes as name;
use sitelog_model::key_value::{double, int, text};
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode};
use sitelog_model::{Signal, TenantId};
use sitelog_receive::{Answered, Gateway};
use sitelog_run::{Place, scope};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::sync::watch;

/// Spans that wait to be written; what comes when there are more is left out and counted.
const WAITING: usize = 4096;
/// Spans of one request.
const TOGETHER: usize = 512;
/// How often they are written.
const EVERY: Duration = Duration::from_secs(1);

/// Spans of requests that could not be kept.
pub(crate) type LeftOut = Arc<AtomicU64>;

/// The tenant that the settings name for them.
pub(crate) fn traced(settings: &ServeSettings) -> Result<Option<TenantId>, Failure> {
    let tenant = settings.trace_requests.clone().map(TenantId::new).transpose();
    tenant.map_err(|error| Failure::usage(format!("--trace-requests: {error}")))
}

/// Has a span made of each request that is answered, in a tenant's name, until `stop`; sampled as the sender's is. Gives what
/// writes them: it ends with the last of them.
pub(crate) fn spans_of_requests(
    gateway: &Arc<Gateway>,
    tenant: TenantId,
    left_out: LeftOut,
    mut stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let (sender, mut answered) = mpsc::channel::<Answered>(WAITING);
    let lost = Arc::clone(&left_out);
    gateway.watch(Box::new(move |request| {
        let is_sampled = request.parent.is_none_or(|parent| parent.flags & 1 == 1);
        if is_sampled && sender.try_send(request).is_err() {
            lost.fetch_add(1, Relaxed);
        }
    }));
    let gateway = Arc::clone(gateway);
    async move {
        let mut batch = Vec::new();
        loop {
            let is_over = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => true,
                () = tokio::time::sleep(EVERY) => false,
            };
            // What comes meanwhile waits for the next time.
            for _ in 0..WAITING / TOGETHER {
                while batch.len() < TOGETHER
                    && let Ok(request) = answered.try_recv()
                {
                    batch.push(span(&request));
                }
                if batch.is_empty() {
                    break;
                }
                let count = batch.len() as u64;
                let request = request(std::mem::take(&mut batch)).encode_to_vec();
                let taken = gateway.take_own(&tenant, Signal::Traces, request.into()).await;
                if taken.is_err() {
                    left_out.fetch_add(count, Relaxed);
                }
            }
            if is_over {
                return;
            }
        }
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![
            text(name::SERVICE_NAME, "sitelog"),
            text(name::SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
        ],
        ..Resource::default()
    };
    let scope_spans = ScopeSpans {
        scope: Some(scope()),
        spans,
        ..ScopeSpans::default()
    };
    let resource_spans = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![scope_spans],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![resource_spans],
    }
}

fn span(request: &Answered) -> Span {
    let place = Place::below(request.parent);
    let mut attributes = vec![text(name::SITELOG_REQUEST_PROTOCOL, request.protocol)];
    if let Some(tenant) = &request.tenant {
        attributes.push(text(name::SITELOG_REQUEST_TENANT, tenant.as_str()));
    }
    if let Some(signal) = request.signal {
        attributes.push(text(name::SITELOG_REQUEST_SIGNAL, signal.name()));
    }
    let status = match &request.outcome {
        Ok(taken) => {
            attributes.push(int(name::SITELOG_REQUEST_RECORDS, taken.records as u64));
            attributes.push(int(name::SITELOG_REQUEST_BYTES, taken.bytes as u64));
            attributes.push(double(name::SITELOG_REQUEST_TURN, taken.turn.as_secs_f64()));
            attributes.push(double(name::SITELOG_REQUEST_DURABLE, taken.durable.as_secs_f64()));
            Status::default()
        }
        Err(reason) => {
            attributes.push(text(name::ERROR_TYPE, *reason));
            Status {
                code: StatusCode::Error.into(),
                message: String::new(),
            }
        }
    };
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let begun = nanos(request.begun.duration_since(UNIX_EPOCH).unwrap_or_default());
    Span {
        trace_id: place.own.trace.0.to_vec(),
        span_id: place.own.span.0.to_vec(),
        parent_span_id: place.parent.map_or_else(Vec::new, |parent| parent.0.to_vec()),
        flags: u32::from(place.own.flags),
        name: format!("receive {}", request.signal.map_or("request", Signal::name)),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: begun,
        end_time_unix_nano: begun.saturating_add(nanos(request.took)),
        attributes,
        status: Some(status),
        ..Span::default()
    }
}
