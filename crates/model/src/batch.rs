//! The unit that flows: from a source through the sanitizer into the ledger, and out of it.

use crate::lines::{Block, Malformed};
use crate::{TenantId, request};
use bytes::Bytes;
use ulid::Ulid;

/// The three OTLP signals. The numbers are written to disk: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Signal {
    /// Log records (`/v1/logs`).
    Logs = 1,
    /// Spans (`/v1/traces`).
    Traces = 2,
    /// Metric points (`/v1/metrics`).
    Metrics = 3,
}

impl Signal {
    /// All signals, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Traces, Self::Metrics];

    /// The signal of a number read from disk.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| *signal as u8 == number)
    }

    /// The lower-case name used in paths, variables and messages: `logs`, `traces`, `metrics`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}

/// Which part of sitelog made a batch. The numbers are written to disk: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Source {
    /// A command under `sitelog run`.
    Run = 1,
    /// The Pulumi Cloud poller.
    Cloud = 2,
    /// An OTLP client of `sitelog serve`.
    Receive = 3,
    /// sitelog itself.
    Sitelog = 4,
}

impl Source {
    /// The source of a number read from disk.
    pub fn from_u8(number: u8) -> Option<Self> {
        [Self::Run, Self::Cloud, Self::Receive, Self::Sitelog]
            .into_iter()
            .find(|source| *source as u8 == number)
    }
}

/// Where a batch comes from: the part of sitelog, and the run, client or poller within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The part of sitelog.
    pub source: Source,
    /// The run, client or poller.
    pub id: Ulid,
}

/// What a batch holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// One OTLP export request of the batch's signal, protobuf, as it goes on the wire.
    Otlp(Bytes),
    /// A block of job output ([`crate::lines`]); it becomes an OTLP logs request when read.
    Lines(Bytes),
    /// A fact sitelog keeps for itself ([`crate::note`], JSON); it is never exported.
    Note(Bytes),
}

impl Payload {
    /// The bytes as stored.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Otlp(bytes) | Self::Lines(bytes) | Self::Note(bytes) => bytes,
        }
    }
}

/// One export request, still encoded, with the tenant it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Whose it is; stamped at authentication, never taken from the payload.
    pub tenant: TenantId,
    /// Which signal it carries.
    pub signal: Signal,
    /// Who made it.
    pub origin: Origin,
    /// What it holds.
    pub payload: Payload,
}

impl Payload {
    /// The OTLP export request this stands for; `None` for a note.
    ///
    /// # Errors
    /// [`Malformed`] when a lines block cannot be read.
    pub fn to_otlp(&self) -> Result<Option<Bytes>, Malformed> {
        match self {
            Self::Otlp(bytes) => Ok(Some(bytes.clone())),
            Self::Lines(bytes) => {
                let block = Block::parse(bytes)?;
                Ok(Some(block.to_otlp(0..block.len())?))
            }
            Self::Note(_) => Ok(None),
        }
    }

    /// How many log records, spans or metrics it holds; the units in which a request can be split.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are no block or no protobuf.
    pub fn records(&self) -> Result<usize, Malformed> {
        match self {
            Self::Otlp(bytes) => request::count(bytes),
            Self::Lines(bytes) => Ok(Block::parse(bytes)?.len()),
            Self::Note(_) => Ok(0),
        }
    }
}
