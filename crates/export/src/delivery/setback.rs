//! How long a lane waits after its ledger failed it: a disk that is full or out may come back.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// So often in a row a lane of a chain that nobody writes tries, about two minutes in all: others wait for its place.
const TRIES: u32 = 8;

/// The waits of one lane.
#[derive(Debug, Default)]
pub(crate) struct Setback {
    in_a_row: u32,
}

impl Setback {
    /// The ledger failed again; `has_moved`: something was put down since the last time. Says how long to wait.
    pub(crate) fn again(&mut self, has_moved: bool) -> Duration {
        if has_moved {
            self.in_a_row = 0;
        }
        let wait = FIRST.saturating_mul(1 << self.in_a_row.min(16)).min(LONGEST);
        self.in_a_row = self.in_a_row.saturating_add(1);
        wait
    }

    /// Whether a lane that others wait for should make room.
    pub(crate) fn is_long(&self) -> bool {
        self.in_a_row >= TRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_begin_anew_when_something_moved() {
        let mut setback = Setback::default();
        let mut next = |has_moved| setback.again(has_moved).as_secs();
        let waits: Vec<_> = (0..7).map(|_| next(false)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!((next(true), next(false)), (1, 2));
        assert!(!setback.is_long());
        let _: Vec<_> = (0..TRIES).map(|_| setback.again(false)).collect();
        assert!(setback.is_long());
    }
}
