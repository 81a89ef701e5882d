//! Spans of the server's own requests, made when they are asked for.

use super::running::{Gateway, logs, request, sha256};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use prost::Message;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::trace::v1::Span;
use std::collections::BTreeMap;

fn spans(sink: &Sink) -> Vec<Span> {
    let taken = sink.taken();
    let requests = taken
        .iter()
        .filter(|taken| taken.path.ends_with("/traces") || taken.path.contains("TraceService"));
    let groups = requests.flat_map(|taken| {
        ExportTraceServiceRequest::decode(&taken.body[..])
            .unwrap()
            .resource_spans
    });
    groups
        .flat_map(|group| group.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect()
}

fn attributes(span: &Span) -> BTreeMap<String, Value> {
    let all = span.attributes.iter().cloned();
    all.map(|one| (one.key, one.value.unwrap().value.unwrap())).collect()
}

/// Scenario: a tenant sends with a sampled `traceparent`, with one that is not sampled, and without; and one request is refused.
/// Guarantees: a span of each but the unsampled one arrives where the named tenant's traces go, below the sender's span, and says
/// whose it was, what was in it or why it was refused.
#[test]
fn each_request_has_a_span_below_the_senders() {
    let (scene, of_a, of_platform) = (Scene::new(), Sink::start(Answer::Take), Sink::start(Answer::Take));
    let config = format!(
        "serve:\n  trace-requests: platform\n  tenants:\n    a:\n      tokens: [{{sha256: {}}}]\n      destinations: {{out: {{endpoint: {}}}}}\n    platform:\n      destinations: {{out: {{endpoint: {}}}}}\n",
        sha256("token-a"),
        of_a.endpoint(),
        of_platform.endpoint()
    );
    let gateway = Gateway::start(&scene, &["--config", &scene.file("serve.yaml", &config)]);
    let body = logs(&["one".to_owned(), "two".to_owned()]);
    let post = |more: &[(&str, &str)]| {
        let mut headers = vec![("content-type", "application/x-protobuf")];
        headers.extend(more);
        request(&gateway.http, "POST", "/v1/logs", &headers, &body).unwrap().0
    };
    let token = ("authorization", "Bearer token-a");
    let parent = |flags: &str| format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
    assert_eq!(post(&[token, ("traceparent", &parent("01"))]), 200);
    assert_eq!(post(&[token, ("traceparent", &parent("00"))]), 200);
    assert_eq!(post(&[token, ("traceparent", "nonsense")]), 200);
    assert_eq!(post(&[("authorization", "Bearer wrong")]), 401);
    wait_until("the spans to arrive", || spans(&of_platform).len() == 3);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    let mut spans = spans(&of_platform);
    assert_eq!(spans.len(), 3, "nothing more comes at the end, no span of spans");
    spans.sort_by_key(|span| span.start_time_unix_nano);
    assert_eq!(
        spans[0].trace_id,
        *b"\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c"
    );
    assert_eq!(spans[0].parent_span_id, *b"\xb7\xad\x6b\x71\x69\x20\x33\x31");
    assert!(spans[1].parent_span_id.is_empty() && spans[1].trace_id != spans[0].trace_id);
    let first = attributes(&spans[0]);
    let text = |value: &str| Some(Value::StringValue(value.to_owned()));
    let of = |name: &str| first.get(&format!("sitelog.request.{name}")).cloned();
    assert_eq!(
        (of("tenant"), of("signal"), of("protocol")),
        (text("a"), text("logs"), text("http/protobuf"))
    );
    assert_eq!(
        (of("records"), of("bytes")),
        (Some(Value::IntValue(2)), Some(Value::IntValue(body.len() as i64)))
    );
    assert!(
        matches!((of("turn"), of("durable")), (Some(Value::DoubleValue(_)), Some(Value::DoubleValue(wait))) if wait > 0.0)
    );
    assert!(spans[0].end_time_unix_nano > spans[0].start_time_unix_nano);
    let refused = attributes(&spans[2]);
    assert_eq!(refused.get("error.type").cloned(), text("bad_credential"));
    assert!(spans[2].status.as_ref().is_some_and(|status| status.code == 2));
}
