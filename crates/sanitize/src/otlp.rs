//! OTLP export requests: every field that can hold a secret (R20).

use crate::Clean;
use crate::rules::compiled::Compiled;
use crate::sanitizer::Sanitizer;
use crate::{text, values};
use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::InstrumentationScope;
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_model::otlp::metrics::v1::{Exemplar, Metric, metric::Data};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::Span;
use sitelog_model::{Batch, Bytes, Payload, Signal};
use std::sync::Arc;

/// Why a batch is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Invalid {
    /// The bytes are no OTLP request of the batch's signal.
    #[error("no {signal} request in protobuf: {why}")]
    Malformed {
        /// The signal that the batch says it has.
        signal: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// A note that is no UTF-8.
    #[error("note is no utf-8")]
    Note,
    /// A block of lines has to be built from clean lines.
    #[error("lines are sanitized before they are put into a block")]
    Lines,
}

impl Sanitizer {
    /// A batch, ready for the ledger.
    ///
    /// # Errors
    /// [`Invalid`] when the payload cannot be read; nothing of it may be stored then.
    pub fn batch(&self, batch: Batch) -> Result<Clean<Batch>, Invalid> {
        let rules = self.rules().0;
        let payload = match batch.payload {
            Payload::Otlp(bytes) => Payload::Otlp(request(&rules, batch.signal, bytes)?),
            Payload::Note(bytes) => {
                let note = std::str::from_utf8(&bytes).map_err(|_| Invalid::Note)?;
                match text::redact(&rules, note) {
                    Some(clean) => Payload::Note(clean.into()),
                    None => Payload::Note(bytes),
                }
            }
            Payload::Lines(_) => return Err(Invalid::Lines),
        };
        Ok(Clean::made(Batch { payload, ..batch }))
    }
}

fn request(rules: &Arc<Compiled>, signal: Signal, bytes: Bytes) -> Result<Bytes, Invalid> {
    // Names and texts stand in the protobuf as they are: where no anchor stands, there is nothing to hide.
    let suspicious = text::suspicious(rules, &bytes);
    match signal {
        Signal::Logs => {
            rewrite::<ExportLogsServiceRequest>(bytes, signal, |request| suspicious && logs(rules, request))
        }
        Signal::Traces => {
            rewrite::<ExportTraceServiceRequest>(bytes, signal, |request| suspicious && traces(rules, request))
        }
        Signal::Metrics => {
            rewrite::<ExportMetricsServiceRequest>(bytes, signal, |request| suspicious && metrics(rules, request))
        }
    }
}

fn rewrite<M: Message + Default>(
    bytes: Bytes,
    signal: Signal,
    redact: impl FnOnce(&mut M) -> bool,
) -> Result<Bytes, Invalid> {
    let malformed = |error: prost::DecodeError| Invalid::Malformed {
        signal: signal.name(),
        why: error.to_string(),
    };
    let mut request = M::decode(bytes.as_ref()).map_err(malformed)?;
    Ok(if redact(&mut request) {
        request.encode_to_vec().into()
    } else {
        bytes
    })
}

/// Whether any of the calls changed something; all of them are made.
fn any<T>(items: &mut [T], mut redact: impl FnMut(&mut T) -> bool) -> bool {
    items.iter_mut().fold(false, |changed, item| redact(item) | changed)
}

pub(crate) fn logs(rules: &Arc<Compiled>, request: &mut ExportLogsServiceRequest) -> bool {
    any(&mut request.resource_logs, |group| {
        resource(rules, group.resource.as_mut())
            | any(&mut group.scope_logs, |group| {
                scope(rules, group.scope.as_mut()) | any(&mut group.log_records, |record| log_record(rules, record))
            })
    })
}

pub(crate) fn traces(rules: &Arc<Compiled>, request: &mut ExportTraceServiceRequest) -> bool {
    any(&mut request.resource_spans, |group| {
        resource(rules, group.resource.as_mut())
            | any(&mut group.scope_spans, |group| {
                scope(rules, group.scope.as_mut()) | any(&mut group.spans, |item| span(rules, item))
            })
    })
}

pub(crate) fn metrics(rules: &Arc<Compiled>, request: &mut ExportMetricsServiceRequest) -> bool {
    any(&mut request.resource_metrics, |group| {
        resource(rules, group.resource.as_mut())
            | any(&mut group.scope_metrics, |group| {
                scope(rules, group.scope.as_mut()) | any(&mut group.metrics, |item| metric(rules, item))
            })
    })
}

fn string(rules: &Arc<Compiled>, value: &mut String) -> bool {
    text::redact(rules, value).map(|clean| *value = clean).is_some()
}

fn resource(rules: &Arc<Compiled>, resource: Option<&mut Resource>) -> bool {
    resource.is_some_and(|resource| values::redact_attributes(rules, &mut resource.attributes))
}

fn scope(rules: &Arc<Compiled>, scope: Option<&mut InstrumentationScope>) -> bool {
    scope.is_some_and(|scope| {
        values::redact_attributes(rules, &mut scope.attributes)
            | string(rules, &mut scope.name)
            | string(rules, &mut scope.version)
    })
}

fn log_record(rules: &Arc<Compiled>, record: &mut LogRecord) -> bool {
    values::redact_attributes(rules, &mut record.attributes)
        | record
            .body
            .as_mut()
            .is_some_and(|body| values::redact_value(rules, body))
        | string(rules, &mut record.event_name)
        | string(rules, &mut record.severity_text)
}

fn span(rules: &Arc<Compiled>, span: &mut Span) -> bool {
    values::redact_attributes(rules, &mut span.attributes)
        | string(rules, &mut span.name)
        | string(rules, &mut span.trace_state)
        | span
            .status
            .as_mut()
            .is_some_and(|status| string(rules, &mut status.message))
        | any(&mut span.events, |event| {
            values::redact_attributes(rules, &mut event.attributes) | string(rules, &mut event.name)
        })
        | any(&mut span.links, |link| {
            values::redact_attributes(rules, &mut link.attributes) | string(rules, &mut link.trace_state)
        })
}

fn metric(rules: &Arc<Compiled>, metric: &mut Metric) -> bool {
    let exemplar = |exemplar: &mut Exemplar| values::redact_attributes(rules, &mut exemplar.filtered_attributes);
    let data = match &mut metric.data {
        Some(Data::Gauge(gauge)) => any(&mut gauge.data_points, |point| {
            values::redact_attributes(rules, &mut point.attributes) | any(&mut point.exemplars, exemplar)
        }),
        Some(Data::Sum(sum)) => any(&mut sum.data_points, |point| {
            values::redact_attributes(rules, &mut point.attributes) | any(&mut point.exemplars, exemplar)
        }),
        Some(Data::Histogram(histogram)) => any(&mut histogram.data_points, |point| {
            values::redact_attributes(rules, &mut point.attributes) | any(&mut point.exemplars, exemplar)
        }),
        Some(Data::ExponentialHistogram(histogram)) => any(&mut histogram.data_points, |point| {
            values::redact_attributes(rules, &mut point.attributes) | any(&mut point.exemplars, exemplar)
        }),
        Some(Data::Summary(summary)) => any(&mut summary.data_points, |point| {
            values::redact_attributes(rules, &mut point.attributes)
        }),
        None => false,
    };
    let metadata = values::redact_attributes(rules, &mut metric.metadata);
    data | metadata
        | string(rules, &mut metric.name)
        | string(rules, &mut metric.description)
        | string(rules, &mut metric.unit)
}
