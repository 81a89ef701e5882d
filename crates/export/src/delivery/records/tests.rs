use super::*;
use proptest::prelude::*;
use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::{AnyValue, InstrumentationScope, any_value::Value};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// Resources, in each scopes, in each a number of records.
type Shape = Vec<Vec<usize>>;

fn shapes() -> impl Strategy<Value = Shape> {
    prop::collection::vec(prop::collection::vec(0..5usize, 0..4), 0..4)
}

fn resource(number: usize) -> Option<Resource> {
    Some(Resource {
        dropped_attributes_count: number as u32,
        ..Default::default()
    })
}

fn scope(number: usize) -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: number.to_string(),
        ..Default::default()
    })
}

fn logs(shape: &Shape) -> Bytes {
    let mut number = 0;
    let mut record = || {
        number += 1;
        let body = Some(AnyValue {
            value: Some(Value::IntValue(number)),
        });
        LogRecord {
            body,
            ..Default::default()
        }
    };
    let resource_logs = shape.iter().enumerate().map(|(r, scopes)| {
        let scope_logs = scopes.iter().enumerate().map(|(s, count)| {
            let log_records = (0..*count).map(|_| record()).collect();
            ScopeLogs {
                scope: scope(s),
                log_records,
                ..Default::default()
            }
        });
        ResourceLogs {
            resource: resource(r),
            scope_logs: scope_logs.collect(),
            ..Default::default()
        }
    });
    ExportLogsServiceRequest {
        resource_logs: resource_logs.collect(),
    }
    .encode_to_vec()
    .into()
}

/// Every record with the resource and the scope it belongs to.
fn flat_logs(request: &[u8]) -> Vec<(u32, String, LogRecord)> {
    let request = ExportLogsServiceRequest::decode(request).unwrap();
    let mut flat = Vec::new();
    for resource in request.resource_logs {
        let number = resource.resource.unwrap().dropped_attributes_count;
        for scope in resource.scope_logs {
            let name = scope.scope.unwrap().name;
            flat.extend(
                scope
                    .log_records
                    .into_iter()
                    .map(|record| (number, name.clone(), record)),
            );
        }
    }
    flat
}

proptest! {
    /// Guarantees: two halves of a request hold its records, each with its resource and scope, in order, once.
    #[test]
    fn halves_hold_what_the_whole_held(shape in shapes(), cut in 0..40usize) {
        let whole = logs(&shape);
        let records = flat_logs(&whole);
        let cut = cut.min(records.len());
        let left = keep(&whole, 0..cut).unwrap();
        let right = keep(&whole, cut..records.len()).unwrap();
        prop_assert_eq!(flat_logs(&left).len(), cut);
        prop_assert_eq!(flat_logs(&[left, right].concat()), records);
    }

    /// Guarantees: encoded requests written one after the other are the request with all their records.
    #[test]
    fn joined_requests_hold_what_each_held(shapes in prop::collection::vec(shapes(), 0..4)) {
        let requests: Vec<_> = shapes.iter().map(logs).collect();
        let apart: Vec<_> = requests.iter().flat_map(|request| flat_logs(request)).collect();
        prop_assert_eq!(flat_logs(&requests.concat()), apart);
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes: Vec<u8>, range: (usize, usize)) {
        if let Err(malformed) = keep(&bytes, range.0..range.1) {
            prop_assert!(malformed.offset < bytes.len());
        }
    }

    /// Guarantees: what this module takes for a record is what the model counts.
    #[test]
    fn records_are_counted_alike(shape in shapes(), range in (0..10usize, 0..10usize)) {
        let whole = logs(&shape);
        let all = sitelog_model::request::count(&whole).unwrap();
        let kept = keep(&whole, range.0..range.1).unwrap();
        let expected = range.1.min(all).saturating_sub(range.0);
        prop_assert_eq!(sitelog_model::request::count(&kept).unwrap(), expected);
    }
}

#[test]
fn spans_and_metrics_are_chosen_like_log_records() {
    let span = |name: &str| Span {
        name: name.to_owned(),
        ..Default::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: ["a", "b", "c"].map(span).to_vec(),
        ..Default::default()
    }];
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..Default::default()
        }],
    };
    let kept = keep(&request.encode_to_vec(), 1..3).unwrap();
    let kept = ExportTraceServiceRequest::decode(kept).unwrap();
    assert_eq!(kept.resource_spans[0].scope_spans[0].spans, ["b", "c"].map(span));

    let metric = |name: &str| Metric {
        name: name.to_owned(),
        ..Default::default()
    };
    let scope_metrics = vec![ScopeMetrics {
        metrics: ["a", "b", "c"].map(metric).to_vec(),
        ..Default::default()
    }];
    let resource_metrics = vec![ResourceMetrics {
        scope_metrics,
        ..Default::default()
    }];
    let request = ExportMetricsServiceRequest { resource_metrics };
    let kept = keep(&request.encode_to_vec(), 0..1).unwrap();
    let kept = ExportMetricsServiceRequest::decode(kept).unwrap();
    assert_eq!(kept.resource_metrics[0].scope_metrics[0].metrics, [metric("a")]);
}

/// Scenario: records that this version of the protocol does not know, or that are no message at all. Guarantees: they are kept as
/// they are, for nothing is decoded; so a request of empty records costs what its bytes cost.
#[test]
fn records_are_copied_and_not_decoded() {
    let records = [&b"\xff\xff"[..], b"", b"\xfa\x7f\x01x", b""];
    let mut scope = b"\x1a\x01s".to_vec();
    records.iter().for_each(|record| put_bytes(&mut scope, 2, record));
    let mut resource = Vec::new();
    put_bytes(&mut resource, 2, &scope);
    let mut request = Vec::new();
    put_bytes(&mut request, 1, &resource);
    assert_eq!(keep(&request, 0..4).unwrap(), request);
    let kept = keep(&request, 2..4).unwrap();
    let mut expected = b"\x1a\x01s".to_vec();
    records[2..]
        .iter()
        .for_each(|record| put_bytes(&mut expected, 2, record));
    assert!(kept.ends_with(&expected));
    assert_eq!(sitelog_model::request::count(&kept), Ok(2));

    let empty = [2 << 3 | 2, 0].repeat(500_000);
    let mut resource = Vec::new();
    put_bytes(&mut resource, 2, &empty);
    let mut request = Vec::new();
    put_bytes(&mut request, 1, &resource);
    let half = keep(&request, 250_000..500_000).unwrap();
    assert_eq!(sitelog_model::request::count(&half), Ok(250_000));
    assert!(half.len() < request.len() / 2 + 16);
}
