//! What holds for any bytes over HTTP/2: as frames, and as what a gRPC call sends. Called with random bytes by the fuzzer and by
//! the test beside.

use super::stand::{Stand, decodes, with};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sitelog_model::Signal;

/// What a client of HTTP/2 says first, and empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const CALLS: [(Signal, &str); 3] = [
    (Signal::Logs, "logs.v1.LogsService"),
    (Signal::Traces, "trace.v1.TraceService"),
    (Signal::Metrics, "metrics.v1.MetricsService"),
];

/// As frames: the connection ends. As a call: answered with a status, 0 only for a whole message that decodes.
pub(crate) fn check(bytes: &[u8]) {
    with(|stand| {
        stand.send(&[PREFACE, bytes].concat());
        for (signal, service) in CALLS {
            let before = stand.taken();
            let code = call(stand, service, bytes);
            // Streams of the connection above may still end meanwhile.
            assert!(code != 0 || stand.taken() > before, "an answer without a request");
            assert!(matches!(code, 0 | 3 | 8 | 12), "{code}");
            let message = bytes.split_at_checked(5);
            let is_message = message.is_some_and(|(prefix, message)| prefix[0] == 0 && decodes(signal, message));
            assert!(code != 0 || is_message, "{signal:?} was taken");
        }
    });
}

fn call(stand: &Stand, service: &str, body: &[u8]) -> u16 {
    let request = http::Request::post(format!("http://x/opentelemetry.proto.collector.{service}/Export"))
        .header("content-type", "application/grpc")
        .body(Full::new(Bytes::copy_from_slice(body)))
        .expect("a request");
    stand.connect(async |stream| {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("a connection");
        let driving = tokio::spawn(connection);
        let answer = sender.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let of = |headers: &http::HeaderMap| headers.get("grpc-status")?.to_str().ok()?.parse().ok();
        let first = of(answer.headers());
        let body = answer.into_body().collect().await.expect("an end");
        driving.abort();
        first.or_else(|| of(body.trailers()?)).expect("a status")
    })
}
