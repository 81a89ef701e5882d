//! Sizes and times of delivery.

use std::time::Duration;

/// How delivery is cut into requests and when it tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Frames are joined up to this many bytes of protobuf a request. A frame of its own may be larger.
    ///
    /// 1 MiB: far below the 4 MiB that a Collector takes, and beyond the point where larger requests are faster.
    pub request_bytes: usize,
    /// Requests on their way to one destination at the same time, at most: fewer while it answers slowly or refuses.
    pub in_flight: usize,
    /// How long a request that is not full waits for more frames of a chain that is still written.
    pub linger: Duration,
    /// Waiting times after a failure.
    pub backoff: Backoff,
    /// Waiting times after an error of the ledger's own disk, without jitter; default 1 s to 30 s.
    pub setback: Backoff,
    /// How often a request is tried that gets an answer which may be the data's or the destination's fault (HTTP 500,
    /// gRPC `INTERNAL`), before it is split to find out.
    pub suspect_tries: u32,
    /// After this many records refused one by one, none accepted between, the rest of the request is refused whole.
    pub refusals_in_a_row: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            request_bytes: 1 << 20,
            in_flight: 16,
            linger: Duration::from_millis(200),
            backoff: Backoff::default(),
            setback: Backoff {
                first: Duration::from_secs(1),
                max: Duration::from_secs(30),
            },
            suspect_tries: 3,
            refusals_in_a_row: 100,
        }
    }
}

/// Exponential back-off with full jitter: the n-th wait is random between nothing and `first` doubled n times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Upper bound of the first wait.
    pub first: Duration,
    /// Upper bound of all waits that the destination did not ask for, and the wait after a refused credential.
    pub max: Duration,
}

impl Default for Backoff {
    /// For a command that ends: 150 ms to 5 s. A gateway raises `max` to 30 s.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(150),
            max: Duration::from_secs(5),
        }
    }
}

impl Backoff {
    /// Upper bound of the wait after `failures` failures in a row.
    pub(crate) fn bound(&self, failures: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(20));
        doubled.min(self.max)
    }

    /// The wait after `failures` failures in a row.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        self.bound(failures).mul_f64(fraction())
    }
}

/// A number from 0 to 1. The standard library's hasher keys are random and differ for each hasher: enough for jitter.
fn fraction() -> f64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_stay_below_it() {
        let backoff = Backoff::default();
        let bounds = [1, 2, 3, 10, 1000].map(|n| backoff.bound(n).as_millis());
        assert_eq!(bounds, [150, 300, 600, 5000, 5000]);
        let waits: Vec<_> = (0..100).map(|_| backoff.wait(3)).collect();
        assert!(waits.iter().all(|wait| *wait <= backoff.bound(3)));
        assert!(waits.iter().any(|wait| *wait != waits[0]), "no jitter");
    }
}
