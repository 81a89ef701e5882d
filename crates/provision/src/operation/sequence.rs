//! Whether every event came, once, in order.

use std::collections::BTreeMap;

/// What the number of an event says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is the next one, or one further on.
    New,
    /// It was missing until now.
    Late,
    /// It was here before.
    Again,
}

/// Gaps that are remembered. Beyond, the oldest are taken for lost for good.
const GAPS: usize = 4096;

/// The numbers of a stream: contiguous from 0 when nothing is lost.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// One above the highest number seen.
    next: u64,
    /// First number of a gap → one above its last.
    missing: BTreeMap<u64, u64>,
    /// Of what lies below, nothing is remembered any more.
    forgotten: u64,
    /// Numbers lost in what is forgotten.
    given_up: u64,
    pub(super) reordered: u64,
    pub(super) duplicated: u64,
}

impl Sequence {
    pub(super) fn see(&mut self, number: u64) -> Seen {
        if number >= self.next {
            if number > self.next {
                self.missing.insert(self.next, number);
                self.bound();
            }
            self.next = number.saturating_add(1);
            return Seen::New;
        }
        let gap = self
            .missing
            .range(..=number)
            .next_back()
            .map(|(start, end)| (*start, *end));
        match gap {
            Some((start, end)) if number < end => {
                self.missing.remove(&start);
                if start < number {
                    self.missing.insert(start, number);
                }
                if number + 1 < end {
                    self.missing.insert(number + 1, end);
                }
                self.reordered += 1;
                Seen::Late
            }
            // It may have been here or not: recorded twice is better than not at all.
            _ if number < self.forgotten => {
                self.reordered += 1;
                Seen::Late
            }
            _ => {
                self.duplicated += 1;
                Seen::Again
            }
        }
    }

    fn bound(&mut self) {
        if self.missing.len() > GAPS
            && let Some((start, end)) = self.missing.pop_first()
        {
            self.forgotten = end;
            self.given_up = self.given_up.saturating_add(end - start);
        }
    }

    /// Events that were numbered and did not come, as far as later ones show it.
    pub(super) fn lost(&self) -> u64 {
        let gaps = self.missing.iter().map(|(start, end)| end - start);
        gaps.fold(self.given_up, u64::saturating_add)
    }

    /// The first gaps, as a person reads them: `4–6, 9`.
    pub(super) fn gaps(&self) -> String {
        let shown = self.missing.iter().take(8).map(|(start, end)| match end - start {
            1 => start.to_string(),
            _ => format!("{start}–{}", end - 1),
        });
        let mut text = shown.collect::<Vec<_>>().join(", ");
        if self.missing.len() > 8 || self.given_up > 0 {
            text.push_str(", …");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gaps_close_when_the_late_one_comes() {
        let mut sequence = Sequence::default();
        let seen: Vec<_> = [0, 4, 2, 2, 5, 8].map(|n| sequence.see(n)).into();
        assert_eq!(
            seen,
            [Seen::New, Seen::New, Seen::Late, Seen::Again, Seen::New, Seen::New]
        );
        assert_eq!((sequence.lost(), sequence.gaps().as_str()), (4, "1, 3, 6–7"));
        assert_eq!((sequence.reordered, sequence.duplicated), (1, 1));
    }

    #[test]
    fn numbers_at_the_edge_and_many_gaps_are_no_trouble() {
        let mut sequence = Sequence::default();
        sequence.see(u64::MAX);
        assert_eq!(sequence.lost(), u64::MAX);
        let mut sequence = Sequence::default();
        for number in 0..3 * GAPS as u64 {
            assert_eq!(sequence.see(2 * number + 1), Seen::New);
        }
        assert_eq!(sequence.missing.len(), GAPS);
        assert_eq!(sequence.lost(), 3 * GAPS as u64);
        assert_eq!(sequence.see(2), Seen::Late);
    }

    proptest! {
        #[test]
        fn the_account_is_that_of_a_set(numbers in proptest::collection::vec(0..40u64, 0..80)) {
            let mut sequence = Sequence::default();
            let mut seen = std::collections::BTreeSet::new();
            for number in numbers {
                let again = sequence.see(number) == Seen::Again;
                prop_assert_eq!(again, !seen.insert(number));
            }
            let all = seen.last().map_or(0, |last| last + 1);
            prop_assert_eq!(sequence.lost(), all - seen.len() as u64);
        }
    }
}
