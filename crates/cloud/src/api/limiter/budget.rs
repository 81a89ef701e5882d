//! Calls in an hour.

use std::time::Duration;
use tokio::time::Instant;

/// A tenth of the hour's calls may be made at once, the rest come evenly: no hour has more than all of them.
#[derive(Debug)]
pub(super) struct Budget {
    most: f64,
    left: f64,
    per_second: f64,
    at: Instant,
}

impl Budget {
    pub(super) fn new(calls: u64, now: Instant) -> Self {
        let calls = calls.max(1) as f64;
        let most = (calls / 10.0).max(1.0);
        Self {
            most,
            left: most,
            per_second: ((calls - most) / 3600.0).max(1.0 / 3600.0),
            at: now,
        }
    }

    /// Takes one call; or says when there is one.
    pub(super) fn take(&mut self, now: Instant) -> Option<Instant> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.most);
        self.at = now;
        if self.left < 1.0 {
            let wait = Duration::from_secs_f64((1.0 - self.left) / self.per_second);
            return Some(now + wait + Duration::from_millis(1));
        }
        self.left -= 1.0;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However the calls come, no hour has more than it may.
        #[test]
        fn no_hour_has_too_many(calls in 2u64..5_000, waits in proptest::collection::vec(0u64..120_000, 1..300)) {
            let start = Instant::now();
            let mut budget = Budget::new(calls, start);
            let mut now = start;
            let mut made = Vec::new();
            for wait in waits {
                now += Duration::from_millis(wait);
                for _ in 0..calls / 20 + 1 {
                    match budget.take(now) {
                        None => made.push(now),
                        Some(later) => prop_assert!(later > now),
                    }
                }
            }
            let mut first = 0;
            for last in 0..made.len() {
                while made[last].duration_since(made[first]) > Duration::from_secs(3600) {
                    first += 1;
                }
                prop_assert!((last - first) as u64 <= calls, "{} of {calls}", last - first + 1);
            }
        }
    }
}
