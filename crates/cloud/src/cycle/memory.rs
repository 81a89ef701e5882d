//! What outlives a cycle.

use super::audit_log::Log;
use super::book::{Book, Entry, Place};
use super::queue::Queue;
use super::{Cycle, CycleReport};
use crate::api::{Api, Operation};
use crate::config::{Backfill, Config};
use crate::counters::Counters;
use crate::counting::From;
use crate::series::Series;
use crate::state::State;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// An organization that is observed.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) name: Arc<str>,
    /// Since when, Unix nanoseconds; `None` until it was listed for the first time.
    pub(crate) since: Option<u64>,
    /// Places that stacks have left, while the list that tells whether others have them now is not complete.
    pub(crate) vacated: Vec<Place>,
    /// What failed in the last cycle: the others come first.
    pub(crate) failing: BTreeSet<Operation>,
    /// Its gauges as they are kept.
    pub(crate) gauges: String,
    /// Its audit log.
    pub(crate) log: Log,
}

/// What outlives a cycle.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) config: Config,
    pub(crate) api: Api,
    pub(crate) counters: Arc<Counters>,
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) series: Arc<Mutex<Series>>,
    pub(crate) book: Book,
    pub(crate) organizations: Vec<Organization>,
    pub(crate) queue: Queue,
    /// Stacks that somebody calls for.
    pub(crate) calls: mpsc::Receiver<[String; 3]>,
    /// Rows that are to be written, and were not when it was tried.
    pub(crate) unsaved: HashSet<Arc<str>>,
    /// A damaged state was set aside: what it would have counted never counts.
    pub(crate) has_gap: bool,
    pub(crate) number: u32,
    /// Told when something waits for the ledger.
    pub(crate) wake: Arc<Notify>,
}

impl Memory {
    /// One cycle.
    pub(crate) async fn cycle(&mut self) -> CycleReport {
        let began = Instant::now();
        let deadline = began + self.config.cycle_limit();
        let mut cycle = Cycle::begin(self);
        cycle.go_on(deadline, true).await;
        let mut report = cycle.end().await;
        report.seconds = began.elapsed().as_secs_f64();
        self.note(&report);
        report
    }

    /// Between cycles: reads a stack that somebody called for.
    pub(crate) async fn called(&mut self, place: [String; 3]) -> CycleReport {
        let deadline = Instant::now() + self.config.cycle_limit();
        let mut cycle = Cycle::new(self);
        cycle.report.is_call = true;
        cycle.call(place);
        cycle.go_on(deadline, false).await;
        cycle.end().await
    }

    fn note(&self, report: &CycleReport) {
        let now = self.config.clock.now();
        let (stacks, open) = self.book.census();
        self.counters.change(|counts| {
            counts.cycles += 1;
            counts.cycle_seconds = report.seconds;
            counts.left = report.left;
            (counts.stacks, counts.open_versions) = (stacks, open);
            if report.is_good {
                counts.last_good = Some(now);
            }
        });
    }

    pub(crate) fn now(&self) -> u64 {
        self.config.clock.now()
    }

    pub(super) fn organization(&mut self, name: &str) -> Option<&mut Organization> {
        self.organizations.iter_mut().find(|known| &*known.name == name)
    }

    pub(crate) fn since(&self, name: &str) -> Option<u64> {
        self.organizations.iter().find(|known| &*known.name == name)?.since
    }

    /// From where on the updates of a stack count.
    pub(super) fn from(&self, entry: &Entry) -> From {
        if !entry.is_first {
            return From::Cursor;
        }
        let since = self.since(&entry.place[0]).unwrap_or_else(|| self.now());
        let since = i64::try_from(since / 1_000_000_000).unwrap_or(i64::MAX);
        // One that ended within the second in which it was first seen had done so before.
        let ended = match self.config.backfill {
            Backfill::All if !self.has_gap => return From::Beginning,
            Backfill::Window(time) if !self.has_gap => {
                since.saturating_sub(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
            }
            _ => since.saturating_add(1),
        };
        let began = entry.mark.last_update;
        From::Since { began, ended }
    }
}
