//! What was asked of the server and how.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::api::Operation;

/// A call that was on its way when the client was told to wait may come so much later and is none that ignores it.
const ON_ITS_WAY: Duration = Duration::from_millis(250);

/// Counters since the start, or since they were reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Calls by operation and status; status 0 was never answered.
    pub calls: BTreeMap<Operation, BTreeMap<u16, u64>>,
    /// TCP connections accepted.
    pub connections: u64,
    /// Bytes written to connections, heads included.
    pub bytes_out: u64,
    /// Calls that came while a `Retry-After` said to wait (those on their way when it was said do not count).
    pub inside_retry_after: u64,
    /// The most calls that were being answered at one time.
    pub peak_concurrent: u64,
    /// Calls without `Accept: application/vnd.pulumi+N`, which the service asks for.
    pub without_accept: u64,
    /// Calls for a path or method that the simulation does not have.
    pub unknown: u64,
}

impl Stats {
    /// All calls of known operations.
    pub fn total(&self) -> u64 {
        self.calls.values().flat_map(BTreeMap::values).sum()
    }

    /// Calls of an operation.
    pub fn of(&self, operation: Operation) -> u64 {
        self.calls.get(&operation).into_iter().flat_map(BTreeMap::values).sum()
    }
}

/// The counters while they count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    inner: Mutex<Inner>,
    pub(crate) connections: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    stats: Stats,
    concurrent: u64,
    /// When the client was told to wait, and until when.
    wait: Option<(Instant, Instant)>,
}

impl Counters {
    /// The counters as they are.
    pub(crate) fn read(&self) -> Stats {
        Stats {
            connections: self.connections.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            ..self.inner().stats.clone()
        }
    }

    /// Begins again at 0. Calls that are being answered count with what comes.
    pub(crate) fn reset(&self) {
        self.connections.store(0, Ordering::Relaxed);
        self.bytes_out.store(0, Ordering::Relaxed);
        let mut inner = self.inner();
        inner.stats = Stats {
            peak_concurrent: inner.concurrent,
            ..Stats::default()
        };
    }

    /// A call came.
    pub(crate) fn came(&self, now: Instant, has_accept: bool) {
        let mut inner = self.inner();
        inner.concurrent += 1;
        inner.stats.peak_concurrent = inner.stats.peak_concurrent.max(inner.concurrent);
        inner.stats.without_accept += u64::from(!has_accept);
        let ignores = |(said, until): (Instant, Instant)| now > said + ON_ITS_WAY && now < until;
        inner.stats.inside_retry_after += u64::from(inner.wait.is_some_and(ignores));
    }

    /// A call was answered, or given up by the client (status 0).
    pub(crate) fn went(&self, operation: Operation, status: u16) {
        let mut inner = self.inner();
        inner.concurrent = inner.concurrent.saturating_sub(1);
        *inner
            .stats
            .calls
            .entry(operation)
            .or_default()
            .entry(status)
            .or_default() += 1;
    }

    /// The client is told to wait. The longest wait holds.
    pub(crate) fn told_to_wait(&self, now: Instant, wait: Duration) {
        let mut inner = self.inner();
        let until = now + wait;
        if inner.wait.is_none_or(|(_, before)| before < until) {
            // Who was told before knows already.
            let said = inner
                .wait
                .filter(|(_, before)| now < *before)
                .map_or(now, |(said, _)| said);
            inner.wait = Some((said, until));
        }
    }

    pub(crate) fn unknown(&self) {
        self.inner().stats.unknown += 1;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_ignore_a_wait_are_counted() {
        let counters = Counters::default();
        let start = Instant::now();
        counters.told_to_wait(start, Duration::from_secs(4));
        for millis in [10, 249, 251, 3_999, 4_001] {
            counters.came(start + Duration::from_millis(millis), true);
        }
        assert_eq!(counters.read().inside_retry_after, 2);
    }

    #[test]
    fn the_peak_is_of_calls_at_one_time() {
        let counters = Counters::default();
        let now = Instant::now();
        counters.came(now, true);
        counters.came(now, false);
        counters.went(Operation::ListTeams, 200);
        counters.came(now, true);
        counters.went(Operation::ListTeams, 0);
        let stats = counters.read();
        assert_eq!((stats.peak_concurrent, stats.without_accept, stats.total()), (2, 1, 2));
        assert_eq!(stats.calls[&Operation::ListTeams], BTreeMap::from([(0, 1), (200, 1)]));
        counters.reset();
        assert_eq!((counters.read().total(), counters.read().peak_concurrent), (0, 1));
    }
}
