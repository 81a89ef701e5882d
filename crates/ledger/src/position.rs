//! Where a reader stands in a chain.

use std::fmt;
use std::ops::Range;

/// A record's place in a chain. The ledger numbers frames; the records within one are the reader's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Index of the frame in its chain, from 0.
    pub frame: u64,
    /// Record within the frame, from 0.
    pub item: u32,
}

impl Position {
    /// The first record of a frame.
    pub fn start(frame: u64) -> Self {
        Self { frame, item: 0 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.frame, self.item)
    }
}

/// What a reader is done with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Everything before it is done.
    pub upto: Position,
    /// Ranges beyond `upto` that are done too: several requests are in flight, and answers come out of order.
    pub ahead: Vec<Range<Position>>,
}

impl Progress {
    /// Adds a range to what is done.
    pub fn add(&mut self, done: Range<Position>) {
        self.ahead.push(done);
        self.normalize();
    }

    /// Whether the whole frame is done.
    pub fn has(&self, frame: u64) -> bool {
        let (start, end) = (Position::start(frame), Position::start(frame + 1));
        self.upto >= end
            || self
                .ahead
                .iter()
                .any(|range| range.start.max(self.upto) <= start.max(self.upto) && range.end >= end)
    }

    /// Whether one record is done.
    pub fn has_item(&self, at: Position) -> bool {
        at < self.upto || self.ahead.iter().any(|range| range.contains(&at))
    }

    /// Sorts and joins the ranges, and moves `upto` over those that reach it.
    pub(crate) fn normalize(&mut self) {
        self.ahead
            .retain(|range| range.start < range.end && range.end > self.upto);
        self.ahead.sort_by_key(|range| (range.start, range.end));
        let mut joined: Vec<Range<Position>> = Vec::with_capacity(self.ahead.len());
        for range in self.ahead.drain(..) {
            if range.start <= self.upto {
                self.upto = self.upto.max(range.end);
                continue;
            }
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        self.ahead = joined;
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Progress};

    fn at(frame: u64, item: u32) -> Position {
        Position { frame, item }
    }

    #[test]
    fn ranges_join_and_move_the_end_forward() {
        let mut progress = Progress::default();
        progress.add(at(2, 0)..at(3, 0));
        progress.add(at(3, 0)..at(3, 5));
        assert_eq!(
            progress,
            Progress {
                upto: at(0, 0),
                ahead: vec![at(2, 0)..at(3, 5)]
            }
        );
        assert!(progress.has(2) && !progress.has(3) && !progress.has(0));
        assert!(progress.has_item(at(3, 4)) && !progress.has_item(at(3, 5)));
        progress.add(at(0, 0)..at(2, 0));
        assert_eq!(
            progress,
            Progress {
                upto: at(3, 5),
                ahead: vec![]
            }
        );
    }

    #[test]
    fn a_frame_done_in_two_parts_is_done() {
        let mut progress = Progress {
            upto: at(1, 7),
            ahead: vec![],
        };
        assert!(!progress.has(1));
        progress.ahead.push(at(1, 7)..at(2, 0));
        assert!(progress.has(1));
    }
}
