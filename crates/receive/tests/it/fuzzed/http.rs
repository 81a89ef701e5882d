//! What holds for any bytes over HTTP/1.1: as a connection, and as the body of each kind of request. Called with random bytes by
//! the fuzzer and by the test beside.

use super::stand::{Stand, decodes, with};
use sitelog_model::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// As a connection: it ends, and nothing is acknowledged that was not taken. As a body: answered, 2xx only for what decodes.
pub(crate) fn check(bytes: &[u8]) {
    with(|stand| {
        let before = stand.taken();
        let answer = stand.send(bytes);
        let acknowledged = answer.windows(12).filter(|part| *part == b"HTTP/1.1 200").count() as u64;
        assert!(acknowledged <= stand.taken() - before, "an answer without a request");

        for signal in Signal::ALL {
            let status = post(stand, signal, "application/x-protobuf", "identity", bytes);
            assert!(matches!(status, 200 | 400 | 413), "{status}");
            assert!(status != 200 || decodes(signal, bytes), "{signal:?} was taken");
            let status = post(stand, signal, "application/json", "identity", bytes);
            assert!(matches!(status, 200 | 400 | 413), "{status}");
        }
        for encoding in ["gzip", "zstd"] {
            let status = post(stand, Signal::Logs, "application/x-protobuf", encoding, bytes);
            assert!(matches!(status, 200 | 400 | 413), "{encoding} {status}");
        }
    });
}

fn post(stand: &Stand, signal: Signal, content_type: &str, encoding: &str, body: &[u8]) -> u16 {
    let (name, len) = (signal.name(), body.len());
    let head = format!(
        "POST /v1/{name} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-encoding: {encoding}\r\ncontent-length: {len}\r\n\r\n"
    );
    let answer = stand.connect(async |mut stream| {
        let mut answer = Vec::new();
        stream.write_all(head.as_bytes()).await.expect("room for the head");
        stream.write_all(body).await.expect("room for the body");
        let _ = stream.read_to_end(&mut answer).await;
        answer
    });
    let status = answer.get(9..12).and_then(|status| std::str::from_utf8(status).ok());
    status.and_then(|status| status.parse().ok()).expect("an answer")
}
