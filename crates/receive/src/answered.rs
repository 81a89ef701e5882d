//! What became of a request, for whoever watches the server at work.

use crate::http::Encoding;
use crate::refusal::Refusal;
use http::HeaderMap;
use sitelog_model::{Signal, TenantId, TraceContext};
use std::time::{Duration, Instant, SystemTime};

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Whose it was, if that is known.
    pub tenant: Option<TenantId>,
    /// What it carried, if that is known.
    pub signal: Option<Signal>,
    /// `grpc`, `http/protobuf` or `http/json`, as `OTEL_EXPORTER_OTLP_PROTOCOL` has it.
    pub protocol: &'static str,
    /// The sender's span (W3C `traceparent`).
    pub parent: Option<TraceContext>,
    /// When its headers were there.
    pub begun: SystemTime,
    /// How long it took from then on.
    pub took: Duration,
    /// What was taken, or why it was refused ([`Refusal::name`]).
    pub outcome: Result<Taken, &'static str>,
}

/// A request that was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Log records, spans or metrics.
    pub records: usize,
    /// Bytes, uncompressed.
    pub bytes: usize,
    /// How long it waited for its turn.
    pub turn: Duration,
    /// How long it then took until it was durable.
    pub durable: Duration,
}

/// Is told of each answered request; must return at once.
pub type Watch = Box<dyn Fn(Answered) + Send + Sync>;

/// A request that is watched.
pub(crate) struct Watched {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) signal: Option<Signal>,
    protocol: &'static str,
    parent: Option<TraceContext>,
    begun: (SystemTime, Instant),
}

impl Watched {
    pub(crate) fn new(headers: &HeaderMap, encoding: Option<Encoding>) -> Self {
        let parent = headers.get("traceparent").and_then(|value| value.to_str().ok());
        let protocol = match encoding {
            Some(Encoding::Grpc) => "grpc",
            Some(Encoding::Json) => "http/json",
            Some(Encoding::Protobuf) | None => "http/protobuf",
        };
        Self {
            tenant: None,
            signal: None,
            protocol,
            parent: parent.and_then(TraceContext::parse),
            begun: (SystemTime::now(), Instant::now()),
        }
    }

    pub(crate) fn answered(self, outcome: &Result<Taken, Refusal>) -> Answered {
        let Self {
            tenant,
            signal,
            protocol,
            parent,
            begun: (begun, since),
        } = self;
        Answered {
            tenant,
            signal,
            protocol,
            parent,
            begun,
            took: since.elapsed(),
            outcome: outcome.as_ref().map(|taken| *taken).map_err(Refusal::name),
        }
    }
}
