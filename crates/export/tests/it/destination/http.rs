//! The HTTP face: what an OTLP/HTTP server has to check and to answer.

use super::Book;
use super::answer::Answer;
use crate::setup::{bodies, metric_names, span_names};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use prost::Message;
use sitelog_model::Signal;
use std::convert::Infallible;
use std::io::Read;
use std::sync::Arc;
use tokio::sync::Notify;

pub(crate) async fn handle(
    book: Arc<Book>,
    cut: Arc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        std::future::pending().await
    };
    let body = decompress(head.headers.get("content-encoding"), &body.to_bytes());
    let signal = Signal::ALL
        .into_iter()
        .find(|signal| head.uri.path() == format!("/v1/{}", signal.name()));
    let signal = signal.unwrap_or_else(|| panic!("path {}", head.uri.path()));
    let kind = head.headers["content-type"].to_str().unwrap().to_owned();
    let records = match signal {
        Signal::Logs => bodies(&decode(&kind, &body)),
        Signal::Traces => span_names(&decode(&kind, &body)),
        Signal::Metrics => metric_names(&decode(&kind, &body)),
    };
    let answer = book.enter(signal, records, head.headers);
    if answer == Answer::Close {
        cut.notify_one();
    }
    if matches!(answer, Answer::Close | Answer::Hang) {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(answer.delay()).await;
    book.leave();
    Ok(response(&answer, &kind))
}

fn response(answer: &Answer, kind: &str) -> Response<Full<Bytes>> {
    let mut response = Response::builder()
        .status(answer.http_status())
        .header("content-type", kind);
    if let Some(seconds) = answer.hint() {
        response = response.header("retry-after", seconds);
    }
    let is_json = kind == "application/json";
    let body = match (answer.takes(), is_json, answer.partial()) {
        (true, true, (0, "")) => "{}".into(),
        (true, false, (0, "")) => Vec::new(),
        (true, true, (rejected, why)) => {
            format!(r#"{{"partialSuccess":{{"rejectedLogRecords":"{rejected}","errorMessage":"{why}"}}}}"#).into()
        }
        (true, false, (rejected, why)) => {
            let number = u8::try_from(rejected).unwrap();
            let text = [&[0x08, number, 0x12, u8::try_from(why.len()).unwrap()], why.as_bytes()].concat();
            [&[0x0a, u8::try_from(text.len()).unwrap()], text.as_slice()].concat()
        }
        (false, true, _) => format!(r#"{{"code":3,"message":"{}"}}"#, answer.text()).into(),
        (false, false, _) => {
            let text = answer.text();
            [&[0x08, 3, 0x12, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
        }
    };
    response.body(Full::new(body.into())).unwrap()
}

fn decode<T: Message + Default + serde::de::DeserializeOwned>(kind: &str, body: &[u8]) -> T {
    match kind {
        "application/json" => serde_json::from_slice(body).unwrap(),
        "application/x-protobuf" => T::decode(body).unwrap(),
        other => panic!("content type {other}"),
    }
}

fn decompress(encoding: Option<&hyper::header::HeaderValue>, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match encoding.map(|encoding| encoding.to_str().unwrap()) {
        None => plain = body.to_vec(),
        Some("gzip") => drop(flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap()),
        Some("zstd") => plain = zstd::decode_all(body).unwrap(),
        Some(other) => panic!("content encoding {other}"),
    }
    plain
}
