//! Senders that mean no good, over HTTP/1.1: each is refused or closed, nothing of it is kept, and others are served.

use crate::raw::{Answer, post, read};
use crate::stage::{Plan, Stage, logs};
use prost::Message;
use sitelog_receive::ServerLimits;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// So long nothing takes, on the busiest machine.
const LONG: Duration = Duration::from_secs(60);

/// Sends bytes and reads until the server closes.
async fn answers(stage: &Stage, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    // It may be closed before all is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it ends");
    answer
}

async fn answer(stage: &Stage, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    timeout(LONG, read(&mut stream)).await.expect("an answer")
}

/// Others are served as before.
async fn serves(stage: &Stage) {
    let body = logs(&["good"]).encode_to_vec();
    let answer = post(stage.address, "/v1/logs", "application/x-protobuf", &[], &body).await;
    assert_eq!(answer.status, 200);
    assert!(stage.bodies("default").iter().all(|body| body == "good"));
}

#[tokio::test]
async fn ten_thousand_headers_are_refused() {
    let stage = Stage::start(Plan::default()).await;
    let body = logs(&["bad"]).encode_to_vec();
    let lines = |count: usize, len: usize| -> String {
        (0..count).map(|n| format!("x-{n}: {}\r\n", "v".repeat(len))).collect()
    };
    for many in [lines(10_000, 8), lines(65, 1), lines(1, 100_000)] {
        let head = format!(
            "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n{many}content-length: {}\r\n\r\n",
            body.len()
        );
        let answer = answers(&stage, &[head.as_bytes(), &body].concat()).await;
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"),
            "{:?}",
            answer.get(..40)
        );
    }
    serves(&stage).await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let server = ServerLimits {
        header_time: Duration::from_millis(300),
        ..ServerLimits::default()
    };
    let stage = Stage::start(Plan {
        server,
        ..Plan::default()
    })
    .await;
    let slow = async {
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        stream
            .write_all(b"POST /v1/logs HTTP/1.1\r\nhost: x\r\nx-a: ")
            .await
            .unwrap();
        let mut byte = [0];
        // One byte each 50 ms would go on for ever.
        loop {
            let came = timeout(Duration::from_millis(50), stream.read(&mut byte)).await;
            if matches!(came, Ok(Ok(0) | Err(_))) || stream.write_all(b"a").await.is_err() {
                return;
            }
        }
    };
    timeout(LONG, slow).await.expect("the connection is closed");
    serves(&stage).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = ServerLimits {
        header_time: Duration::from_millis(300),
        idle_time: Duration::from_millis(300),
        ..ServerLimits::default()
    };
    let stage = Stage::start(Plan {
        server,
        ..Plan::default()
    })
    .await;
    assert_eq!(answers(&stage, b"").await, b"");
    // One that was used, and then is not.
    let body = logs(&["good"]).encode_to_vec();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = answer(&stage, &[head.as_bytes(), &body].concat()).await;
    assert_eq!(answer.status, 200);
    assert!(stage.gateway.counters().closed_idle.load(Relaxed) >= 1);
    serves(&stage).await;
}

#[tokio::test]
async fn a_length_that_nobody_can_send_is_refused_before_it_comes() {
    let stage = Stage::start(Plan::default()).await;
    for length in ["10737418240", "18446744073709551615", "99999999999999999999", "-1"] {
        let head = format!(
            "POST /v1/logs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\ncontent-length: {length}\r\n\r\nx"
        );
        let answer = answer(&stage, head.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 413 | 431), "{length} {answer:?}");
    }
    let flying: u64 = stage
        .gateway
        .tenants()
        .iter()
        .map(|tenant| tenant.bytes_in_flight())
        .sum();
    assert_eq!(flying, 0);
    serves(&stage).await;
}

#[tokio::test]
async fn a_second_request_inside_the_first_is_not_seen() {
    let stage = Stage::start(Plan::default()).await;
    let bad = logs(&["bad"]).encode_to_vec();
    let inner = [
        format!(
            "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
            bad.len()
        )
        .as_bytes(),
        &bad,
    ]
    .concat();
    for lengths in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "content-length: 5\r\ncontent-length: 0\r\n",
        "content-length: 5, 0\r\n",
        "content-length: +5\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding : chunked\r\n",
        "content-length: 0\r\n transfer-encoding: chunked\r\n",
    ] {
        let head = format!("POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n{lengths}\r\n0\r\n\r\n");
        let answer = answers(&stage, &[head.as_bytes(), &inner].concat()).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{lengths} {answer}");
        assert!(!answer.contains("HTTP/1.1 200"), "{lengths} {answer}");
    }
    serves(&stage).await;
}

#[tokio::test]
async fn values_nested_too_deep_are_refused() {
    let stage = Stage::start(Plan::default()).await;
    let field = |tag: u8, inner: &[u8]| -> Vec<u8> {
        let mut out = vec![tag];
        let mut len = inner.len();
        while len > 127 {
            out.push(len as u8 | 0x80);
            len >>= 7;
        }
        out.push(len as u8);
        out.extend_from_slice(inner);
        out
    };
    for (depth, status) in [(20, 200), (20_000, 400)] {
        let mut value = field(0x0a, b"good");
        for _ in 0..depth {
            value = field(0x2a, &field(0x0a, &value));
        }
        // Request, group, scope, record, attribute, its value.
        let mut request = field(0x12, &value);
        for tag in [0x32, 0x12, 0x12, 0x0a] {
            request = field(tag, &request);
        }
        let answer = post(stage.address, "/v1/logs", "application/x-protobuf", &[], &request).await;
        assert_eq!(answer.status, status, "{depth}");
    }
    let deep = format!("{{\"resourceLogs\":{}", "[{\"scopeLogs\":".repeat(20_000));
    let answer = post(stage.address, "/v1/logs", "application/json", &[], deep.as_bytes()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(stage.refused("default", "malformed"), 2);
}

#[tokio::test]
async fn compressed_bombs_end_at_the_limit() {
    let stage = Stage::start(Plan::default()).await;
    let plain = vec![0; 64 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &plain).unwrap();
    let zstd = zstd::encode_all(&plain[..], 1).unwrap();
    for (encoding, body) in [("gzip", gzip.finish().unwrap()), ("zstd", zstd)] {
        let header = [("content-encoding", encoding)];
        let answer = post(stage.address, "/v1/logs", "application/x-protobuf", &header, &body).await;
        assert_eq!(answer.status, 413, "{encoding}");
    }
    assert_eq!(stage.gateway.tenants()[0].bytes_in_flight(), 0);
    serves(&stage).await;
}

#[tokio::test]
async fn a_refusal_repeats_nothing_of_the_request() {
    let stage = Stage::start(Plan::default()).await;
    let secret = "s3cr3t-Zx81";
    let json = format!("{{\"resourceLogs\":\"{secret}\"}}");
    let binary = [&[0x0a, 0x7f][..], secret.as_bytes()].concat();
    let path = format!("/v1/{secret}");
    let credential = format!("Bearer {secret}");
    for (path, content_type, headers, body) in [
        ("/v1/logs", "application/json", &[][..], json.as_bytes()),
        ("/v1/logs", "application/x-protobuf", &[], &binary),
        (&path, "application/json", &[], b"{}"),
        ("/v1/logs", secret, &[], b""),
        ("/v1/logs", "application/json", &[("content-encoding", secret)], b"{}"),
        ("/v1/logs", "application/json", &[("authorization", &credential)], b"{}"),
    ] {
        let answer = post(stage.address, path, content_type, headers, body).await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
        let told = String::from_utf8_lossy(&answer.body);
        assert!(
            !told.contains(secret) && !answer.head.contains(secret),
            "{answer:?} {told}"
        );
    }
}
