//! A block as the OTLP logs request it stands for, written by hand: this is most of what delivery costs.
//!
//! Field numbers: `opentelemetry/proto/logs/v1/logs.proto`, `common/v1/common.proto`. Attribute names: `records.md`.

use super::{Block, Eol, Header, Line, Malformed, Stream};
use crate::attributes::{LOG_IOSTREAM, SITELOG_BYTES, SITELOG_EOL, SITELOG_PART, SITELOG_PART_LAST, SITELOG_SEQ};
use crate::wire::{attribute, put_bytes, put_fixed64, put_uint, put_varint, varint_len};
use bytes::Bytes;
use std::ops::Range;

/// Tag of `LogRecord.attributes`.
const ATTRIBUTES: u32 = 6;

impl Block<'_> {
    /// Encodes the lines of `range` (indexes within the block) as an `ExportLogsServiceRequest`.
    ///
    /// # Errors
    /// [`Malformed`] when a line cannot be read.
    pub fn to_otlp(&self, range: Range<usize>) -> Result<Bytes, Malformed> {
        let fixed = Fixed::new(self.header());
        let lines = range.len().min(self.len());
        let head = Head::room(self.header());
        // The envelope's lengths are known last; it is put into room left at the front, so that nothing is copied twice.
        let mut out = Vec::with_capacity(head + self.size() + lines * fixed.len());
        out.resize(head, 0);
        let mut record = Vec::with_capacity(1024);
        for item in self.lines().take(range.end).skip(range.start) {
            let (seq, line) = item?;
            fixed.encode(&mut record, seq, &line);
            put_bytes(&mut out, 2, &record);
        }
        let envelope = Head::encode(self.header(), out.len() - head);
        let start = head - envelope.len();
        out[start..head].copy_from_slice(&envelope);
        Ok(Bytes::from(out).slice(start..))
    }
}

/// What stands before the records: the request's, `ResourceLogs`' and `ScopeLogs`' tags and lengths, resource and scope.
struct Head;

impl Head {
    /// At least as much as any [`Head::encode`] of this header.
    fn room(header: &Header) -> usize {
        header.resource.len() + header.scope.len() + 5 * 11
    }

    fn encode(header: &Header, records: usize) -> Vec<u8> {
        let field = |len: usize| 1 + varint_len(len as u64) + len;
        let scope_logs = field(header.scope.len()) + records;
        let resource_logs = field(header.resource.len()) + field(scope_logs);
        let mut out = Vec::with_capacity(Self::room(header));
        let open = |tag: u32, len: usize, out: &mut Vec<u8>| {
            put_varint(out, u64::from(tag) << 3 | 2);
            put_varint(out, len as u64);
        };
        open(1, resource_logs, &mut out);
        put_bytes(&mut out, 1, &header.resource);
        open(2, scope_logs, &mut out);
        put_bytes(&mut out, 1, &header.scope);
        out
    }
}

/// The bytes that many records share, made once a block: one for each stream and terminator.
struct Fixed([[Vec<u8>; 3]; 2]);

impl Fixed {
    fn new(header: &Header) -> Self {
        let tail = |stream, eol| {
            let mut out = header.attributes.clone();
            put_bytes(&mut out, ATTRIBUTES, &attribute::string(LOG_IOSTREAM, stream));
            put_bytes(&mut out, ATTRIBUTES, &attribute::string(SITELOG_EOL, eol));
            if header.trace_flags != 0 {
                put_varint(&mut out, 8 << 3 | 5);
                out.extend_from_slice(&u32::from(header.trace_flags).to_le_bytes());
            }
            put_bytes(&mut out, 9, &header.trace.0);
            put_bytes(&mut out, 10, &header.span.0);
            out
        };
        Self(["stdout", "stderr"].map(|stream| ["lf", "crlf", "none"].map(|eol| tail(stream, eol))))
    }

    /// What a record is expected to take beside its text: the fixed bytes, times, lengths and `sitelog.seq`.
    fn len(&self) -> usize {
        self.0[0][0].len() + 64
    }

    fn tail(&self, line: &Line<'_>) -> &[u8] {
        let stream = match line.stream {
            Stream::Stdout => 0,
            Stream::Stderr => 1,
        };
        let eol = match line.eol {
            Eol::Lf => 0,
            Eol::CrLf => 1,
            Eol::None => 2,
        };
        &self.0[stream][eol]
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>, seq: u64, line: &Line<'_>) {
        out.clear();
        put_fixed64(out, 1, line.time);
        match std::str::from_utf8(line.bytes) {
            Ok(text) => put_body(out, text),
            Err(_) => {
                // The body is for people; the exact bytes go beside it (JOBS.md 4).
                put_body(out, &String::from_utf8_lossy(line.bytes));
                put_bytes(out, ATTRIBUTES, &attribute::bytes(SITELOG_BYTES, line.bytes));
            }
        }
        put_seq(out, seq);
        if let Some(part) = line.part {
            put_bytes(out, ATTRIBUTES, &attribute::int(SITELOG_PART, i64::from(part.index)));
            put_bytes(out, ATTRIBUTES, &attribute::boolean(SITELOG_PART_LAST, part.last));
        }
        out.extend_from_slice(self.tail(line));
        put_fixed64(out, 11, line.observed);
    }
}

/// `body` with a `string_value`, without a buffer in between.
#[inline]
fn put_body(out: &mut Vec<u8>, text: &str) {
    put_varint(out, 5 << 3 | 2);
    put_varint(out, (1 + varint_len(text.len() as u64) + text.len()) as u64);
    put_bytes(out, 1, text.as_bytes());
}

/// `sitelog.seq`, in each record, so without a buffer in between.
#[inline]
fn put_seq(out: &mut Vec<u8>, seq: u64) {
    let value = 1 + varint_len(seq);
    let key = 2 + SITELOG_SEQ.len();
    put_varint(out, u64::from(ATTRIBUTES) << 3 | 2);
    put_varint(out, (key + 2 + value) as u64);
    put_bytes(out, 1, SITELOG_SEQ.as_bytes());
    put_varint(out, 2 << 3 | 2);
    put_varint(out, value as u64);
    put_uint(out, 3, seq);
}
