//! Builds a block line by line; on the job's path, so it only copies.

use super::{Eol, Header, Line, Stream};
use crate::wire::{put_varint, zigzag};
use bytes::Bytes;

pub(super) const VERSION: u8 = 1;
pub(super) const STDERR: u8 = 1;
pub(super) const EOL_SHIFT: u8 = 1;
pub(super) const PART: u8 = 1 << 3;
pub(super) const PART_LAST: u8 = 1 << 4;

/// A block under construction.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    count_at: usize,
    count: u32,
    last_time: u64,
}

impl Writer {
    /// Starts a block whose first line has the given `sitelog.seq`; `capacity` is the size expected, in bytes.
    pub fn new(header: &Header, first_seq: u64, capacity: usize) -> Self {
        let mut out =
            Vec::with_capacity(capacity + header.resource.len() + header.scope.len() + header.attributes.len() + 64);
        out.push(VERSION);
        for bytes in [&header.resource, &header.scope, &header.attributes] {
            put_varint(&mut out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        out.extend_from_slice(&header.trace.0);
        out.extend_from_slice(&header.span.0);
        out.push(header.trace_flags);
        let count_at = out.len();
        out.extend_from_slice(&[0; 4]);
        put_varint(&mut out, first_seq);
        Self {
            out,
            count_at,
            count: 0,
            last_time: 0,
        }
    }

    /// Adds a line.
    #[inline]
    pub fn push(&mut self, line: &Line<'_>) {
        let mut flags = match line.stream {
            Stream::Stdout => 0,
            Stream::Stderr => STDERR,
        };
        flags |= match line.eol {
            Eol::Lf => 0,
            Eol::CrLf => 1 << EOL_SHIFT,
            Eol::None => 2 << EOL_SHIFT,
        };
        if let Some(part) = line.part {
            flags |= PART | if part.last { PART_LAST } else { 0 };
        }
        self.out.push(flags);
        put_varint(&mut self.out, zigzag(line.time.wrapping_sub(self.last_time) as i64));
        put_varint(&mut self.out, line.observed.saturating_sub(line.time));
        if let Some(part) = line.part {
            put_varint(&mut self.out, u64::from(part.index));
        }
        put_varint(&mut self.out, line.bytes.len() as u64);
        self.out.extend_from_slice(line.bytes);
        self.last_time = line.time;
        self.count += 1;
    }

    /// Lines so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes so far.
    pub fn size(&self) -> usize {
        self.out.len()
    }

    /// Ends the block.
    pub fn finish(mut self) -> Bytes {
        self.out[self.count_at..self.count_at + 4].copy_from_slice(&self.count.to_le_bytes());
        self.out.into()
    }
}
