//! OTLP/JSON (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>), made protobuf on the way in: from there on
//! there is one form only.

use crate::admission::flight::Held;
use crate::refusal::Refusal;
use bytes::Bytes;
use prost::Message;
use serde::de::DeserializeOwned;
use sitelog_model::Signal;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;

/// Bytes that an object takes when it is decoded, about: a log record has as many.
const OBJECT: usize = 192;

/// The request in protobuf.
pub(super) fn to_protobuf(signal: Signal, json: &[u8], held: &mut Held) -> Result<Bytes, Refusal> {
    // Decoded, an object takes far more than the two bytes that it may have as text.
    held.add(memchr::memchr_iter(b'{', json).count().saturating_mul(OBJECT))?;
    match signal {
        Signal::Logs => encoded::<ExportLogsServiceRequest>(json),
        Signal::Traces => encoded::<ExportTraceServiceRequest>(json),
        Signal::Metrics => encoded::<ExportMetricsServiceRequest>(json),
    }
}

fn encoded<T: Message + DeserializeOwned>(json: &[u8]) -> Result<Bytes, Refusal> {
    // The decoder's own words may quote a value: only the place is told.
    let wrong = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        Refusal::Malformed(format!("no OTLP/JSON request: line {line}, column {column}"))
    };
    // The decoder would take a list of a message's fields too.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::Malformed("no OTLP/JSON request: line 1, no object".to_owned()));
    }
    let request: T = serde_json::from_slice(json).map_err(wrong)?;
    Ok(request.encode_to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn read(signal: Signal, json: &[u8]) -> Result<Bytes, Refusal> {
        let mut held = Held::new(&Arc::default(), &Arc::default(), (1 << 20, 1 << 20));
        to_protobuf(signal, json, &mut held)
    }

    #[test]
    fn json_becomes_what_it_means() {
        let json = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"x"}}]},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":"1544712660300000000","severityNumber":9,"body":{"stringValue":"hi"},"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","attributes":[{"key":"n","value":{"intValue":"7"}},{"key":"a","value":{"arrayValue":{"values":[{"boolValue":true}]}}}],"notKnown":1}]}]}]}"#;
        let out = ExportLogsServiceRequest::decode(read(Signal::Logs, json.as_bytes()).unwrap()).unwrap();
        let record = &out.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(
            (record.time_unix_nano, record.severity_number, record.trace_id[0]),
            (1544712660300000000, 9, 0x5b)
        );
        assert_eq!(record.attributes.len(), 2);
        assert!(read(Signal::Traces, b"{}").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        let deep = "[".repeat(100_000);
        for json in [
            "",
            "[]",
            "{\"resourceLogs\":\"s3cret\"}",
            "{\"resourceLogs\":[{]}",
            &deep,
        ] {
            let Err(Refusal::Malformed(why)) = read(Signal::Logs, json.as_bytes()) else {
                panic!("{json:.20} is taken");
            };
            assert!(why.contains("line") && !why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn empty_objects_do_not_fill_the_memory() {
        let records = vec!["{}"; 100_000].join(",");
        let json = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{records}]}}]}}]}}");
        assert_eq!(read(Signal::Logs, json.as_bytes()).unwrap_err().name(), "too_large");
    }
}
