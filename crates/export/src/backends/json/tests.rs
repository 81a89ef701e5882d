//! Against texts written by hand from the specification, not by the library that is tested.

use super::*;
use serde_json::{Value, json};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::any_value::Value as Any;
use sitelog_model::otlp::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::metrics::v1::{
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
    number_data_point,
};
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span};

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    }
}

fn translated(signal: Signal, message: &impl Message) -> Value {
    serde_json::from_slice(&from_protobuf(signal, &message.encode_to_vec()).unwrap()).unwrap()
}

/// Every member of `expected` is there; members that are not in it are default values, which a receiver ignores.
fn assert_has(actual: &Value, expected: &Value, path: &str) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for (key, value) in expected {
                let found = actual
                    .get(key)
                    .unwrap_or_else(|| panic!("{path}.{key} is missing in {actual:?}"));
                assert_has(found, value, &format!("{path}.{key}"));
            }
            let others = actual.iter().filter(|(key, _)| !expected.contains_key(*key));
            let is_default = |value: &Value| match value {
                Value::Null => true,
                Value::Bool(value) => !value,
                Value::Number(number) => number.as_f64() == Some(0.0),
                Value::String(text) => text.is_empty() || text == "0",
                Value::Array(list) => list.is_empty(),
                Value::Object(_) => false,
            };
            others.for_each(|(key, value)| assert!(is_default(value), "{path}.{key} is {value}"));
        }
        (Value::Array(actual), Value::Array(expected)) => {
            assert_eq!(actual.len(), expected.len(), "{path}");
            let pairs = actual.iter().zip(expected).enumerate();
            pairs.for_each(|(index, (actual, expected))| assert_has(actual, expected, &format!("{path}[{index}]")));
        }
        _ => assert_eq!(actual, expected, "{path}"),
    }
}

#[test]
fn a_log_record_has_hex_ids_string_numbers_and_base64_bytes() {
    let list = ArrayValue {
        values: vec![AnyValue {
            value: Some(Any::BoolValue(true)),
        }],
    };
    let map = KeyValueList {
        values: vec![attribute("inner", Any::StringValue("x".into()))],
    };
    let record = LogRecord {
        time_unix_nano: 1_544_712_660_300_000_000,
        observed_time_unix_nano: u64::MAX,
        severity_number: 9,
        severity_text: "INFO".into(),
        event_name: "sitelog.operation.started".into(),
        body: Some(AnyValue {
            value: Some(Any::StringValue("line".into())),
        }),
        attributes: vec![
            attribute("int", Any::IntValue(-9_007_199_254_740_993)),
            attribute("double", Any::DoubleValue(0.5)),
            attribute("bool", Any::BoolValue(false)),
            attribute("bytes", Any::BytesValue(vec![0xff, 0xfe, 0x00])),
            attribute("list", Any::ArrayValue(list)),
            attribute("map", Any::KvlistValue(map)),
        ],
        flags: 1,
        trace_id: (0..16).map(|n| n * 16 + n).collect(),
        span_id: vec![0xAB; 8],
        ..Default::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: vec![record],
        ..Default::default()
    }];
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs,
            ..Default::default()
        }],
    };
    let expected = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{
        "timeUnixNano": "1544712660300000000",
        "observedTimeUnixNano": "18446744073709551615",
        "severityNumber": 9,
        "severityText": "INFO",
        "eventName": "sitelog.operation.started",
        "body": {"stringValue": "line"},
        "attributes": [
            {"key": "int", "value": {"intValue": "-9007199254740993"}},
            {"key": "double", "value": {"doubleValue": 0.5}},
            {"key": "bool", "value": {"boolValue": false}},
            {"key": "bytes", "value": {"bytesValue": "//4A"}},
            {"key": "list", "value": {"arrayValue": {"values": [{"boolValue": true}]}}},
            {"key": "map", "value": {"kvlistValue": {"values": [{"key": "inner", "value": {"stringValue": "x"}}]}}},
        ],
        "flags": 1,
        "traceId": "00112233445566778899aabbccddeeff",
        "spanId": "abababababababab",
    }]}]}]});
    assert_has(&translated(Signal::Logs, &request), &expected, "$");
}

#[test]
fn a_span_has_hex_ids_and_numbers_for_enums() {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "run".into(),
        kind: 1,
        start_time_unix_nano: 1,
        end_time_unix_nano: 2,
        ..Default::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..Default::default()
    }];
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..Default::default()
        }],
    };
    let expected = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": "01".repeat(16),
        "spanId": "02".repeat(8),
        "parentSpanId": "03".repeat(8),
        "name": "run",
        "kind": 1,
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
    }]}]}]});
    assert_has(&translated(Signal::Traces, &request), &expected, "$");
}

#[test]
fn points_have_string_numbers_where_64_bits_may_be_needed() {
    let point = NumberDataPoint {
        time_unix_nano: 5,
        value: Some(number_data_point::Value::AsInt(7)),
        ..Default::default()
    };
    let sum = Sum {
        data_points: vec![point],
        aggregation_temporality: 2,
        is_monotonic: true,
    };
    let bucket_counts = vec![1, 2];
    let point = HistogramDataPoint {
        count: 3,
        sum: Some(1.5),
        bucket_counts,
        explicit_bounds: vec![0.1],
        ..Default::default()
    };
    let histogram = Histogram {
        data_points: vec![point],
        aggregation_temporality: 2,
    };
    let metric = |name: &str, data| Metric {
        name: name.into(),
        data: Some(data),
        ..Default::default()
    };
    let metrics = vec![
        metric("s", metric::Data::Sum(sum)),
        metric("h", metric::Data::Histogram(histogram)),
    ];
    let scope_metrics = vec![ScopeMetrics {
        metrics,
        ..Default::default()
    }];
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics,
            ..Default::default()
        }],
    };
    let expected = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "s", "sum": {
            "dataPoints": [{"timeUnixNano": "5", "asInt": "7"}],
            "aggregationTemporality": 2,
            "isMonotonic": true,
        }},
        {"name": "h", "histogram": {
            "dataPoints": [{"count": "3", "sum": 1.5, "bucketCounts": ["1", "2"], "explicitBounds": [0.1]}],
            "aggregationTemporality": 2,
        }},
    ]}]}]});
    assert_has(&translated(Signal::Metrics, &request), &expected, "$");
}

#[test]
fn malformed_protobuf_is_an_error() {
    assert!(from_protobuf(Signal::Logs, b"\xff").is_err());
}
