//! Choosing records of an encoded export request. This decodes; it is used to split, never on the way of good data.

use bytes::Bytes;
use prost::{DecodeError, Message};
use sitelog_model::Signal;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use std::ops::Range;

/// The request with only those log records, spans or metrics whose number, from 0 over the whole request, is in `range`.
pub(crate) fn keep(signal: Signal, request: &[u8], range: Range<usize>) -> Result<Bytes, DecodeError> {
    let mut number = 0;
    let wanted = || {
        number += 1;
        range.contains(&(number - 1))
    };
    match signal {
        Signal::Logs => keep_logs(request, wanted),
        Signal::Traces => keep_spans(request, wanted),
        Signal::Metrics => keep_metrics(request, wanted),
    }
}

fn keep_logs(request: &[u8], mut wanted: impl FnMut() -> bool) -> Result<Bytes, DecodeError> {
    let mut request = ExportLogsServiceRequest::decode(request)?;
    for resource in &mut request.resource_logs {
        resource
            .scope_logs
            .iter_mut()
            .for_each(|scope| scope.log_records.retain(|_| wanted()));
        resource.scope_logs.retain(|scope| !scope.log_records.is_empty());
    }
    request.resource_logs.retain(|resource| !resource.scope_logs.is_empty());
    Ok(request.encode_to_vec().into())
}

fn keep_spans(request: &[u8], mut wanted: impl FnMut() -> bool) -> Result<Bytes, DecodeError> {
    let mut request = ExportTraceServiceRequest::decode(request)?;
    for resource in &mut request.resource_spans {
        resource
            .scope_spans
            .iter_mut()
            .for_each(|scope| scope.spans.retain(|_| wanted()));
        resource.scope_spans.retain(|scope| !scope.spans.is_empty());
    }
    request
        .resource_spans
        .retain(|resource| !resource.scope_spans.is_empty());
    Ok(request.encode_to_vec().into())
}

fn keep_metrics(request: &[u8], mut wanted: impl FnMut() -> bool) -> Result<Bytes, DecodeError> {
    let mut request = ExportMetricsServiceRequest::decode(request)?;
    for resource in &mut request.resource_metrics {
        resource
            .scope_metrics
            .iter_mut()
            .for_each(|scope| scope.metrics.retain(|_| wanted()));
        resource.scope_metrics.retain(|scope| !scope.metrics.is_empty());
    }
    request
        .resource_metrics
        .retain(|resource| !resource.scope_metrics.is_empty());
    Ok(request.encode_to_vec().into())
}

#[cfg(test)]
mod tests;
