//! What the exporter says of itself.

use crate::api::Operation;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counters while they count; times in Unix nanoseconds.
#[derive(Debug, Default)]
pub struct Counters(Mutex<Counts>);

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Calls by operation and status; `canceled` where the cycle's time was over first.
    pub calls: BTreeMap<(Operation, String), u64>,
    /// Calls that were made once more.
    pub retries: u64,
    /// Cycles that were run.
    pub cycles: u64,
    /// Of the last cycle.
    pub cycle_seconds: f64,
    /// When the last cycle ended that listed every organization and kept what it counted.
    pub last_good: Option<u64>,
    /// When an operation last told what it is asked for, by organization.
    pub last_success: BTreeMap<(Arc<str>, Operation), u64>,
    /// Updates that were counted.
    pub updates_counted: u64,
    /// Updates that had not ended and are in the history no more: they never count.
    pub updates_vanished: u64,
    /// Histories that began anew under the same name.
    pub recreated: u64,
    /// Stacks that are in the lists.
    pub stacks: u64,
    /// Updates that have not ended.
    pub open_versions: u64,
    /// Stacks that the last cycle had no time for; the next begins with them.
    pub left: u64,
    /// Commits that failed: what they were to count is counted later.
    pub commit_failures: u64,
    /// Damaged states that were set aside: gaps.
    pub states_set_aside: u64,
    /// Webhooks' polls that were dropped because too many waited; the next cycle counts those stacks.
    pub polls_dropped: u64,
    /// Audit records and spans that were put into the ledger.
    pub audit_records: u64,
    /// Those that were there already: a crash had come between them and the outbox.
    pub audit_repeats: u64,
    /// Those that never can be there: too large, or nothing that can be read.
    pub audit_records_refused: u64,
    /// Updates and entries that are not in the ledger yet.
    pub audit_waiting: u64,
    /// How often the ledger took nothing; all of it waits.
    pub audit_write_failures: u64,
    /// Why it took nothing the last time.
    pub audit_fault: Option<String>,
    /// Updates that were recorded without their engine events, by why.
    pub audit_events_missing: BTreeMap<String, u64>,
    /// Engine events that could not be read.
    pub audit_events_malformed: u64,
    /// Whether an organization's audit log is refused.
    pub audit_log_refused: BTreeMap<Arc<str>, bool>,
}

impl Counters {
    /// As they are.
    pub fn counts(&self) -> Counts {
        self.get().clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.get());
    }

    pub(crate) fn retried(&self) {
        self.get().retries += 1;
    }

    /// A call begins; it counts whatever becomes of it.
    pub(crate) fn begin(self: &Arc<Self>, operation: Operation) -> Call {
        Call {
            counters: Arc::clone(self),
            operation,
            ended: false,
        }
    }

    fn called(&self, operation: Operation, status: &str) {
        *self.get().calls.entry((operation, status.to_owned())).or_default() += 1;
    }

    fn get(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is under way.
pub(crate) struct Call {
    counters: Arc<Counters>,
    operation: Operation,
    ended: bool,
}

impl Call {
    pub(crate) fn end(mut self, status: &str) {
        self.ended = true;
        self.counters.called(self.operation, status);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.counters.called(self.operation, "canceled");
        }
    }
}
