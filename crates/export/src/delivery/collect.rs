//! Joining frames to a piece of the wanted size.

use super::piece::Piece;
use super::records::keep;
use bytes::Bytes;
use sitelog_ledger::{Frame, Position, Progress};
use std::cmp::Ordering;
use std::ops::Range;
use tokio::time::Instant;

/// Collects the requests of frames until they make a piece.
pub(crate) struct Collector {
    /// End of the last piece: the next one begins here, so that pieces leave no gap between them.
    start: Position,
    end: Position,
    requests: Vec<(Position, u32, Bytes)>,
    len: usize,
    since: Option<Instant>,
}

/// What became of a frame.
pub(crate) enum Added {
    /// It waits in the collector.
    Yes,
    /// It holds nothing to deliver.
    Nothing,
    /// Only its first records wait in the collector: it is read again later.
    Cut,
    /// It holds no OTLP; the text says what is wrong.
    Malformed(String),
}

impl Collector {
    pub(crate) fn new(start: Position) -> Self {
        Self {
            start,
            end: start,
            requests: Vec::new(),
            len: 0,
            since: None,
        }
    }

    /// Adds what is not yet done of a frame; of one that comes first and is longer than `cut`, only the first records.
    pub(crate) fn add(&mut self, frame: &Frame, progress: &Progress, cut: Option<usize>) -> Added {
        let payload = &frame.batch.get().payload;
        let read = payload.records().and_then(|records| Ok((records, payload.to_otlp()?)));
        let (records, request) = match read {
            Ok((records, Some(request))) => (u32::try_from(records).unwrap_or(u32::MAX), request),
            Ok((_, None)) => (0, Bytes::new()),
            Err(malformed) => return self.pass(frame, Added::Malformed(malformed.to_string())),
        };
        let number = frame.position.frame;
        let todo = if is_begun(progress, number) {
            remaining(progress, number, records)
        } else {
            std::iter::once(0..records).collect()
        };
        for range in todo.into_iter().filter(|range| !range.is_empty()) {
            let at = Position {
                frame: number,
                item: range.start,
            };
            let all = range.end - range.start;
            let count = cut
                .filter(|cut| *cut < request.len() && self.is_empty())
                .map_or(all, |cut| share(records, cut, request.len()).min(all));
            let range = range.start..range.start + count;
            let bytes = if count == records {
                request.clone()
            } else {
                match keep(&request, range.start as usize..range.end as usize) {
                    Ok(bytes) => bytes,
                    Err(error) => return self.pass(frame, Added::Malformed(error.to_string())),
                }
            };
            self.len += bytes.len();
            self.requests.push((at, count, bytes));
            self.since.get_or_insert_with(Instant::now);
            if count < all {
                self.end = Position {
                    frame: number,
                    item: range.end,
                };
                return Added::Cut;
            }
        }
        self.pass(
            frame,
            if self.requests.is_empty() {
                Added::Nothing
            } else {
                Added::Yes
            },
        )
    }

    fn pass(&mut self, frame: &Frame, added: Added) -> Added {
        self.end = Position::start(frame.position.frame + 1);
        added
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Since when the first frame waits.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// The piece, if anything waits; what the cursor passed without finding anything becomes part of the next one.
    pub(crate) fn take(&mut self) -> Option<Piece> {
        if self.is_empty() {
            return None;
        }
        let range = self.start..self.end;
        self.start = self.end;
        (self.len, self.since) = (0, None);
        Some(Piece::join(range, std::mem::take(&mut self.requests)))
    }

    /// What was passed without anything to deliver, when nothing waits: it is done.
    pub(crate) fn take_passed(&mut self) -> Option<Range<Position>> {
        let passed = self.start..self.end;
        if !self.is_empty() || passed.is_empty() {
            return None;
        }
        self.start = self.end;
        Some(passed)
    }
}

/// How many of a frame's records make so many of its bytes, at least one.
fn share(records: u32, bytes: usize, of: usize) -> u32 {
    let share = u64::from(records) * bytes as u64 / of.max(1) as u64;
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}

/// Whether some records of a frame are done and others not.
fn is_begun(progress: &Progress, frame: u64) -> bool {
    let (start, end) = (Position::start(frame), Position::start(frame + 1));
    let reaches_in = |range: &Range<Position>| range.start < end && range.end > start;
    progress.upto > start || progress.ahead.iter().any(reaches_in)
}

/// The records of a frame that are not done.
fn remaining(progress: &Progress, frame: u64, records: u32) -> Vec<Range<u32>> {
    // Of a place, the record in this frame.
    let item = |at: Position| match at.frame.cmp(&frame) {
        Ordering::Less => 0,
        Ordering::Equal => at.item.min(records),
        Ordering::Greater => records,
    };
    let (mut ranges, mut from) = (Vec::new(), item(progress.upto));
    // They are in order.
    for done in &progress.ahead {
        let (start, end) = (item(done.start), item(done.end));
        if start > from {
            ranges.push(from..start);
        }
        from = from.max(end);
    }
    if from < records {
        ranges.push(from..records);
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_of_a_frame_is_not_sent_again() {
        let at = |frame, item| Position { frame, item };
        let progress = Progress {
            upto: at(5, 2),
            ahead: vec![at(5, 4)..at(5, 6), at(5, 9)..at(6, 0), at(8, 0)..at(9, 0)],
        };
        assert_eq!(remaining(&progress, 5, 10), [2..4, 6..9]);
        assert_eq!(remaining(&progress, 5, 7), [2..4, 6..7]);
        // By ranges, not record by record.
        assert_eq!(remaining(&progress, 5, u32::MAX), [2..4, 6..9]);
        assert_eq!(
            (remaining(&progress, 4, 9), remaining(&progress, 8, 9)),
            (vec![], vec![])
        );
        assert!(is_begun(&progress, 5) && !is_begun(&progress, 6) && !is_begun(&progress, 7));
    }
}
