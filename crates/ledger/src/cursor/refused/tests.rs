use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn at(frame: u64, item: u32) -> Position {
    Position { frame, item }
}

fn refusal(frame: u64, items: Range<u32>, within: Range<Position>, reason: &str) -> Refusal {
    Refusal {
        at: at(frame, items.start),
        records: items.end - items.start,
        within,
        reason: reason.into(),
    }
}

fn places(ranges: &RefusedRanges) -> Vec<(Position, Position, u64)> {
    let each = ranges.as_slice().iter();
    each.map(|range| (range.first, range.end, range.records)).collect()
}

/// Guarantees: a destination that refuses everything costs one range, however much it refuses.
#[test]
fn neighbours_of_one_reason_are_one_range() {
    let mut ranges = RefusedRanges::default();
    for frame in 0..1000 {
        assert_eq!(
            ranges.add(&refusal(frame, 0..100, at(frame, 0)..at(frame + 1, 0), "no"), 7),
            100
        );
    }
    assert_eq!(places(&ranges), [(at(0, 0), at(1000, 0), 100_000)]);
    // The answer to another request came later.
    ranges.add(&refusal(1002, 0..5, at(1001, 0)..at(1003, 0), "no"), 8);
    assert_eq!(ranges.as_slice().len(), 2);
    ranges.add(&refusal(1000, 0..5, at(1000, 0)..at(1001, 0), "no"), 9);
    assert_eq!(ranges.as_slice().len(), 2, "the second one begins at its first record");
    ranges.add(&refusal(1003, 0..5, at(1003, 0)..at(1004, 0), "another"), 9);
    assert_eq!(ranges.as_slice().len(), 3);
    assert_eq!(ranges.records(), 100_015);
}

/// Scenario: every second record is refused, a hundred thousand of them. Guarantees: the list has a limit, and its sum is right.
#[test]
fn what_is_delivered_between_does_not_make_the_list_grow() {
    let (mut ranges, mut done) = (RefusedRanges::default(), Progress::default());
    for frame in 0..100u64 {
        for item in (0..1000).step_by(2) {
            ranges.add(&Refusal::one(at(frame, item), "no"), frame);
        }
        done.upto = at(frame + 1, 0);
        ranges.shrink(&done);
        assert!(ranges.as_slice().len() <= MOST);
    }
    assert_eq!(ranges.records(), 50_000);
    assert_eq!(
        (0..100).map(|frame| ranges.records_in(frame..frame + 1)).sum::<u64>(),
        50_000
    );
    assert!(ranges.reaches(50..51) && !ranges.reaches(100..200));
}

/// Guarantees: nothing that may still be refused disappears in a range.
#[test]
fn what_is_not_done_is_not_joined_over() {
    let mut ranges = RefusedRanges::default();
    for frame in 0..300 {
        ranges.add(&Refusal::one(at(frame * 2, 0), &frame.to_string()), 0);
    }
    assert!(!ranges.shrink(&Progress::default()));
    let done = Progress {
        upto: at(0, 0),
        ahead: vec![at(100, 0)..at(1000, 0)],
    };
    assert!(ranges.shrink(&done));
    assert_eq!(ranges.as_slice()[..51].len(), 51);
    assert_eq!(ranges.add(&Refusal::one(at(51, 0), "late"), 0), 1);
    assert_eq!(ranges.records(), 301);
}

proptest! {
    /// Guarantees: whatever is refused again, each record counts once, and what is stored comes back.
    #[test]
    fn each_record_counts_once(
        refusals in prop::collection::vec((0u64..4, 0u32..20, 1u32..8, prop::sample::select(vec!["a", "b"])), 0..40),
    ) {
        let (mut ranges, mut known, mut stored) = (RefusedRanges::default(), BTreeSet::new(), RefusedRanges::default());
        for (frame, item, records, reason) in refusals {
            let before = known.len();
            known.extend((item..item + records).map(|item| at(frame, item)));
            let first = at(frame, item);
            let refusal = refusal(frame, item..item + records, first..behind(first, records), reason);
            let old = ranges.clone();
            prop_assert_eq!(ranges.add(&refusal, 1), (known.len() - before) as u64);
            for changed in ranges.as_slice().iter().filter(|range| !old.as_slice().contains(range)) {
                stored.put(changed.clone());
            }
            prop_assert_eq!(&stored, &ranges);
        }
        prop_assert_eq!(ranges.records(), known.len() as u64);
        prop_assert!(ranges.as_slice().is_sorted_by(|a, b| a.end <= b.first));
        ranges.shrink(&Progress::default());
        prop_assert_eq!(ranges.records_in(0..4), known.len() as u64);
    }
}
