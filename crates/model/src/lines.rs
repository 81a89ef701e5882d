//! Blocks of job output: the compact form in which `run` stores lines, and the OTLP logs request each stands for.
//!
//! A line costs about five bytes beside its text here, and some 140 as an OTLP record. So the job's path writes blocks,
//! and whoever reads one (export, `jobs`, `--records`) gets the OTLP form, always the same bytes for the same block.
//!
//! Block, all numbers varints unless stated: version (1 byte), then length-prefixed resource, scope and attributes, then
//! trace id (16 bytes), span id (8), trace flags (1), count (u32 little endian), first `sitelog.seq`, then the lines:
//! flags (1 byte), zigzag difference of the time to the line before, nanoseconds from its first byte to its last, the part
//! number where flagged, length, bytes.

mod block;
mod otlp;
mod writer;

pub use block::{Block, Lines, Malformed};
pub use writer::Writer;

use crate::{SpanId, TraceId};

/// Longest body of one record in bytes; a longer line goes out in parts (JOBS.md 3).
pub const MAX_BODY: usize = 65_536;

/// Which of the job's streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// File descriptor 1, and both streams under a PTY.
    Stdout,
    /// File descriptor 2.
    Stderr,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Eol {
    /// `\n`.
    Lf,
    /// `\r\n`.
    CrLf,
    /// Not at all: the stream ended, or the line goes on in its next part.
    None,
}

impl Eol {
    /// The terminator's bytes.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
            Self::None => b"",
        }
    }
}

/// Where a record stands in a line that goes out in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 0.
    pub index: u32,
    /// Whether the line ends with this part.
    pub last: bool,
}

/// One line, or one part of a long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its stream.
    pub stream: Stream,
    /// Its terminator.
    pub eol: Eol,
    /// Set when the line goes out in parts.
    pub part: Option<Part>,
    /// When its first byte arrived, Unix nanoseconds.
    pub time: u64,
    /// When it was complete, Unix nanoseconds; not before `time`.
    pub observed: u64,
    /// Its bytes without the terminator; any bytes.
    pub bytes: &'a [u8],
}

/// What all lines of a block share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// An encoded OTLP `Resource`.
    pub resource: Vec<u8>,
    /// An encoded OTLP `InstrumentationScope`.
    pub scope: Vec<u8>,
    /// Encoded `attributes` fields of a `LogRecord`, put into each record.
    pub attributes: Vec<u8>,
    /// The run's trace.
    pub trace: TraceId,
    /// The span that the lines belong to.
    pub span: SpanId,
    /// W3C trace flags of the span.
    pub trace_flags: u8,
}

#[cfg(test)]
mod tests;
