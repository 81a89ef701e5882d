//! Bodies: whole, compressed, and in all the ways in which they do not come.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use serde_json::Value;

use super::call::Underway;

/// Smaller bodies are not worth compressing.
const WORTH_COMPRESSING: usize = 512;
/// Bytes of a huge list that are made at a time.
const CHUNK: usize = 64 * 1024;

/// A body and how it is encoded.
pub(super) struct Encoded {
    pub(super) bytes: Bytes,
    gzip: bool,
}

/// Compresses a body when the client takes that and it is worth it.
pub(super) fn encode(text: Vec<u8>, accepts_gzip: bool) -> Encoded {
    let plain = |text: Vec<u8>| Encoded {
        bytes: text.into(),
        gzip: false,
    };
    if !accepts_gzip || text.len() < WORTH_COMPRESSING {
        return plain(text);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&text).and_then(|()| encoder.finish()) {
        Ok(bytes) => Encoded {
            bytes: bytes.into(),
            gzip: true,
        },
        Err(_) => plain(text),
    }
}

impl Encoded {
    /// The whole body.
    pub(super) fn whole(self, content_type: &'static str) -> Response<Body> {
        let body = Body::from(self.bytes);
        response(body, content_type, self.gzip)
    }

    /// A few bytes at a time.
    pub(super) fn drip(self, step: usize, pause: Duration, underway: Underway) -> Response<Body> {
        let drops = stream::unfold((self.bytes, underway), move |(mut rest, underway)| async move {
            if rest.is_empty() {
                return None;
            }
            tokio::time::sleep(pause).await;
            let drop = rest.split_to(step.clamp(1, rest.len()));
            Some((Ok::<_, io::Error>(drop), (rest, underway)))
        });
        response(Body::from_stream(drops), super::JSON, self.gzip)
    }

    /// Half of the body; then the connection breaks off, or nothing comes for ever.
    pub(super) fn half(mut self, hangs: bool, underway: Underway) -> Response<Body> {
        let length = self.bytes.len();
        let half = self.bytes.split_to(length / 2);
        let parts = stream::unfold((Some(half), underway), move |(half, underway)| async move {
            match half {
                Some(half) => Some((Ok(half), (None, underway))),
                None if hangs => std::future::pending().await,
                None => Some((Err(io::Error::other("broken off as told")), (None, underway))),
            }
        });
        let mut response = response(Body::from_stream(parts), super::JSON, self.gzip);
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        response
    }
}

/// The answer with its first list going on for so many bytes.
pub(super) fn huge(answer: &Value, bytes: u64, accepts_gzip: bool, underway: Underway) -> Response<Body> {
    let (name, item) = first_list(answer);
    let item = item.to_string();
    let many = format!("{item},").repeat(CHUNK / (item.len() + 1) + 1);
    let times = bytes / many.len() as u64;
    let head = format!("{{{}:[", Value::from(name));
    let parts = std::iter::once(head)
        .chain((0..times).map(move |_| many.clone()))
        .chain(std::iter::once(format!("{item}]}}")));
    let encoder = accepts_gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let state = Some((parts, encoder, underway));
    let chunks = stream::unfold(state, |state| async move {
        let (mut parts, mut encoder, underway) = state?;
        // Lets others be answered meanwhile.
        tokio::task::yield_now().await;
        let part = parts.next();
        let is_last = part.is_none();
        let chunk = compress(&mut encoder, part);
        Some((chunk, (!is_last).then_some((parts, encoder, underway))))
    });
    response(Body::from_stream(chunks), super::JSON, accepts_gzip)
}

/// What of a part comes out of the encoder, or its end when there is no part.
fn compress(encoder: &mut Option<GzEncoder<Vec<u8>>>, part: Option<String>) -> io::Result<Bytes> {
    let Some(gzip) = encoder else {
        return Ok(part.unwrap_or_default().into());
    };
    match part {
        Some(part) => gzip.write_all(part.as_bytes())?,
        None => gzip.try_finish()?,
    }
    Ok(std::mem::take(gzip.get_mut()).into())
}

/// Name and first item of the first list; of an answer without one, a list of the answer itself.
fn first_list(answer: &Value) -> (String, Value) {
    let lists = answer.as_object().into_iter().flatten();
    let found = lists
        .filter_map(|(name, value)| Some((name.clone(), value.as_array()?.first()?.clone())))
        .next();
    found.unwrap_or_else(|| ("items".to_owned(), answer.clone()))
}

fn response(body: Body, content_type: &'static str, gzip: bool) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
