//! How progress and refused records are stored.

use super::refused::RefusedRange;
use crate::frame::{u32_at, u64_at};
use crate::position::{Position, Progress};
use sitelog_model::Signal;

pub(crate) const CURSOR_MAGIC: [u8; 4] = *b"SLC1";
pub(crate) const REFUSED_MAGIC: [u8; 4] = *b"SLR2";
/// Of files that name each record by itself, as they were written first.
pub(crate) const SINGLY_REFUSED_MAGIC: [u8; 4] = *b"SLR1";
const POSITION: usize = 12;

pub(crate) fn signal_tag(signal: Option<Signal>) -> [u8; 4] {
    [signal.map_or(0, |signal| signal as u8), 0, 0, 0]
}

pub(crate) fn tag_signal(tag: [u8; 4]) -> Option<Signal> {
    Signal::from_u8(tag[0])
}

pub(crate) fn put_progress(progress: &Progress) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(POSITION * (1 + 2 * progress.ahead.len()));
    put_position(&mut bytes, progress.upto);
    for range in &progress.ahead {
        put_position(&mut bytes, range.start);
        put_position(&mut bytes, range.end);
    }
    bytes
}

pub(crate) fn take_progress(bytes: &[u8]) -> Option<Progress> {
    let (positions, rest) = bytes.as_chunks::<POSITION>();
    let (upto, ranges) = positions.split_first()?;
    let (pairs, odd) = ranges.as_chunks::<2>();
    if !rest.is_empty() || !odd.is_empty() {
        return None;
    }
    let ahead = pairs
        .iter()
        .map(|[start, end]| take_position(start)..take_position(end))
        .collect();
    let mut progress = Progress {
        upto: take_position(upto),
        ahead,
    };
    progress.normalize();
    Some(progress)
}

pub(crate) fn put_refused(range: &RefusedRange) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * POSITION + 16 + range.reason.len());
    put_position(&mut bytes, range.first);
    put_position(&mut bytes, range.end);
    bytes.extend_from_slice(&range.records.to_le_bytes());
    bytes.extend_from_slice(&range.time.to_le_bytes());
    bytes.extend_from_slice(range.reason.as_bytes());
    bytes
}

pub(crate) fn take_refused(bytes: &[u8]) -> Option<RefusedRange> {
    let (head, reason) = bytes.split_at_checked(2 * POSITION + 16)?;
    let (first, end) = (take_position(head), take_position(&head[POSITION..]));
    (first < end).then(|| RefusedRange {
        first,
        end,
        records: u64_at(head, 2 * POSITION),
        time: u64_at(head, 2 * POSITION + 8),
        reason: String::from_utf8_lossy(reason).into_owned(),
    })
}

/// Place, time and reason of one record.
pub(crate) fn take_singly_refused(bytes: &[u8]) -> Option<(Position, u64, String)> {
    let (head, reason) = bytes.split_at_checked(POSITION + 8)?;
    let reason = String::from_utf8_lossy(reason).into_owned();
    Some((take_position(head), u64_at(head, POSITION), reason))
}

fn put_position(bytes: &mut Vec<u8>, at: Position) {
    bytes.extend_from_slice(&at.frame.to_le_bytes());
    bytes.extend_from_slice(&at.item.to_le_bytes());
}

fn take_position(bytes: &[u8]) -> Position {
    Position {
        frame: u64_at(bytes, 0),
        item: u32_at(bytes, 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn position() -> impl Strategy<Value = Position> {
        (0u64..50, 0u32..5).prop_map(|(frame, item)| Position { frame, item })
    }

    proptest! {
        #[test]
        fn progress_comes_back(upto in position(), ranges in prop::collection::vec((position(), position()), 0..6)) {
            let mut progress = Progress { upto, ahead: ranges.into_iter().map(|(a, b)| a..b).collect() };
            progress.normalize();
            prop_assert_eq!(take_progress(&put_progress(&progress)), Some(progress));
        }

        #[test]
        fn a_refused_range_comes_back(first in position(), frames in 1u64..9, records: u64, time: u64, reason: String) {
            let range = RefusedRange { first, end: Position::start(first.frame + frames), records, time, reason };
            prop_assert_eq!(take_refused(&put_refused(&range)), Some(range));
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
            let _ = (take_progress(&bytes), take_refused(&bytes), take_singly_refused(&bytes));
        }
    }
}
