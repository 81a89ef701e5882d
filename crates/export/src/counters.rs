//! What delivery did, counted while it goes on.

use sitelog_model::Signal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}

/// Counters of one signal.
#[derive(Debug, Default)]
pub struct SignalCounters {
    /// `sitelog.export.delivered_records`: records that the destination took.
    pub delivered_records: Counter,
    /// `sitelog.export.refused_records`: records refused for good; they are listed in the ledger.
    pub refused_records: Counter,
    /// `sitelog.export.rejected_records`: records (metrics: points) that a partial success says were not taken.
    pub rejected_records: Counter,
    /// `sitelog.export.partial_successes`: answers with a partial success, warnings among them.
    pub partial_successes: Counter,
    /// `sitelog.export.malformed_frames`: frames of the ledger that hold no OTLP; they are listed in the ledger.
    pub malformed_frames: Counter,
    /// `sitelog.export.cursor_errors`: errors of the ledger's disk, when a cursor was opened, read or put down, after which
    /// delivery waited and went on.
    pub cursor_errors: Counter,
    /// `sitelog.export.requests`: requests sent, each try counted.
    pub requests: Counter,
    /// `sitelog.export.retries`: tries that have to be made again.
    pub retries: Counter,
    /// `sitelog.export.splits`: requests cut in two, to find a bad record or because they were too large.
    pub splits: Counter,
    /// `sitelog.export.bytes`: protobuf bytes that the destination took, before compression.
    pub bytes: Counter,
    /// `sitelog.export.throttled_microseconds`: time asked for by destinations in hints.
    pub throttled_microseconds: Counter,
}

impl SignalCounters {
    /// Every counter with its documented name.
    pub fn all(&self) -> [(&'static str, u64); 11] {
        [
            ("sitelog.export.delivered_records", self.delivered_records.get()),
            ("sitelog.export.refused_records", self.refused_records.get()),
            ("sitelog.export.rejected_records", self.rejected_records.get()),
            ("sitelog.export.partial_successes", self.partial_successes.get()),
            ("sitelog.export.malformed_frames", self.malformed_frames.get()),
            ("sitelog.export.cursor_errors", self.cursor_errors.get()),
            ("sitelog.export.requests", self.requests.get()),
            ("sitelog.export.retries", self.retries.get()),
            ("sitelog.export.splits", self.splits.get()),
            ("sitelog.export.bytes", self.bytes.get()),
            (
                "sitelog.export.throttled_microseconds",
                self.throttled_microseconds.get(),
            ),
        ]
    }

    /// How long destinations asked to wait, in all.
    pub fn throttled(&self) -> Duration {
        Duration::from_micros(self.throttled_microseconds.get())
    }
}

/// Counters of an exporter, one set a signal.
#[derive(Debug, Default)]
pub struct Counters([SignalCounters; 3]);

impl Counters {
    /// The counters of a signal.
    pub fn of(&self, signal: Signal) -> &SignalCounters {
        &self.0[signal as usize - 1]
    }
}
