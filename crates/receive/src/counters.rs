//! What came in and what did not, counted while it goes on.

use crate::refusal::Refusal;
use sitelog_ledger::Histogram;
use sitelog_model::Signal;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

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
    fn refusals_are_counted_by_reason() {
        let counters = TenantCounters::default();
        counters.refuse(&Refusal::Role);
        counters.refuse(&Refusal::Malformed("x".into()));
        counters.refuse(&Refusal::Role);
        assert_eq!(counters.refused(), [("role", 2), ("malformed", 1)]);
    }
}
