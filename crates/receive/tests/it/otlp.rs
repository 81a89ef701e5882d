//! What real clients send arrives: three signals, every encoding and compression, stamped and sanitized.

use crate::raw::post;
use crate::stage::{Plan, Stage, logs};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use sitelog_model::Signal;
use std::io::Write;
use tonic::codec::CompressionEncoding;

const SECRET: &str = "connecting with password=hunter2-Zx81-body";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn a_grpc_client_sends_three_signals_in_every_compression() {
    let stage = Stage::start(Plan::default()).await;
    let to = format!("http://{}", stage.address);
    let mut plain = LogsServiceClient::connect(to.clone()).await.unwrap();
    plain.export(logs(&["plain", SECRET])).await.unwrap();
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let client = LogsServiceClient::connect(to.clone()).await.unwrap();
        let mut client = client.send_compressed(encoding);
        let answer = client.export(logs(&[&format!("{encoding:?}")])).await.unwrap();
        assert_eq!(answer.into_inner().partial_success, None);
    }
    let spans = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![Span {
                    name: "GET /?token=hunter2-Zx81-span".into(),
                    ..Span::default()
                }],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    TraceServiceClient::connect(to.clone())
        .await
        .unwrap()
        .export(spans)
        .await
        .unwrap();
    let metrics = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![Metric {
                    name: "m".into(),
                    ..Metric::default()
                }],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    MetricsServiceClient::connect(to)
        .await
        .unwrap()
        .export(metrics)
        .await
        .unwrap();

    let bodies = stage.bodies("default");
    assert_eq!(bodies, ["plain", "connecting with password=[REDACTED]", "Gzip", "Zstd"]);
    assert_eq!(stage.stored("default", Signal::Metrics).len(), 1);
    let spans = stage.stored("default", Signal::Traces).concat();
    assert!(!spans.windows(7).any(|part| part == b"hunter2"));
    let tenant = &stage.gateway.tenants()[0];
    assert_eq!(tenant.counters().of(Signal::Logs).1, 4);
    assert!(tenant.rules().sanitizer.counts().total() >= 2);
}

#[tokio::test]
async fn each_resource_says_whose_it_is() {
    let stage = Stage::start(Plan::default()).await;
    let body = logs(&["x"]).encode_to_vec();
    let answer = post(stage.address, "/v1/logs", "application/x-protobuf", &[], &body).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(answer.header("content-type"), Some("application/x-protobuf"));
    let stored = stage.stored("default", Signal::Logs).concat();
    let stored = ExportLogsServiceRequest::decode(&stored[..]).unwrap();
    let resource = stored.resource_logs[0].resource.clone().unwrap();
    let claims: Vec<_> = resource
        .attributes
        .iter()
        .map(|known| (known.key.as_str(), known.value.clone().unwrap().value))
        .collect();
    assert_eq!(
        claims,
        [("sitelog.tenant.id", Some(Value::StringValue("default".into())))]
    );
}

#[tokio::test]
async fn http_takes_protobuf_and_json_in_every_compression() {
    let stage = Stage::start(Plan::default()).await;
    let to = stage.address;
    let json = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"json"}}]}]}]}"#;
    let message = logs(&["protobuf"]).encode_to_vec();
    for (name, compress) in [
        ("identity", (|bytes: &[u8]| bytes.to_vec()) as fn(&[u8]) -> Vec<u8>),
        ("gzip", gzip),
        ("zstd", |bytes| zstd::encode_all(bytes, 1).unwrap()),
    ] {
        let encoding = [("content-encoding", name)];
        let answer = post(to, "/v1/logs", "application/x-protobuf", &encoding, &compress(&message)).await;
        assert_eq!(answer.status, 200, "{name}");
        let answer = post(
            to,
            "/v1/logs",
            "application/json; charset=utf-8",
            &encoding,
            &compress(json),
        )
        .await;
        assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]), "{name}");
    }
    assert_eq!(stage.bodies("default"), ["protobuf", "json"].repeat(3));
}

#[tokio::test]
async fn a_body_in_chunks_and_an_empty_request_are_taken() {
    let stage = Stage::start(Plan::default()).await;
    let answer = post(stage.address, "/v1/traces", "application/x-protobuf", &[], b"").await;
    assert_eq!(answer.status, 200);
    let mut stream = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    let message = logs(&["in chunks"]).encode_to_vec();
    let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    for part in message.chunks(7) {
        bytes.extend(format!("{:x}\r\n", part.len()).as_bytes());
        bytes.extend(part);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await.unwrap();
    assert_eq!(crate::raw::read(&mut stream).await.status, 200);
    assert_eq!(stage.bodies("default"), ["in chunks"]);
}
