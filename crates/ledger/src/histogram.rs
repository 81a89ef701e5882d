//! How long things take, for whoever asks how the disk does.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets of times, microseconds.
const BOUNDS: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000, 30_000_000,
];

/// How long something took, in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Histogram {
    /// Notes one time.
    pub fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.micros.fetch_add(micros, Relaxed);
    }

    /// Bounds in seconds with how many were at most that, the last without a bound; and the sum in seconds.
    pub fn read(&self) -> (Vec<(Option<f64>, u64)>, f64) {
        let bounds = BOUNDS.iter().map(|bound| Some(*bound as f64 / 1e6)).chain([None]);
        let mut sum = 0;
        let counts = self.buckets.iter().map(|bucket| {
            sum += bucket.load(Relaxed);
            sum
        });
        (bounds.zip(counts).collect(), self.micros.load(Relaxed) as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_their_buckets() {
        let histogram = Histogram::default();
        for micros in [0, 250, 251, 40_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let (buckets, sum) = histogram.read();
        assert_eq!(buckets[0], (Some(0.000_25), 2));
        assert_eq!(buckets[1], (Some(0.000_5), 3));
        assert_eq!(buckets[buckets.len() - 2..], [(Some(30.0), 3), (None, 4)]);
        assert!((sum - 40.000_501).abs() < 1e-9);
    }
}
