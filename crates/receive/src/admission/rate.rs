//! How fast a tenant may send.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A second's worth can be had at once.
const BURST: f64 = 1.0;

/// A token bucket. A request is let in while there is anything left, and may leave a debt: so that one larger than a
/// second's worth gets through, and the rate still holds on average.
pub(crate) struct Bucket(Mutex<State>);

struct State {
    left: f64,
    at: Option<Instant>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self(Mutex::new(State { left: 0.0, at: None }))
    }
}

impl Bucket {
    /// Takes `amount`, or says when there will be something again. Without a rate everything passes.
    pub(crate) fn take(&self, amount: u64, rate: Option<u64>, now: Instant) -> Result<(), Duration> {
        let Some(rate) = rate else { return Ok(()) };
        let rate = rate.max(1) as f64;
        // A panic leaves plain numbers behind.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = rate * BURST;
        state.left = match state.at {
            None => full,
            Some(at) => (state.left + now.saturating_duration_since(at).as_secs_f64() * rate).min(full),
        };
        state.at = Some(now);
        if state.left <= 0.0 {
            // Beyond zero, so that the wait is enough and does not end in a busy loop.
            let wait = (1.0 - state.left) / rate;
            return Err(Duration::from_secs_f64(wait.clamp(0.001, 3600.0)));
        }
        state.left -= amount as f64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_large_request_passes_once_and_is_paid_back() {
        let (bucket, start) = (Bucket::default(), Instant::now());
        assert_eq!(bucket.take(1000, Some(100), start), Ok(()));
        let wait = bucket.take(1, Some(100), start).unwrap_err();
        assert!(
            wait >= Duration::from_secs(9) && wait < Duration::from_secs(10),
            "{wait:?}"
        );
        assert_eq!(bucket.take(1, Some(100), start + wait), Ok(()));
        assert_eq!(bucket.take(u64::MAX, None, start), Ok(()));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_the_rate(rate in 1..1000u64, steps in proptest::collection::vec((0..2000u64, 1..50u64), 1..100)) {
            let (bucket, start) = (Bucket::default(), Instant::now());
            let (mut passed, mut largest, mut at) = (0, 0, 0);
            for (millis, amount) in steps {
                at += millis;
                if bucket.take(amount, Some(rate), start + Duration::from_millis(at)).is_ok() {
                    passed += amount;
                    largest = largest.max(amount);
                }
            }
            prop_assert!(passed as f64 <= rate as f64 * (1.0 + at as f64 / 1000.0) + largest as f64 + 0.001);
        }

        #[test]
        fn whoever_waits_as_told_is_let_in(rate in 1..1000u64, amount in 1..100_000u64) {
            let (bucket, start) = (Bucket::default(), Instant::now());
            bucket.take(amount, Some(rate), start).unwrap();
            if let Err(wait) = bucket.take(1, Some(rate), start) && wait < Duration::from_secs(3600) {
                prop_assert_eq!(bucket.take(1, Some(rate), start + wait), Ok(()));
            }
        }
    }
}
