//! Random requests of all three signals, with secrets planted in every kind of place.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::common::v1::{AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::metrics::v1 as metrics;
use sitelog_model::otlp::metrics::v1::metric::Data;
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};

fn text() -> impl Strategy<Value = String> {
    const QUIET: &[&str] = &[
        "",
        "GET",
        "stdout",
        "order 5123 was paid",
        "größe 1.5 ✓",
        "monkey",
        "a key to the door",
        "--verbose",
    ];
    const LOUD: &[&str] = &[
        "password=hunter2",
        "is declared-1 here",
        "--token",
        "curl",
        "-u",
        "bob:s3cret",
        "SMTP_PASSWORD",
        "https://u:pw@h/x?sig=abc",
        "AKIAZX81QWERTYUIOPAS",
        "{\"password\":\"x\",\"n\":1.50}",
        "{\"p\\u0061ssword\":\"x\"}",
        "[\"--password\",\"q\"]",
        "\u{1b}[1mpass\u{1b}[0mword=abc",
        "true",
        "${X}",
    ];
    prop_oneof![3 => select(QUIET), 1 => select(LOUD)].prop_map(str::to_owned)
}

fn key() -> impl Strategy<Value = String> {
    const QUIET: &[&str] = &["a", "service.name", "k8s.pod", "url.path", "public_key"];
    const LOUD: &[&str] = &[
        "password",
        "apiKeys",
        "user/name",
        "tokens",
        "name",
        "value",
        "Value",
        "Secret",
        "sensitive",
        "after",
        "after_sensitive",
        "plaintext",
        "of declared-1",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "email",
    ];
    prop_oneof![3 => select(QUIET), 1 => select(LOUD)].prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Option<AnyValue>> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::StringValue),
        1 => any::<bool>().prop_map(Value::BoolValue),
        1 => prop_oneof![Just(4711081512), any::<i64>()].prop_map(Value::IntValue),
        1 => prop_oneof![Just(4711081512.0), -1e9..1e9].prop_map(Value::DoubleValue),
        1 => text().prop_map(|text| Value::BytesValue(text.into_bytes())),
        1 => text().prop_map(|text| Value::BytesValue([text.as_bytes(), b" \xff"].concat())),
        1 => Just(Value::StringValueStrindex(3)),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        let list = vec(of(inner.clone()), 0..4).prop_map(|values| {
            let values = values.into_iter().map(|value| AnyValue { value }).collect();
            Value::ArrayValue(ArrayValue { values })
        });
        let map = vec((key(), of(inner)), 0..4).prop_map(|pairs| {
            let values = pairs
                .into_iter()
                .map(|(key, value)| pair(key, Some(AnyValue { value })))
                .collect();
            Value::KvlistValue(KeyValueList { values })
        });
        prop_oneof![list, map]
    });
    of(of(value).prop_map(|value| AnyValue { value }))
}

fn pair(key: String, value: Option<AnyValue>) -> KeyValue {
    KeyValue {
        key,
        value,
        ..KeyValue::default()
    }
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec((key(), value()).prop_map(|(key, value)| pair(key, value)), 0..4)
}

fn resource() -> impl Strategy<Value = Option<Resource>> {
    let entity = (text(), text(), vec(key(), 0..2)).prop_map(|(schema_url, r#type, keys)| EntityRef {
        schema_url,
        r#type,
        id_keys: keys.clone(),
        description_keys: keys,
    });
    of(
        (attributes(), vec(entity, 0..2)).prop_map(|(attributes, entity_refs)| Resource {
            attributes,
            dropped_attributes_count: 3,
            entity_refs,
        }),
    )
}

fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    of(
        (text(), text(), attributes()).prop_map(|(name, version, attributes)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count: 0,
        }),
    )
}

pub(super) fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let record = (attributes(), value(), text(), text(), any::<u64>()).prop_map(
        |(attributes, body, event_name, severity_text, time_unix_nano)| LogRecord {
            attributes,
            body,
            event_name,
            severity_text,
            time_unix_nano,
            flags: 1,
            trace_id: vec![7; 16],
            span_id: vec![9; 8],
            ..LogRecord::default()
        },
    );
    let group = (scope(), vec(record, 0..4), text()).prop_map(|(scope, log_records, schema_url)| ScopeLogs {
        scope,
        log_records,
        schema_url,
    });
    let group = (resource(), vec(group, 0..3), text()).prop_map(|(resource, scope_logs, schema_url)| ResourceLogs {
        resource,
        scope_logs,
        schema_url,
    });
    vec(group, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}

pub(super) fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let event = (attributes(), text()).prop_map(|(attributes, name)| span::Event {
        time_unix_nano: 5,
        name,
        attributes,
        dropped_attributes_count: 1,
    });
    let link = (attributes(), text()).prop_map(|(attributes, trace_state)| span::Link {
        trace_id: vec![1; 16],
        trace_state,
        attributes,
        flags: 1,
        ..span::Link::default()
    });
    let status = of(text().prop_map(|message| Status { message, code: 2 }));
    let span = (attributes(), text(), text(), vec(event, 0..3), vec(link, 0..3), status).prop_map(
        |(attributes, name, trace_state, events, links, status)| Span {
            trace_id: vec![7; 16],
            parent_span_id: vec![3; 8],
            attributes,
            name,
            trace_state,
            events,
            links,
            status,
            kind: 2,
            ..Span::default()
        },
    );
    let group = (scope(), vec(span, 0..3), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope,
        spans,
        schema_url,
    });
    let group = (resource(), vec(group, 0..3), text()).prop_map(|(resource, scope_spans, schema_url)| ResourceSpans {
        resource,
        scope_spans,
        schema_url,
    });
    vec(group, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn data() -> impl Strategy<Value = Data> {
    let exemplar = attributes().prop_map(|filtered_attributes| metrics::Exemplar {
        filtered_attributes,
        span_id: vec![1; 8],
        value: Some(metrics::exemplar::Value::AsInt(4711081512)),
        ..metrics::Exemplar::default()
    });
    let point = (attributes(), vec(exemplar, 0..2));
    (vec(point, 0..3), 0..5).prop_map(|(points, kind)| {
        let points = points.into_iter();
        match kind {
            0 | 1 => {
                let data_points = points.map(|(attributes, exemplars)| metrics::NumberDataPoint {
                    attributes,
                    exemplars,
                    value: Some(metrics::number_data_point::Value::AsDouble(1.5)),
                    ..metrics::NumberDataPoint::default()
                });
                let data_points = data_points.collect();
                match kind {
                    0 => Data::Gauge(metrics::Gauge { data_points }),
                    _ => Data::Sum(metrics::Sum {
                        data_points,
                        aggregation_temporality: 2,
                        is_monotonic: true,
                    }),
                }
            }
            2 => Data::Histogram(metrics::Histogram {
                data_points: points
                    .map(|(attributes, exemplars)| metrics::HistogramDataPoint {
                        attributes,
                        exemplars,
                        bucket_counts: vec![1, 2, 300],
                        explicit_bounds: vec![0.5, 1.0],
                        min: Some(0.1),
                        ..metrics::HistogramDataPoint::default()
                    })
                    .collect(),
                aggregation_temporality: 1,
            }),
            3 => Data::ExponentialHistogram(metrics::ExponentialHistogram {
                data_points: points
                    .map(|(attributes, exemplars)| metrics::ExponentialHistogramDataPoint {
                        attributes,
                        exemplars,
                        scale: -3,
                        positive: Some(metrics::exponential_histogram_data_point::Buckets {
                            offset: -7,
                            bucket_counts: vec![1, 1000, 3],
                        }),
                        ..metrics::ExponentialHistogramDataPoint::default()
                    })
                    .collect(),
                aggregation_temporality: 1,
            }),
            _ => Data::Summary(metrics::Summary {
                data_points: points
                    .map(|(attributes, _)| metrics::SummaryDataPoint {
                        attributes,
                        quantile_values: vec![metrics::summary_data_point::ValueAtQuantile {
                            quantile: 0.5,
                            value: 2.0,
                        }],
                        ..metrics::SummaryDataPoint::default()
                    })
                    .collect(),
            }),
        }
    })
}

pub(super) fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let metric =
        (text(), text(), text(), attributes(), of(data())).prop_map(|(name, description, unit, metadata, data)| {
            metrics::Metric {
                name,
                description,
                unit,
                metadata,
                data,
            }
        });
    let group = (scope(), vec(metric, 0..3), text()).prop_map(|(scope, metrics, schema_url)| metrics::ScopeMetrics {
        scope,
        metrics,
        schema_url,
    });
    let group = (resource(), vec(group, 0..3), text()).prop_map(|(resource, scope_metrics, schema_url)| {
        metrics::ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        }
    });
    vec(group, 0..3).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}
