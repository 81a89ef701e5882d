//! Ids that follow from an operation's own: a record written again has the id it had.

use sitelog_model::{SpanId, Ulid};

/// One step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
fn split_mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// 64 bits that follow from the operation, what they are for, and a number.
fn mixed(operation: Ulid, purpose: u64, number: u64) -> u64 {
    let id = operation.0;
    [id as u64, (id >> 64) as u64, purpose, number]
        .into_iter()
        .fold(0, |state, part| split_mix(state ^ part))
}

/// `log.record.uid` of a record: its time, and bits that follow from the operation and the record's number in it.
pub(super) fn record(operation: Ulid, seq: u64, time: u64) -> Ulid {
    let high = u128::from(mixed(operation, 1, seq));
    let low = u128::from(mixed(operation, 2, seq));
    Ulid::from_parts(time / 1_000_000, (high << 64) | low)
}

/// The id of the operation's `number`-th span; 0 is the operation's own.
pub(super) fn span(operation: Ulid, number: u64) -> SpanId {
    SpanId(mixed(operation, 3, number).max(1).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn neighbours_share_no_ids() {
        let first = Ulid::from_parts(1_700_000_000_000, 41);
        let second = Ulid::from_parts(1_700_000_000_000, 42);
        let mut seen = HashSet::new();
        for operation in [first, second] {
            for number in 0..10_000 {
                assert!(seen.insert(record(operation, number, 5_000_000)));
                assert!(seen.insert(Ulid(u64::from_be_bytes(span(operation, number).0).into())));
            }
        }
    }

    #[test]
    fn a_record_keeps_its_id_and_shows_its_time() {
        let operation = Ulid::from_parts(7, 7);
        let id = record(operation, 3, 1_795_250_617_123_456_789);
        assert_eq!(id, record(operation, 3, 1_795_250_617_123_999_999));
        assert_eq!(id.timestamp_ms(), 1_795_250_617_123);
    }
}
