//! What an HTTP answer means, by the OTLP specification's section on failures.

use crate::backends::{Delivery, hint, partial, rpc};
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use prost::Message;
use std::time::{Duration, SystemTime};

/// Judges status, headers and body.
pub(super) fn delivery(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Delivery {
    if status.is_success() {
        return if is_json(headers, body) {
            partial::from_json(body)
        } else {
            partial::from_protobuf(body)
        };
    }
    let error = read_error(headers, body);
    let why = match error.message.trim() {
        "" => format!("HTTP {status}"),
        message => format!("HTTP {status}: {message}"),
    };
    match status.as_u16() {
        408 | 429 | 502..=504 => Delivery::Later {
            after: wait(headers, &error),
            why,
        },
        413 => Delivery::TooLarge { why },
        404 | 405 | 410 | 501 => Delivery::NotTaken { why },
        401 | 403 | 407 | 415 | 421 | 431 => Delivery::Barred { why },
        300..=399 => Delivery::Barred {
            why: redirected(headers, &why),
        },
        500..=599 => Delivery::Suspect { why },
        _ => Delivery::Never { why },
    }
}

fn wait(headers: &HeaderMap, error: &rpc::Status) -> Option<Duration> {
    let header = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    header
        .and_then(|value| hint::retry_after(value, SystemTime::now()))
        .or_else(|| error.retry_after())
}

fn redirected(headers: &HeaderMap, why: &str) -> String {
    let target = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let target = target.split(['?', '#']).next().unwrap_or_default();
    format!("{why}: redirects are not followed, set the endpoint to {target}")
}

/// Error bodies are `google.rpc.Status` in the request's encoding by the specification, and text or protobuf under
/// another name in practice (Loki answers protobuf as `application/octet-stream`, also to JSON).
fn read_error(headers: &HeaderMap, body: &[u8]) -> rpc::Status {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let has_type = |name: &str| content_type(headers).is_some_and(|kind| kind.contains(name));
    if is_json(headers, body) {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let message = value
            .get("message")
            .or_else(|| value.get("error"))
            .and_then(|value| value.as_str());
        return rpc::Status {
            message: message.unwrap_or(text).to_owned(),
            ..Default::default()
        };
    }
    match rpc::Status::decode(body) {
        Ok(status) if has_type("protobuf") || has_type("octet-stream") => status,
        _ if has_type("html") => rpc::Status::default(),
        _ => rpc::Status {
            message: text.to_owned(),
            ..Default::default()
        },
    }
}

fn is_json(headers: &HeaderMap, body: &[u8]) -> bool {
    content_type(headers).map_or_else(|| body.first() == Some(&b'{'), |kind| kind.contains("json"))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Delivery {
        let parse = |(name, value): &(&'static str, &str)| {
            (
                name.parse::<http::HeaderName>().unwrap(),
                value.parse::<http::HeaderValue>().unwrap(),
            )
        };
        delivery(
            StatusCode::from_u16(status).unwrap(),
            &headers.iter().map(parse).collect(),
            body,
        )
    }

    #[test]
    fn each_status_means_what_the_specification_says() {
        for status in [408, 429, 502, 503, 504] {
            assert!(
                matches!(judge(status, &[], b""), Delivery::Later { after: None, .. }),
                "{status}"
            );
        }
        for status in [400, 409, 422] {
            assert!(matches!(judge(status, &[], b""), Delivery::Never { .. }), "{status}");
        }
        for status in [301, 307, 401, 403] {
            assert!(matches!(judge(status, &[], b""), Delivery::Barred { .. }), "{status}");
        }
        assert!(matches!(judge(404, &[], b""), Delivery::NotTaken { .. }));
        assert!(matches!(judge(413, &[], b""), Delivery::TooLarge { .. }));
        assert!(matches!(judge(500, &[], b""), Delivery::Suspect { .. }));
        assert_eq!(judge(204, &[], b""), Delivery::Done);
    }

    #[test]
    fn the_destinations_words_are_kept_whatever_form_they_have() {
        let text = |delivery| match delivery {
            Delivery::Never { why } => why,
            other => panic!("{other:?}"),
        };
        let json = [("content-type", "application/json")];
        let octets = [("content-type", "application/octet-stream")];
        let html = [("content-type", "text/html")];
        assert_eq!(
            text(judge(400, &json, br#"{"code":3,"message":"bad"}"#)),
            "HTTP 400 Bad Request: bad"
        );
        assert_eq!(
            text(judge(400, &octets, b"\x08\x03\x12\x03bad")),
            "HTTP 400 Bad Request: bad"
        );
        assert_eq!(text(judge(400, &[], b"bad")), "HTTP 400 Bad Request: bad");
        assert_eq!(text(judge(400, &html, b"<h1>")), "HTTP 400 Bad Request");
    }

    #[test]
    fn a_hint_is_read_from_the_header_or_the_body() {
        let after = |delivery| match delivery {
            Delivery::Later { after, .. } => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            after(judge(429, &[("retry-after", "7")], b"")),
            Some(Duration::from_secs(7))
        );
        let body = b"\x1a\x30\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x03";
        let protobuf = [("content-type", "application/x-protobuf")];
        assert_eq!(after(judge(503, &protobuf, body)), Some(Duration::from_secs(3)));
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(status in 100..1000u16, body: Vec<u8>) {
            let _ = judge(status, &[], &body);
        }
    }
}
