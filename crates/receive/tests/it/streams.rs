//! Senders that mean no good, over HTTP/2, frame by frame.

use crate::raw::post;
use crate::stage::{Plan, Stage, logs};
use prost::Message;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a client says first, and empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Types of frames, and the flag of headers that are whole (RFC 9113, section 6).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// `POST / http`, and one header of so many bytes.
fn head(len: usize) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x84];
    // A header that is not indexed; lengths of seven bits, then the rest (RFC 7541, section 5.1).
    block.extend([0, 1, b'x']);
    if len < 127 {
        block.push(len as u8);
    } else {
        block.push(127);
        let mut rest = len - 127;
        while rest > 127 {
            block.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        block.push(rest as u8);
    }
    block.extend(vec![b'v'; len]);
    block
}

/// Sends frames until the server has had enough; whether it said so, by GOAWAY or by closing.
async fn ends(stage: &Stage, frames: impl Iterator<Item = Vec<u8>>) -> bool {
    let stream = TcpStream::connect(stage.address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let reading = tokio::spawn(async move {
        let mut head = [0; 9];
        while from.read_exact(&mut head).await.is_ok() {
            if head[3] == GOAWAY {
                return;
            }
            let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; len as usize];
            if from.read_exact(&mut payload).await.is_err() {
                return;
            }
        }
    });
    let mut is_open = to.write_all(PREFACE).await.is_ok();
    for frame in frames {
        is_open = is_open && to.write_all(&frame).await.is_ok();
    }
    let ended = timeout(Duration::from_secs(10), reading).await.is_ok();
    drop(to);
    ended
}

async fn serves(stage: &Stage) {
    let body = logs(&["good"]).encode_to_vec();
    let answer = post(stage.address, "/v1/logs", "application/x-protobuf", &[], &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(stage.bodies("default"), ["good"]);
}

/// CVE-2023-44487.
#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_the_connection() {
    let stage = Stage::start(Plan::default()).await;
    let resets = (0..20_000u32).map(|n| {
        let stream = 2 * n + 1;
        let head = frame(HEADERS, END_HEADERS, stream, &head(1));
        [head, frame(RST_STREAM, 0, stream, &8u32.to_be_bytes())].concat()
    });
    assert!(ends(&stage, resets).await);
    serves(&stage).await;
}

/// CVE-2024-27316.
#[tokio::test]
async fn headers_without_an_end_end_the_connection() {
    let stage = Stage::start(Plan::default()).await;
    let first = std::iter::once(frame(HEADERS, 0, 1, &head(10)));
    let more = (0..20_000).map(|_| frame(CONTINUATION, 0, 1, &head(1000)[3..]));
    assert!(ends(&stage, first.chain(more)).await);
    serves(&stage).await;
}

#[tokio::test]
async fn headers_beyond_the_limit_reach_nobody() {
    let stage = Stage::start(Plan::default()).await;
    let stream = TcpStream::connect(stage.address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    to.write_all(PREFACE).await.unwrap();
    to.write_all(&frame(HEADERS, 0, 1, &head(16_000))).await.unwrap();
    to.write_all(&frame(CONTINUATION, END_HEADERS, 1, &head(16_000)[3..]))
        .await
        .unwrap();
    // Answered after all that was sent before it.
    to.write_all(&frame(PING, 0, 0, b"12345678")).await.unwrap();
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !answer.windows(8).any(|part| part == b"12345678") {
        match timeout(Duration::from_secs(60), from.read(&mut chunk))
            .await
            .expect("an answer")
        {
            Ok(0) | Err(_) => break,
            Ok(len) => answer.extend_from_slice(&chunk[..len]),
        }
    }
    assert!(stage.gateway.tenants().is_empty(), "the request was looked at");
    serves(&stage).await;
}
