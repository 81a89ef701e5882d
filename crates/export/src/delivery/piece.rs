//! A request, and the records of the ledger that it stands for.

use super::records::keep;
use bytes::{Bytes, BytesMut};
use sitelog_ledger::{Position, Refusal};
use std::ops::Range;
use std::sync::Arc;

/// Records of one frame within a piece.
#[derive(Clone, Debug)]
struct Part {
    /// The first of them.
    at: Position,
    /// How many.
    records: u32,
    /// Their share of the piece's bytes, which is a request of its own.
    len: usize,
}

/// One export request. Joined from the encoded requests of its frames: protobuf merges repeated fields that way.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// What is done in the cursor's eyes once this is settled: its records, and whatever the cursor passed between.
    pub(crate) range: Range<Position>,
    /// The encoded request.
    pub(crate) body: Bytes,
    parts: Vec<Part>,
}

impl Piece {
    /// Joins encoded requests; a single one is not copied.
    pub(crate) fn join(range: Range<Position>, requests: Vec<(Position, u32, Bytes)>) -> Self {
        let part = |(at, records, bytes): &(Position, u32, Bytes)| Part {
            at: *at,
            records: *records,
            len: bytes.len(),
        };
        let parts: Vec<_> = requests.iter().map(part).collect();
        let body = match <[_; 1]>::try_from(requests) {
            Ok([(_, _, bytes)]) => bytes,
            Err(requests) => {
                let mut joined = BytesMut::with_capacity(parts.iter().map(|part| part.len).sum());
                requests
                    .iter()
                    .for_each(|(_, _, bytes)| joined.extend_from_slice(bytes));
                joined.freeze()
            }
        };
        Self { range, body, parts }
    }

    /// How many records it holds.
    pub(crate) fn records(&self) -> u64 {
        self.parts.iter().map(|part| u64::from(part.records)).sum()
    }

    /// All of it as refused, by frame.
    pub(crate) fn refusals(&self, why: &str) -> impl Iterator<Item = Refusal> {
        let reason = Arc::<str>::from(why);
        // Each reaches to the next: nothing of this signal is between them.
        let ends = self.parts.iter().skip(1).map(|part| part.at).chain([self.range.end]);
        let mut start = self.range.start;
        self.parts.iter().zip(ends).map(move |(part, end)| Refusal {
            at: part.at,
            records: part.records,
            within: std::mem::replace(&mut start, end)..end,
            reason: Arc::clone(&reason),
        })
    }

    /// Two halves: between frames where it has several, which needs no decoding, else between records.
    /// `None` when a single record or an unreadable frame is all there is.
    pub(crate) fn split(self) -> Option<(Self, Self)> {
        if self.parts.len() > 1 {
            return Some(self.split_between_frames());
        }
        let part = self.parts.first().filter(|part| part.records > 1)?;
        let (half, all) = (part.records / 2, part.records as usize);
        let left = keep(&self.body, 0..half as usize).ok()?;
        let right = keep(&self.body, half as usize..all).ok()?;
        let cut = Position {
            frame: part.at.frame,
            item: part.at.item + half,
        };
        let (left_range, right_range) = (self.range.start..cut, cut..self.range.end);
        Some((
            Self::join(left_range, vec![(part.at, half, left)]),
            Self::join(right_range, vec![(cut, part.records - half, right)]),
        ))
    }

    fn split_between_frames(mut self) -> (Self, Self) {
        let right_parts = self.parts.split_off(self.parts.len() / 2);
        let cut = right_parts[0].at;
        let left_len: usize = self.parts.iter().map(|part| part.len).sum();
        let right = Self {
            range: cut..self.range.end,
            body: self.body.slice(left_len..),
            parts: right_parts,
        };
        let left = Self {
            range: self.range.start..cut,
            body: self.body.slice(..left_len),
            parts: self.parts,
        };
        (left, right)
    }
}
