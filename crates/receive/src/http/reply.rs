//! What is answered, over gRPC and over HTTP.
//!
//! Over HTTP a refusal's body is a `google.rpc.Status` in the request's encoding, and `Retry-After` says when to come
//! again; over gRPC status and details are headers, with a `google.rpc.RetryInfo`.

use super::exchange::Encoding;
use crate::refusal::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use sitelog_model::wire::{put_bytes, put_uint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// A body that is known: some bytes, perhaps trailers.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        let next = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(next.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

/// All of it was taken: an empty `Export…ServiceResponse`.
pub(crate) fn taken(encoding: Encoding) -> Response<Reply> {
    let data = match encoding {
        // Not compressed, no bytes.
        Encoding::Grpc => Bytes::from_static(&[0; 5]),
        Encoding::Protobuf => Bytes::new(),
        Encoding::Json => Bytes::from_static(b"{}"),
    };
    let trailers =
        (encoding == Encoding::Grpc).then(|| HeaderMap::from_iter([(GRPC_STATUS, "0".parse().unwrap_or(ZERO))]));
    let data = (!data.is_empty()).then_some(data);
    with_type(encoding, Response::new(Reply { data, trailers }))
}

const ZERO: HeaderValue = HeaderValue::from_static("0");

/// Why it was not.
pub(crate) fn refused(encoding: Encoding, refusal: &Refusal) -> Response<Reply> {
    let mut response = match encoding {
        Encoding::Grpc => {
            let mut response = Response::new(Reply::default());
            let headers = response.headers_mut();
            headers.insert(GRPC_STATUS, HeaderValue::from(u16::from(refusal.code())));
            let set = |headers: &mut HeaderMap, name, value: String| {
                headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
            };
            set(headers, GRPC_MESSAGE, percent_encoded(&refusal.to_string()));
            if refusal.retry().is_some() {
                set(headers, GRPC_DETAILS, STANDARD_NO_PAD.encode(status(refusal)));
            }
            response
        }
        Encoding::Protobuf => Response::new(Reply::of(status(refusal))),
        Encoding::Json => {
            let body = serde_json::json!({ "code": refusal.code(), "message": refusal.to_string() });
            Response::new(Reply::of(body.to_string().into_bytes()))
        }
    };
    if encoding != Encoding::Grpc {
        *response.status_mut() = refusal.status();
        if refusal.status() == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
    if let Some(retry) = refusal.retry() {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds(retry)));
    }
    with_type(encoding, response)
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Reply> {
    let mut response = Response::new(Reply::default());
    *response.status_mut() = status;
    response
}

impl Reply {
    fn of(data: Vec<u8>) -> Self {
        Self {
            data: Some(data.into()),
            trailers: None,
        }
    }
}

fn with_type(encoding: Encoding, mut response: Response<Reply>) -> Response<Reply> {
    let name = HeaderValue::from_static(encoding.content_type());
    response.headers_mut().insert(CONTENT_TYPE, name);
    response
}

/// Whole seconds, one at least: that is what `Retry-After` can say (RFC 9110).
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// A `google.rpc.Status` with a `google.rpc.RetryInfo` when the request may be sent again.
fn status(refusal: &Refusal) -> Vec<u8> {
    let mut status = Vec::new();
    put_uint(&mut status, 1, u64::from(refusal.code()));
    put_bytes(&mut status, 2, refusal.to_string().as_bytes());
    if let Some(retry) = refusal.retry() {
        let (mut duration, mut info, mut any) = (Vec::new(), Vec::new(), Vec::new());
        put_uint(&mut duration, 1, retry.as_secs());
        put_uint(&mut duration, 2, u64::from(retry.subsec_nanos()));
        put_bytes(&mut info, 1, &duration);
        put_bytes(&mut any, 1, b"type.googleapis.com/google.rpc.RetryInfo");
        put_bytes(&mut any, 2, &info);
        put_bytes(&mut status, 3, &any);
    }
    status
}

/// What `grpc-message` may hold: printable ASCII, all else and `%` as percent and two digits.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_whole_seconds_and_never_none() {
        assert_eq!(
            [0, 1, 999, 1000, 1001].map(|millis| seconds(Duration::from_millis(millis))),
            [1, 1, 1, 1, 2]
        );
    }

    #[test]
    fn messages_are_printable() {
        assert_eq!(percent_encoded("50 % \u{e9}\n"), "50 %25 %C3%A9%0A");
    }
}
