//! What a receiver was told, over whichever way: whose it is, the signal, and what the record is called.

use crate::sink::Sink;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// How often each record came, by tenant, signal and name: a log's body, a span's or a metric's name.
pub(crate) type Told = BTreeMap<(String, &'static str, String), usize>;

/// The signals: their name, their groups of a resource and of a scope, their records, and how those are called.
const SIGNALS: [(&str, &str, &str, &str, &str); 3] = [
    ("logs", "resourceLogs", "scopeLogs", "logRecords", "/body/stringValue"),
    ("traces", "resourceSpans", "scopeSpans", "spans", "/name"),
    ("metrics", "resourceMetrics", "scopeMetrics", "metrics", "/name"),
];

/// What came to a sink.
pub(crate) fn of_sink(sink: &Sink) -> Told {
    let mut told = Told::new();
    for taken in sink.taken() {
        let (path, body) = (taken.path.to_ascii_lowercase(), &taken.body[..]);
        let request = if path.contains("logs") {
            serde_json::to_value(ExportLogsServiceRequest::decode(body).unwrap())
        } else if path.contains("metrics") {
            serde_json::to_value(ExportMetricsServiceRequest::decode(body).unwrap())
        } else {
            serde_json::to_value(ExportTraceServiceRequest::decode(body).unwrap())
        };
        add(&mut told, &request.unwrap());
    }
    told
}

/// What a Collector's file exporter has written so far.
pub(crate) fn of_file(path: &Path) -> Told {
    let mut told = Told::new();
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        add(&mut told, &serde_json::from_str(line).unwrap());
    }
    told
}

/// One export request as OTLP/JSON.
fn add(told: &mut Told, request: &Value) {
    for (signal, groups, scopes, records, name) in SIGNALS {
        for group in list(&request[groups]) {
            let tenant = list(&group["resource"]["attributes"]).find(|known| known["key"] == "sitelog.tenant.id");
            let tenant = tenant.map_or("", |known| known["value"]["stringValue"].as_str().unwrap());
            for record in list(&group[scopes]).flat_map(|scope| list(&scope[records])) {
                let name = record.pointer(name).and_then(Value::as_str).unwrap_or_default();
                *told.entry((tenant.to_owned(), signal, name.to_owned())).or_default() += 1;
            }
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A request of each signal with one record of this name, as OTLP/JSON with its path.
pub(crate) fn one_of_each(name: &str) -> [(&'static str, Value); 3] {
    let now = now();
    // Another tenant's name: what a client claims counts for nothing.
    let resource = json!({"attributes": [
        {"key": "service.name", "value": {"stringValue": "shop"}},
        {"key": "sitelog.tenant.id", "value": {"stringValue": "claimed"}},
    ]});
    let log = json!({"timeUnixNano": now, "body": {"stringValue": name}});
    let span = json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": name, "kind": 2,
        "startTimeUnixNano": now, "endTimeUnixNano": now,
    });
    let point = json!({"timeUnixNano": now, "asDouble": 1.5});
    let metric = json!({"name": name, "unit": "1", "gauge": {"dataPoints": [point]}});
    [
        (
            "/v1/logs",
            json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [log]}]}]}),
        ),
        (
            "/v1/traces",
            json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}),
        ),
        (
            "/v1/metrics",
            json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}),
        ),
    ]
}

/// Now, Unix nanoseconds, as OTLP/JSON has them.
pub(crate) fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_nanos().to_string()
}
