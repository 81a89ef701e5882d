//! What a destination refused for good: ranges of records, so that the list stays small however many it refuses.

use crate::position::{Position, Progress};
use std::ops::Range;
use std::sync::Arc;

/// More ranges than this are joined, those that were done first most.
const MOST: usize = 128;

/// Records that a destination refused for good: all of a range, or so many of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRange {
    /// The first of them.
    pub first: Position,
    /// All of them are before it.
    pub end: Position,
    /// How many.
    pub records: u64,
    /// When the last of them was refused, Unix nanoseconds.
    pub time: u64,
    /// What the destination said; of different words those about most records.
    pub reason: String,
}

/// Records of one frame that are refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The first of them.
    pub at: Position,
    /// How many.
    pub records: u32,
    /// They, and what the reader passed before and behind them: where these ranges touch, their records are neighbours.
    pub within: Range<Position>,
    /// What the destination said.
    pub reason: Arc<str>,
}

impl Refusal {
    /// Of a single record.
    pub fn one(at: Position, reason: &str) -> Self {
        let end = behind(at, 1);
        Self {
            at,
            records: 1,
            within: at..end,
            reason: reason.into(),
        }
    }
}

/// The ranges of one cursor, in order; none overlaps another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusedRanges(Vec<RefusedRange>);

impl RefusedRanges {
    pub(crate) fn as_slice(&self) -> &[RefusedRange] {
        &self.0
    }

    /// How many records were refused.
    pub(crate) fn records(&self) -> u64 {
        self.0.iter().map(|range| range.records).sum()
    }

    /// How many of them are in these frames. Of a range that reaches beyond, it is the frames' share: over all frames the sum is
    /// right.
    pub(crate) fn records_in(&self, frames: Range<u64>) -> u64 {
        let below = |range: &RefusedRange, frame: u64| {
            let all = range.frames();
            let share = u128::from(frame.clamp(all.start, all.end) - all.start) * u128::from(range.records);
            (share / u128::from(all.end - all.start)) as u64
        };
        let each = self.0.iter();
        each.map(|range| below(range, frames.end) - below(range, frames.start.min(frames.end)))
            .sum()
    }

    /// Whether any may be in these frames.
    pub(crate) fn reaches(&self, frames: Range<u64>) -> bool {
        self.0
            .iter()
            .any(|range| range.frames().start < frames.end && range.frames().end > frames.start)
    }

    /// Puts in a range as it was stored: it takes the place of those that it covers.
    pub(crate) fn put(&mut self, range: RefusedRange) {
        let from = self.0.partition_point(|known| known.first < range.first);
        let covered = self.0[from..].partition_point(|known| known.end <= range.end);
        self.0.splice(from..from + covered, [range]);
    }

    /// Adds what is not known yet of a refusal; says how many records that are.
    pub(crate) fn add(&mut self, refusal: &Refusal, time: u64) -> u64 {
        let (at, mut added) = (refusal.at, 0);
        let (begin, end) = (at.item, at.item.saturating_add(refusal.records));
        for items in self.unknown(at.frame, begin..end) {
            let records = u64::from(items.end - items.start);
            let place = |item| Position { frame: at.frame, item };
            let from = if items.start == begin {
                refusal.within.start.min(at)
            } else {
                place(items.start)
            };
            let upto = if items.end == end {
                refusal.within.end.max(place(end))
            } else {
                place(items.end)
            };
            let range = RefusedRange {
                first: place(items.start),
                end: upto,
                records,
                time,
                reason: short(&refusal.reason),
            };
            self.insert(range, from);
            added += records;
        }
        added
    }

    /// Which of these records of a frame no range covers.
    fn unknown(&self, frame: u64, items: Range<u32>) -> Vec<Range<u32>> {
        let place = |item| Position { frame, item };
        let from = self.0.partition_point(|known| known.end <= place(items.start));
        let (mut at, mut unknown) = (items.start, Vec::new());
        for known in self.0[from..].iter().take_while(|known| known.first < place(items.end)) {
            let first = if known.first.frame < frame { 0 } else { known.first.item };
            if first > at {
                unknown.push(at..first);
            }
            at = if known.end.frame > frame {
                items.end
            } else {
                known.end.item.max(at)
            };
        }
        if at < items.end {
            unknown.push(at..items.end);
        }
        unknown
    }

    /// Inserts a range of which nothing is known, joined with its neighbours if nothing is between them and the reason is the same.
    fn insert(&mut self, mut range: RefusedRange, from: Position) {
        let mut at = self.0.partition_point(|known| known.first < range.first);
        if let Some(next) = self.0.get(at) {
            range.end = range.end.min(next.first);
            if range.end == next.first && range.reason == next.reason {
                let next = self.0.remove(at);
                range = range.joined(next);
            }
        }
        if let Some(last) = at.checked_sub(1).map(|before| &self.0[before])
            && last.end >= from
            && last.reason == range.reason
        {
            at -= 1;
            range = self.0.remove(at).joined(range);
        }
        self.0.insert(at, range);
    }

    /// Joins neighbours when there are too many ranges, where everything between them is done: what is delivered of a joined
    /// range will not be refused. Says whether it did.
    pub(crate) fn shrink(&mut self, done: &Progress) -> bool {
        let before = self.0.len();
        while self.0.len() > MOST {
            let known = self.0.len();
            let mut joined: Vec<RefusedRange> = Vec::with_capacity(known);
            let mut is_pair = false;
            for range in self.0.drain(..) {
                let last = joined.last().filter(|_| !is_pair);
                is_pair = last.is_some_and(|last| is_done(done, last.end..range.first));
                match joined.pop_if(|_| is_pair) {
                    Some(last) => joined.push(last.joined(range)),
                    None => joined.push(range),
                }
            }
            self.0 = joined;
            if self.0.len() == known {
                break;
            }
        }
        self.0.len() < before
    }
}

impl RefusedRange {
    /// The frames that it reaches into.
    fn frames(&self) -> Range<u64> {
        let end = self.end.frame + u64::from(self.end.item > 0);
        self.first.frame..end.max(self.first.frame + 1)
    }

    fn joined(self, next: Self) -> Self {
        let records = self.records + next.records;
        let is_less = self.records < next.records;
        Self {
            first: self.first,
            end: self.end.max(next.end),
            records,
            time: self.time.max(next.time),
            reason: if is_less { next.reason } else { self.reason },
        }
    }
}

fn is_done(done: &Progress, gap: Range<Position>) -> bool {
    let covers = |range: &Range<Position>| range.start <= gap.start && range.end >= gap.end;
    gap.is_empty() || done.upto >= gap.end || done.ahead.iter().any(covers)
}

/// The place so many records further in the same frame.
pub(crate) fn behind(at: Position, records: u32) -> Position {
    Position {
        frame: at.frame,
        item: at.item.saturating_add(records),
    }
}

/// A reason as it is stored: cut at a character, for it comes from a destination.
fn short(reason: &str) -> String {
    const MAX_REASON: usize = 256;
    reason[..reason.floor_char_boundary(MAX_REASON)].to_owned()
}

#[cfg(test)]
mod tests;
