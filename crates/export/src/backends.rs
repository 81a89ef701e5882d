//! The ways to a destination. One file each; the conformance suite in `tests/` runs over every one of them.

mod compress;
mod grpc;
mod hint;
mod http;
pub mod json;
mod partial;
mod rpc;
mod stamp;

use crate::config::{Destination, Protocol};
use bytes::Bytes;
use sitelog_model::Signal;
use std::pin::Pin;
use std::time::Duration;

/// A future that a backend's caller drives; it stays on the exporter's thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A way to send encoded OTLP export requests.
pub trait Backend {
    /// Protocol and address, for messages; no secrets.
    fn name(&self) -> &str;

    /// Sends one encoded export request and says what became of it. Bounded by the destination's timeout.
    ///
    /// The first call connects; making a backend costs next to nothing.
    fn send(&self, signal: Signal, request: Bytes) -> BoxFuture<'_, Delivery>;
}

/// What became of a request. The texts are the destination's words or the error, not yet fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Taken.
    Done,
    /// Taken but for some records (`partial_success`); 0 rejected is a warning. Not to be sent again.
    Partly {
        /// Records (log records, spans, data points) not taken.
        rejected: u64,
        /// Why.
        why: String,
    },
    /// Not now: throttled, unavailable, timed out, or the connection broke. To be sent again.
    Later {
        /// When the destination says so.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// No connection could be made.
    Unreachable {
        /// Why.
        why: String,
    },
    /// Credentials, certificates or address are wrong: not the data's fault, and not over soon.
    Barred {
        /// Why.
        why: String,
    },
    /// An answer that is no retryable one, yet may be the destination's fault (HTTP 500, gRPC `INTERNAL`).
    Suspect {
        /// Why.
        why: String,
    },
    /// The request is larger than the destination takes.
    TooLarge {
        /// Why.
        why: String,
    },
    /// The destination does not take this signal at all.
    NotTaken {
        /// Why.
        why: String,
    },
    /// The data is refused for good.
    Never {
        /// Why.
        why: String,
    },
}

/// Makes the backend of a destination. Nothing is read, resolved or connected before the first request.
pub fn open(destination: &Destination) -> Box<dyn Backend> {
    let backend: Box<dyn Backend> = match destination.protocol {
        Protocol::Grpc => Box::new(grpc::Grpc::new(destination.clone())),
        Protocol::HttpProtobuf | Protocol::HttpJson => Box::new(http::Http::new(destination.clone())),
    };
    match destination.attributes.as_slice() {
        [] => backend,
        attributes => Box::new(stamp::Stamp::new(attributes, backend)),
    }
}

/// Sent with every request.
const USER_AGENT: &str = concat!("sitelog/", env!("CARGO_PKG_VERSION"));

/// Longest answer that is read; a destination that says more is not listened to.
const MAX_ANSWER: usize = 64 * 1024;

/// An error with its causes in one text, outermost first, each said once.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

/// Whether anything below an error is an I/O error of which `is` holds.
fn caused_by_io(error: &(dyn std::error::Error + 'static), is: impl Fn(std::io::ErrorKind) -> bool) -> bool {
    let mut source = Some(error);
    while let Some(cause) = source {
        if cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| is(error.kind()))
        {
            return true;
        }
        source = cause.source();
    }
    false
}

/// Whether a TLS handshake failed: rustls reports that as invalid data.
fn caused_by_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    caused_by_io(error, |kind| kind == std::io::ErrorKind::InvalidData)
}
