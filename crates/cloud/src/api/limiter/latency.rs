//! Whether the service has become slow.

use std::time::Duration;

/// Slower than this, seconds, and so many times slower than it was: too many calls.
const SLOW: f64 = 0.5;
const TIMES: f64 = 4.0;

/// The latency of late, and as it is at its best.
#[derive(Debug, Default)]
pub(super) struct Latency {
    best: f64,
    mean: f64,
}

impl Latency {
    /// Adds one; says whether there are fewer calls to be made.
    pub(super) fn add(&mut self, latency: Duration) -> bool {
        let seconds = latency.as_secs_f64();
        if self.mean == 0.0 {
            (self.best, self.mean) = (seconds, seconds);
        }
        // The best is forgotten slowly: a service that has become slow for good is not called one at a time for ever.
        self.best = seconds.min(self.best * 1.01);
        self.mean += (seconds - self.mean) / 10.0;
        let is_slow = self.mean > SLOW && self.mean > TIMES * self.best;
        if is_slow {
            // What comes next is judged anew.
            self.mean = self.best;
        }
        is_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(latency: &mut Latency, millis: u64, times: usize) -> usize {
        (0..times)
            .filter(|_| latency.add(Duration::from_millis(millis)))
            .count()
    }

    #[test]
    fn only_what_became_slow_is_slow() {
        let mut latency = Latency::default();
        assert_eq!(slow(&mut latency, 900, 500), 0);
        let mut latency = Latency::default();
        assert_eq!(slow(&mut latency, 100, 100) + slow(&mut latency, 300, 100), 0);
        assert!(slow(&mut latency, 2_000, 20) > 0);
        // After a while that is how it is.
        slow(&mut latency, 2_000, 2_000);
        assert_eq!(slow(&mut latency, 2_000, 100), 0);
    }
}
