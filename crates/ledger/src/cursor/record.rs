//! How progress and refused records are stored.

use crate::frame::{u32_at, u64_at};
use crate::position::{Position, Progress};
use sitelog_model::Signal;

pub(crate) const CURSOR_MAGIC: [u8; 4] = *b"SLC1";
pub(crate) const REFUSED_MAGIC: [u8; 4] = *b"SLR1";
/// Longer reasons are cut: they come from a destination.
const MAX_REASON: usize = 256;
const POSITION: usize = 12;

/// A record that a destination refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Where it is.
    pub at: Position,
    /// When it was refused, Unix nanoseconds.
    pub time: u64,
    /// What the destination said.
    pub reason: String,
}

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

pub(crate) fn put_refused(record: &RefusedRecord) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(POSITION + 8 + record.reason.len());
    put_position(&mut bytes, record.at);
    bytes.extend_from_slice(&record.time.to_le_bytes());
    bytes.extend_from_slice(record.reason.as_bytes());
    bytes
}

pub(crate) fn take_refused(bytes: &[u8]) -> Option<RefusedRecord> {
    let (head, reason) = bytes.split_at_checked(POSITION + 8)?;
    let reason = String::from_utf8_lossy(reason).into_owned();
    Some(RefusedRecord {
        at: take_position(head),
        time: u64_at(head, POSITION),
        reason,
    })
}

/// A reason as it is stored: cut at a character.
pub(crate) fn short(reason: &str) -> String {
    reason[..reason.floor_char_boundary(MAX_REASON)].to_owned()
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
        fn a_refused_record_comes_back(at in position(), time: u64, reason: String) {
            let record = RefusedRecord { at, time, reason };
            prop_assert_eq!(take_refused(&put_refused(&record)), Some(record));
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
            let _ = (take_progress(&bytes), take_refused(&bytes));
        }
    }
}
