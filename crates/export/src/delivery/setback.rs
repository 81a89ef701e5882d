//! How long is waited after the ledger failed: a disk that is full or out may come back.

use crate::config::Backoff;
use std::time::Duration;

/// So often in a row a lane of a chain that nobody writes tries to put down what is done, about two minutes in all, before it makes
/// room for others and comes back later.
const TRIES: u32 = 8;

/// The waits after one error and the next.
#[derive(Debug)]
pub(crate) struct Setback {
    backoff: Backoff,
    in_a_row: u32,
}

impl Setback {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { backoff, in_a_row: 0 }
    }

    /// The ledger failed again; `has_moved`: something was put down since the last time. Says how long to wait.
    pub(crate) fn again(&mut self, has_moved: bool) -> Duration {
        if has_moved {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.backoff.bound(self.in_a_row)
    }

    /// Whether a lane that others wait for should make room.
    pub(crate) fn is_long(&self) -> bool {
        self.in_a_row >= TRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pace;

    #[test]
    fn waits_grow_to_half_a_minute_and_begin_anew_when_something_moved() {
        let mut setback = Setback::new(Pace::default().setback);
        let mut next = |has_moved| setback.again(has_moved).as_secs();
        let waits: Vec<_> = (0..7).map(|_| next(false)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!((next(true), next(false)), (1, 2));
        assert!(!setback.is_long());
        let _: Vec<_> = (0..TRIES).map(|_| setback.again(false)).collect();
        assert!(setback.is_long());
    }
}
