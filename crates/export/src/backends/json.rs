//! From a protobuf export request to OTLP/JSON
//! (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>): the only protocol for which requests are decoded.

use prost::Message;
use serde::Serialize;
use sitelog_model::Signal;
use sitelog_model::otlp::collector::{logs, metrics, trace};

/// Decoded, an empty record takes a hundred times its two bytes: so many at a time are a few megabytes.
const MOST_RECORDS: usize = 20_000;

/// Whether a request should be cut before it is translated: it holds more records than any sender means to send together.
pub fn is_too_large(request: &[u8]) -> bool {
    sitelog_model::request::count(request).is_ok_and(|records| records > MOST_RECORDS)
}

/// Translates an encoded request.
///
/// # Errors
/// What is malformed.
pub fn from_protobuf(signal: Signal, request: &[u8]) -> Result<Vec<u8>, String> {
    match signal {
        Signal::Logs => translate::<logs::v1::ExportLogsServiceRequest>(request),
        Signal::Traces => translate::<trace::v1::ExportTraceServiceRequest>(request),
        Signal::Metrics => translate::<metrics::v1::ExportMetricsServiceRequest>(request),
    }
}

fn translate<T: Message + Default + Serialize>(request: &[u8]) -> Result<Vec<u8>, String> {
    let message = T::decode(request).map_err(|error| error.to_string())?;
    serde_json::to_vec(&message).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
