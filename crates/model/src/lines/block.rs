//! Reads a block back. A block comes from disk, so nothing in it is believed before it is checked.

use super::writer::{EOL_SHIFT, PART, PART_LAST, STDERR, VERSION};
use super::{Eol, Header, Line, Part, Stream};
use crate::wire::{take, take_prefixed, take_varint, unzigzag};
use crate::{SpanId, TraceId};

/// Bytes that are no block, or no OTLP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what} at byte {offset}")]
pub struct Malformed {
    /// What was being read.
    pub what: &'static str,
    /// Where it went wrong.
    pub offset: usize,
}

/// A block whose header was read.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    header: Header,
    first_seq: u64,
    count: u32,
    lines: &'a [u8],
    size: usize,
}

impl<'a> Block<'a> {
    /// Reads the header of a block.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut off, of another version, or claims more lines than it has bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        Self::read(&mut rest, bytes.len()).ok_or(Malformed {
            what: "lines block header",
            offset: bytes.len() - rest.len(),
        })
    }

    fn read(rest: &mut &'a [u8], size: usize) -> Option<Self> {
        let [version] = take(rest, 1)?.try_into().ok()?;
        if version != VERSION {
            return None;
        }
        let resource = take_prefixed(rest)?.to_vec();
        let scope = take_prefixed(rest)?.to_vec();
        let attributes = take_prefixed(rest)?.to_vec();
        let trace = TraceId(take(rest, 16)?.try_into().ok()?);
        let span = SpanId(take(rest, 8)?.try_into().ok()?);
        let [trace_flags] = take(rest, 1)?.try_into().ok()?;
        let count = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
        let first_seq = take_varint(rest)?;
        // Four bytes is the least a line can take.
        if u64::from(count) * 4 > rest.len() as u64 {
            return None;
        }
        let header = Header {
            resource,
            scope,
            attributes,
            trace,
            span,
            trace_flags,
        };
        Some(Self {
            header,
            first_seq,
            count,
            lines: rest,
            size,
        })
    }

    /// What the lines share.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many lines it holds.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Bytes of the block.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lines in order, each with its `sitelog.seq`; the first malformed one ends it with an error.
    pub fn lines(&self) -> Lines<'a> {
        Lines {
            rest: self.lines,
            left: self.count,
            seq: self.first_seq,
            time: 0,
            size: self.size,
        }
    }
}

/// The lines of a block.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    left: u32,
    seq: u64,
    time: u64,
    size: usize,
}

impl<'a> Lines<'a> {
    #[inline]
    fn read(&mut self) -> Option<Line<'a>> {
        let [flags] = take(&mut self.rest, 1)?.try_into().ok()?;
        let time = self.time.wrapping_add(unzigzag(take_varint(&mut self.rest)?) as u64);
        let observed = time.checked_add(take_varint(&mut self.rest)?)?;
        let part = match flags & PART {
            0 => None,
            _ => Some(Part {
                index: u32::try_from(take_varint(&mut self.rest)?).ok()?,
                last: flags & PART_LAST != 0,
            }),
        };
        let eol = match flags >> EOL_SHIFT & 3 {
            0 => Eol::Lf,
            1 => Eol::CrLf,
            2 => Eol::None,
            _ => return None,
        };
        let stream = if flags & STDERR == 0 {
            Stream::Stdout
        } else {
            Stream::Stderr
        };
        let bytes = take_prefixed(&mut self.rest)?;
        self.time = time;
        Some(Line {
            stream,
            eol,
            part,
            time,
            observed,
            bytes,
        })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<(u64, Line<'a>), Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let Some(line) = self.read() else {
            self.left = 0;
            return Some(Err(Malformed {
                what: "line of a lines block",
                offset: self.size - self.rest.len(),
            }));
        };
        let seq = self.seq;
        self.seq = seq.wrapping_add(1);
        Some(Ok((seq, line)))
    }
}
