//! What came in and what did not, counted while it goes on.

use crate::refusal::Refusal;
use sitelog_model::Signal;
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

/// Counters of one tenant; of requests whose sender is not known there is one set more.
#[derive(Debug, Default)]
pub struct TenantCounters {
    requests: [AtomicU64; 3],
    records: [AtomicU64; 3],
    bytes: [AtomicU64; 3],
    refused: [AtomicU64; Refusal::NAMES.len()],
    /// From a whole request to its acknowledgement.
    pub acknowledged: Histogram,
}

impl TenantCounters {
    /// A request was taken and is durable.
    pub(crate) fn taken(&self, signal: Signal, records: usize, bytes: usize, time: Duration) {
        let place = signal as usize - 1;
        self.requests[place].fetch_add(1, Relaxed);
        self.records[place].fetch_add(records as u64, Relaxed);
        self.bytes[place].fetch_add(bytes as u64, Relaxed);
        self.acknowledged.observe(time);
    }

    /// A request was refused.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        let place = Refusal::NAMES.iter().position(|name| *name == refusal.name());
        let place = place.unwrap_or(Refusal::NAMES.len() - 1);
        self.refused[place].fetch_add(1, Relaxed);
    }

    /// Requests, records and bytes of a signal that were taken.
    pub fn of(&self, signal: Signal) -> (u64, u64, u64) {
        let place = signal as usize - 1;
        let read = |counters: &[AtomicU64; 3]| counters[place].load(Relaxed);
        (read(&self.requests), read(&self.records), read(&self.bytes))
    }

    /// Refused requests by reason, without those that are 0.
    pub fn refused(&self) -> Vec<(&'static str, u64)> {
        let all = Refusal::NAMES.iter().zip(&self.refused);
        let all = all.map(|(name, count)| (*name, count.load(Relaxed)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}

/// Counters of the server.
#[derive(Debug, Default)]
pub struct ServerCounters {
    /// Connections that were let in.
    pub opened: AtomicU64,
    /// Connections that are open.
    pub open: AtomicU64,
    /// Idle connections that were closed for new ones, or because they were idle too long.
    pub closed_idle: AtomicU64,
    /// Connections that could not be let in: too many, all of them at work.
    pub turned_away: AtomicU64,
    /// TLS handshakes that failed.
    pub handshakes_failed: AtomicU64,
    /// Requests of senders that nobody knows.
    pub unknown: TenantCounters,
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

    #[test]
    fn refusals_are_counted_by_reason() {
        let counters = TenantCounters::default();
        counters.refuse(&Refusal::Role);
        counters.refuse(&Refusal::Malformed("x".into()));
        counters.refuse(&Refusal::Role);
        assert_eq!(counters.refused(), [("role", 2), ("malformed", 1)]);
    }
}
