//! One call, from its coming to its answer or fault.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Body;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use serde_json::Value;

use super::body::{self, encode};
use super::spoil::spoil;
use super::{JSON, Shared};
use crate::api::{self, Operation, Refusal, Request};
use crate::faults::{Fault, RetryAfter};
use crate::stats::Counters;

const PAGE_FOR_PEOPLE: &[u8] = b"<!DOCTYPE html><html><head><title>We'll be back</title></head>\
    <body><h1>Down for maintenance</h1></body></html>";

/// A call that is being answered; it is counted when this is dropped, whatever happens to it.
pub(super) struct Underway {
    counters: Arc<Counters>,
    operation: Operation,
    /// 0 until it is answered.
    status: u16,
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.counters.went(self.operation, self.status);
    }
}

pub(super) async fn call(
    shared: Arc<Shared>,
    operation: Operation,
    Path(path): Path<HashMap<String, String>>,
    Query(query): Query<HashMap<String, String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let now = Instant::now();
    shared
        .counters
        .came(now, mentions(&headers, &header::ACCEPT, "application/vnd.pulumi+"));
    let mut underway = Underway {
        counters: Arc::clone(&shared.counters),
        operation,
        status: 0,
    };
    let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
    let (fault, latency) = shared.settings().meet(operation, asked, now);
    tokio::time::sleep(latency).await;
    let accepts_gzip = mentions(&headers, &header::ACCEPT_ENCODING, "gzip");
    match fault {
        Some(Fault::Hang) => return std::future::pending().await,
        Some(Fault::Latency { millis }) => tokio::time::sleep(Duration::from_millis(millis)).await,
        Some(Fault::Status { status, retry_after }) => return refuse(status, retry_after, underway),
        Some(Fault::Limit { retry_after, .. }) => return refuse(429, retry_after, underway),
        Some(Fault::Html) => {
            underway.status = 200;
            return encode(PAGE_FOR_PEOPLE.to_vec(), accepts_gzip).whole("text/html; charset=utf-8");
        }
        _ => {}
    }
    let answered = match shared.settings().authorize(&headers) {
        Ok(()) => api::answer(operation, &shared.world(), &Request { path, query }),
        Err(refusal) => Err(refusal),
    };
    shared.change_after(operation);
    match answered {
        Ok(answer) => deliver(answer, fault, accepts_gzip, underway),
        Err(refusal) => refused(&refusal, underway),
    }
}

/// The answer, with whatever goes wrong with it.
fn deliver(answer: Value, fault: Option<Fault>, accepts_gzip: bool, mut underway: Underway) -> Response<Body> {
    underway.status = 200;
    let Some(fault) = fault else {
        return encode(answer.to_string().into_bytes(), accepts_gzip).whole(JSON);
    };
    if let Fault::Huge { bytes } = fault {
        return body::huge(&answer, bytes, accepts_gzip, underway);
    }
    let mut text = spoil(answer, &fault).to_string().into_bytes();
    if fault == Fault::Truncated {
        text.truncate(text.len() / 2);
    }
    let encoded = encode(text, accepts_gzip);
    match fault {
        Fault::Drip { bytes, millis } => encoded.drip(bytes, Duration::from_millis(millis), underway),
        Fault::Cut => encoded.half(false, underway),
        Fault::HangInBody => encoded.half(true, underway),
        _ => encoded.whole(JSON),
    }
}

/// A refusal that the world does not explain.
fn refuse(status: u16, retry_after: Option<RetryAfter>, underway: Underway) -> Response<Body> {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let counters = Arc::clone(&underway.counters);
    let mut response = refused(&Refusal::new(status, reason.unwrap_or("Refused")), underway);
    if let Some((value, wait)) = retry_after.map(retry_header) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
        counters.told_to_wait(Instant::now(), wait);
    }
    response
}

fn refused(refusal: &Refusal, mut underway: Underway) -> Response<Body> {
    underway.status = refusal.status;
    let mut response = encode(refusal.body().to_string().into_bytes(), false).whole(JSON);
    *response.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// The header, and how long it makes the client wait.
fn retry_header(retry_after: RetryAfter) -> (HeaderValue, Duration) {
    match retry_after {
        RetryAfter::Seconds(seconds) => (HeaderValue::from(seconds), Duration::from_secs(seconds)),
        RetryAfter::Date(seconds) => {
            let now = SystemTime::now();
            // A date has whole seconds.
            let part = now
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .subsec_nanos();
            let wait = Duration::from_secs(seconds + 1) - Duration::from_nanos(u64::from(part));
            let date = httpdate::fmt_http_date(now + wait);
            (HeaderValue::from_str(&date).unwrap_or(HeaderValue::from(seconds)), wait)
        }
    }
}

fn mentions(headers: &HeaderMap, name: &header::HeaderName, what: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.into_iter().any(|value| value.contains(what))
}
