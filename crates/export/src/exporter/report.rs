//! What an exporter says at its end, and how long it may take to get there.

use crate::counters::{Counters, SignalCounters};
use crate::delivery::lane::Waiting;
use sitelog_model::Signal;
use std::time::Duration;

/// How long [`crate::Exporter::finish`] waits.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// At most, in all.
    pub total: Duration,
    /// At most without any record delivered or refused.
    pub idle: Duration,
}

impl Default for Patience {
    /// The defaults of `--flush-timeout`: 10 s in all, 1 s without progress.
    fn default() -> Self {
        Self {
            total: Duration::from_secs(10),
            idle: Duration::from_secs(1),
        }
    }
}

/// What became of the records of one signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignalReport {
    /// Records that the destination took.
    pub delivered: u64,
    /// Records refused for good; the ledger lists them.
    pub refused: u64,
    /// Records (metrics: points) that a partial success says were not taken.
    pub rejected: u64,
    /// What stays in the ledger for later.
    pub waiting: Waiting,
    /// What went wrong last, if anything did: destination and its words, fit to be shown.
    pub last_error: Option<String>,
}

/// What an exporter did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    signals: [SignalReport; 3],
    /// Requests sent, each try counted.
    pub requests: u64,
    /// Tries that had to be made again.
    pub retries: u64,
    /// Protobuf bytes taken by destinations.
    pub bytes: u64,
    /// How long destinations asked to wait, in all.
    pub throttled: Duration,
    /// Chains that another process is delivering.
    pub busy_chains: u64,
    /// Whether patience ended before everything was delivered.
    pub gave_up: bool,
}

impl Report {
    /// The report of a signal.
    pub fn of_signal(&self, signal: Signal) -> &SignalReport {
        &self.signals[signal as usize - 1]
    }

    pub(crate) fn of_signal_mut(&mut self, signal: Signal) -> &mut SignalReport {
        &mut self.signals[signal as usize - 1]
    }

    /// Whether nothing waits and nothing was refused.
    pub fn is_clean(&self) -> bool {
        let clean =
            |signal: &SignalReport| signal.waiting == Waiting::default() && signal.refused + signal.rejected == 0;
        !self.gave_up && self.signals.iter().all(clean)
    }

    pub(crate) fn of(counters: &Counters) -> Self {
        let mut report = Self::default();
        for signal in Signal::ALL {
            let counted = counters.of(signal);
            report.add(signal, counted);
        }
        report
    }

    pub(crate) fn failed(counters: &Counters, why: &str) -> Self {
        let mut report = Self {
            gave_up: true,
            ..Self::of(counters)
        };
        report
            .signals
            .iter_mut()
            .for_each(|signal| signal.last_error = Some(why.to_owned()));
        report
    }

    fn add(&mut self, signal: Signal, counted: &SignalCounters) {
        let slot = self.of_signal_mut(signal);
        slot.delivered = counted.delivered_records.get();
        slot.refused = counted.refused_records.get();
        slot.rejected = counted.rejected_records.get();
        self.requests += counted.requests.get();
        self.retries += counted.retries.get();
        self.bytes += counted.bytes.get();
        self.throttled += counted.throttled();
    }
}
