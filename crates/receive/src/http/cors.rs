//! Browsers of other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>): which may send, and what they are told.

use super::reply::{self, Reply};
use crate::gateway::Gateway;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Response, StatusCode};

/// The origin of the page that sends, when it may.
pub(super) fn allowed(gateway: &Gateway, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    gateway.is_allowed(origin.to_str().ok()?).then(|| origin.clone())
}

/// The answer to a browser that asks before it sends.
pub(super) fn preflight(is_allowed: bool) -> Response<Reply> {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    if is_allowed {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        let names = "authorization, content-type, content-encoding";
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(names));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    }
    response
}

/// Lets the page read the answer.
pub(super) fn allow(response: &mut Response<Reply>, origin: Option<HeaderValue>) {
    if let Some(origin) = origin {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(VARY, HeaderValue::from_static("origin"));
    }
}
