//! Where the hits of a stream stand in its input: what explanations are made of. It keeps numbers, nothing of the text.

use crate::found::Hit;
use std::collections::VecDeque;
use std::mem;

/// A place in a stream's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The rule that hit: its place in the rule list.
    pub(crate) rule: u16,
    /// Bytes before it.
    pub(crate) offset: u64,
    /// Counted from 1.
    pub(crate) line: u64,
    /// Bytes before it in its line, counted from 1.
    pub(crate) column: u64,
}

/// Follows a stream's input from its start.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    offset: u64,
    lines: u64,
    line_start: u64,
    places: Vec<Place>,
    /// Terminal sequences that have not gone out yet: their lengths, and the hits inside of them.
    sequences: VecDeque<(u64, Vec<(u64, u16)>)>,
}

impl Trail {
    /// Input went by, hidden or not.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        for newline in memchr::memchr_iter(b'\n', bytes) {
            self.lines += 1;
            self.line_start = self.offset + newline as u64 + 1;
        }
        self.offset += bytes.len() as u64;
    }

    /// A rule hit where the stream now stands.
    pub(crate) fn hit(&mut self, rule: u16) {
        self.hit_at(rule, self.offset);
    }

    /// A terminal sequence was taken out of the text; `rest` bytes of it come behind `body`.
    pub(crate) fn sequence(&mut self, body: &[u8], hits: &[Hit], rest: usize) {
        let hits = hits.iter().map(|hit| (hit.range.start as u64, hit.rule)).collect();
        self.sequences.push_back(((body.len() + rest) as u64, hits));
    }

    /// The first of the sequences went by.
    pub(crate) fn pass_sequence(&mut self) {
        let Some((len, hits)) = self.sequences.pop_front() else {
            return;
        };
        for (at, rule) in hits {
            self.hit_at(rule, self.offset + at);
        }
        self.offset += len;
    }

    /// The stream has ended; the next one starts at its beginning. What was found can still be taken.
    pub(crate) fn end(&mut self) {
        *self = Self {
            places: mem::take(&mut self.places),
            ..Self::default()
        };
    }

    /// What was found since the last call.
    pub(crate) fn take(&mut self) -> Vec<Place> {
        mem::take(&mut self.places)
    }

    fn hit_at(&mut self, rule: u16, offset: u64) {
        self.places.push(Place {
            rule,
            offset,
            line: self.lines + 1,
            column: offset - self.line_start + 1,
        });
    }
}
