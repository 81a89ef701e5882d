//! What is no OTLP gets its status, its counter, and nothing is stored.

use crate::raw::{post, send};
use crate::stage::{Plan, Stage, logs};
use bytes::Bytes;
use prost::Message;
use tonic::Code;
use tonic::codegen::http::uri::PathAndQuery;

#[tokio::test]
async fn each_wrong_request_over_http_has_its_status() {
    let stage = Stage::start(Plan::default()).await;
    let good = logs(&["x"]).encode_to_vec();
    let protobuf = "application/x-protobuf";
    let gzip = [("content-encoding", "gzip")];
    let br = [("content-encoding", "br")];
    for (path, content_type, headers, body, status, reason) in [
        ("/v1/log", protobuf, &[][..], &good[..], 404, "not_found"),
        ("/", protobuf, &[], &good, 404, "not_found"),
        ("/v1/logs", "text/plain", &[], &good, 415, "media_type"),
        ("/v1/logs", "", &[], &good, 415, "media_type"),
        ("/v1/logs", protobuf, &br, &good, 415, "encoding"),
        ("/v1/logs", protobuf, &gzip, &good, 400, "malformed"),
        ("/v1/logs", protobuf, &[], &good[..good.len() - 1], 400, "malformed"),
        (
            "/v1/logs",
            protobuf,
            &[],
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            400,
            "malformed",
        ),
        ("/v1/logs", protobuf, &[], b"GET / HTTP/1.1", 400, "malformed"),
        ("/v1/logs", "application/json", &[], b"{", 400, "malformed"),
        ("/v1/logs", "application/json", &[], b"\xff\xfe", 400, "malformed"),
        ("/v1/logs", "application/grpc", &[], &good, 200, "not_found"),
    ] {
        let before = stage.refused("default", reason);
        let answer = post(stage.address, path, content_type, headers, body).await;
        assert_eq!(answer.status, status, "{path} {content_type} {answer:?}");
        assert_eq!(
            stage.refused("default", reason),
            before + 1,
            "{path} {content_type} {answer:?}"
        );
        assert_eq!(answer.header("retry-after"), None);
        if content_type == "application/json" {
            let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(told["code"], 3, "{told}");
        }
    }
    let answer = send(stage.address, "GET", "/v1/logs", &[], b"").await;
    assert_eq!(answer.status, 405);
    assert_eq!(stage.bodies("default").len(), 0);
}

#[tokio::test]
async fn a_wrong_call_over_grpc_has_its_code() {
    let stage = Stage::start(Plan::default()).await;
    let channel = tonic::transport::Channel::from_shared(format!("http://{}", stage.address)).unwrap();
    let channel = channel.connect().await.unwrap();
    let export = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    for (path, message, code) in [
        (
            "/opentelemetry.proto.collector.logs.v1.LogsService/Delete",
            &b""[..],
            Code::Unimplemented,
        ),
        ("/grpc.health.v1.Health/Check", b"", Code::Unimplemented),
        (export, b"\x0a\x05\x01", Code::InvalidArgument),
    ] {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.unwrap();
        let request = tonic::Request::new(Bytes::from_static(message));
        let answer: Result<tonic::Response<Bytes>, _> =
            grpc.unary(request, PathAndQuery::from_static(path), RawCodec).await;
        assert_eq!(answer.unwrap_err().code(), code, "{path}");
    }
}

/// Messages as they are.
struct RawCodec;

impl tonic::codec::Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl tonic::codec::Encoder for RawCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, to: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), tonic::Status> {
        bytes::BufMut::put(to, item);
        Ok(())
    }
}

impl tonic::codec::Decoder for RawCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, from: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        let len = bytes::Buf::remaining(from);
        Ok(Some(bytes::Buf::copy_to_bytes(from, len)))
    }
}

#[tokio::test]
async fn only_allowed_origins_may_send_from_a_page() {
    let stage = Stage::start(Plan {
        origins: vec!["https://app.example".to_owned()],
        ..Plan::default()
    })
    .await;
    for (origin, is_allowed) in [("https://app.example", true), ("https://evil.example", false)] {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        let answer = send(stage.address, "OPTIONS", "/v1/logs", &asked, b"").await;
        assert_eq!(answer.status, 204);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            is_allowed.then_some(origin)
        );
        assert_eq!(answer.header("access-control-allow-headers").is_some(), is_allowed);
        let body = logs(&["x"]).encode_to_vec();
        let answer = post(
            stage.address,
            "/v1/logs",
            "application/x-protobuf",
            &[("origin", origin)],
            &body,
        )
        .await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            is_allowed.then_some(origin)
        );
    }
}
