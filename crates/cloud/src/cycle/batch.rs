//! What is committed together, and shown when it is.

use super::audit_log::Noted;
use super::book::{Place, settled};
use super::tally::Tally;
use super::{Cycle, GATHER, Memory, lock};
use crate::beyond::finished;
use crate::counting::Counted;
use crate::metrics::{Kind, STACK_LAST_UPDATE_TIMESTAMP, STACK_RESOURCE_COUNT};
use crate::series::{Series, Value};
use crate::state::{Change, Mark, OrganizationRow, StackRow, StateError};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Stacks that are committed at once.
const ENOUGH: usize = 100;

/// A stack that was read.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) id: Arc<str>,
    pub(crate) place: Place,
    pub(crate) listed: Mark,
    pub(crate) counted: Counted,
}

/// What waits to be committed.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Stacks whose rows are to be written.
    pub(crate) rows: Vec<Arc<str>>,
    pub(crate) done: Vec<Done>,
    /// Organizations that are observed from now on.
    pub(crate) begun: Vec<OrganizationRow>,
    pub(crate) cursors: Vec<(String, String)>,
    /// What was read of audit logs.
    pub(crate) noted: Vec<Noted>,
    /// Organizations whose stacks are planned when their rows are kept.
    pub(crate) plan: Vec<Arc<str>>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        let is_listed = self.rows.is_empty() && self.begun.is_empty() && self.plan.is_empty();
        is_listed && self.done.is_empty() && self.cursors.is_empty() && self.noted.is_empty()
    }
}

/// A batch that is being committed.
pub(crate) struct Commit {
    batch: Batch,
    change: Change,
    handle: JoinHandle<(Change, Result<(), StateError>)>,
}

/// Waits for a commit; for ever when there is none.
pub(crate) async fn committed(commit: &mut Option<Commit>) -> Result<(), String> {
    let Some(running) = commit else {
        return std::future::pending().await;
    };
    match (&mut running.handle).await {
        Ok((change, result)) => {
            running.change = change;
            result.map_err(|error| error.to_string())
        }
        Err(_) => Err("stopped".to_owned()),
    }
}

impl Cycle<'_> {
    pub(super) fn commit_when_due(&mut self) {
        if self.batch.is_empty() {
            self.due = None;
            return;
        }
        let now = Instant::now();
        let due = *self.due.get_or_insert(now + GATHER);
        // Stacks wait for the rows of their organization.
        let is_due = now >= due || self.batch.done.len() >= ENOUGH || !self.batch.plan.is_empty();
        if is_due || self.running.is_empty() {
            self.start_commit();
        }
    }

    pub(super) fn start_commit(&mut self) {
        if self.commit.is_some() || self.batch.is_empty() {
            return;
        }
        self.due = None;
        let mut batch = std::mem::take(&mut self.batch);
        let change = self.memory.change(&mut batch);
        let state = Arc::clone(&self.memory.state);
        let handle = tokio::task::spawn_blocking(move || {
            let is_empty = change.stacks.is_empty() && change.organizations.is_empty() && change.cursors.is_empty();
            let result = if is_empty { Ok(()) } else { lock(&state).commit(&change) };
            (change, result)
        });
        self.commit = Some(Commit {
            batch,
            change: Change::default(),
            handle,
        });
    }

    /// A commit has ended: only what is kept is shown.
    pub(super) fn committed(&mut self, result: Result<(), String>) {
        let Some(Commit { batch, change, .. }) = self.commit.take() else {
            return;
        };
        self.unplanned = self.unplanned.saturating_sub(batch.plan.len());
        if let Err(error) = result {
            self.report.state.get_or_insert(error);
            self.memory.counters.change(|counts| counts.commit_failures += 1);
            for done in &batch.done {
                self.memory.release(&done.id);
            }
            self.memory.unsaved.extend(batch.rows);
            return;
        }
        for row in &batch.begun {
            if let Some(known) = self.memory.organization(&row.name) {
                known.since = Some(row.since);
            }
        }
        for noted in batch.noted {
            if let Some(known) = self.memory.organization(&noted.organization) {
                known.log.cursor = Some(noted.cursor);
            }
        }
        if !change.outbox.is_empty() {
            self.memory.wake.notify_one();
        }
        for (name, value) in change.cursors {
            let organization = name.strip_prefix(GAUGES).unwrap_or_default();
            if let Some(known) = self.memory.organization(organization) {
                known.gauges = value;
            }
        }
        let now = self.memory.now();
        let series = Arc::clone(&self.memory.series);
        let mut series = lock(&series);
        for sum in change.sums {
            if self
                .memory
                .book
                .is_free(&[0, 1, 2].map(|at| Arc::clone(&sum.labels[at])))
            {
                continue;
            }
            series.put(sum.metric, sum.labels, sum.value, sum.start, now);
        }
        let rows = change.stacks.into_iter().skip(batch.rows.len());
        for (done, row) in batch.done.into_iter().zip(rows) {
            self.count(&mut series, done, row, now);
        }
        drop(series);
        for organization in batch.plan {
            self.plan(&organization);
        }
    }

    fn count(&mut self, series: &mut Series, done: Done, row: StackRow, now: u64) {
        let updates = done.counted.updates.len() as u64;
        self.report.counted += updates;
        self.report.read += 1;
        let vanished = done.counted.vanished.len() as u64;
        self.memory.counters.change(|counts| {
            counts.updates_counted += updates;
            counts.updates_vanished += vanished;
        });
        let number = self.memory.number;
        let Some(entry) = self.memory.book.get_mut(&done.id) else {
            return self.memory.book.put_back(row);
        };
        let is_same = entry.cursor.open == row.cursor.open;
        entry.asked = if is_same { entry.asked.saturating_add(1) } else { 0 };
        (entry.mark, entry.cursor, entry.checked) = (row.mark, row.cursor, row.checked);
        (entry.is_first, entry.is_queued, entry.tried) = (false, false, number);
        let (place, listed, ended) = (entry.place.clone(), entry.listed, entry.cursor.ended);
        let is_called = std::mem::take(&mut entry.is_called);
        if !self.memory.book.is_free(&place) {
            show(series, &place, listed, ended, now);
        }
        if is_called {
            self.call(place.map(|name| name.to_string()));
        }
    }

    /// The stacks of an organization that are to be read.
    pub(super) fn plan(&mut self, organization: &Arc<str>) {
        if self.memory.since(organization).is_some() {
            let due = self.memory.book.due(organization, self.memory.number, true);
            self.memory.queue.read(super::Class::Due, due);
        }
    }
}

/// The gauges of a stack.
pub(crate) fn show(series: &mut Series, place: &Place, listed: Mark, ended: Option<i64>, now: u64) {
    series.set(&STACK_RESOURCE_COUNT, place.to_vec(), listed.resources, now);
    match ended {
        Some(time) => series.set(&STACK_LAST_UPDATE_TIMESTAMP, place.to_vec(), time, now),
        None => series.end(&STACK_LAST_UPDATE_TIMESTAMP, &place.to_vec(), now),
    }
}

/// What the names of the cursors begin with that keep an organization's gauges.
pub(crate) const GAUGES: &str = "gauges/";

impl Memory {
    /// A stack is read and counted no more.
    pub(crate) fn release(&mut self, id: &str) {
        let number = self.number;
        if let Some(entry) = self.book.get_mut(id) {
            (entry.is_queued, entry.tried) = (false, number);
        }
    }

    /// The rows of a batch. A stack that has moved since it was read is read again.
    fn change(&mut self, batch: &mut Batch) -> Change {
        let mut change = Change {
            organizations: batch.begun.clone(),
            cursors: std::mem::take(&mut batch.cursors),
            ..Change::default()
        };
        batch.rows.retain(|id| {
            let row = self.book.get(id).map(|entry| entry.row(id));
            change.stacks.extend(row.clone());
            row.is_some()
        });
        let (now, mut moved) = (self.now(), Vec::new());
        batch.done.retain(|done| {
            let entry = self.book.get(&done.id);
            let is_there = entry.is_some_and(|entry| entry.place == done.place && self.book.owns(&done.id, entry));
            if !is_there {
                moved.push(Arc::clone(&done.id));
            }
            is_there
        });
        moved.iter().for_each(|id| self.release(id));
        let series = Arc::clone(&self.series);
        let series = lock(&series);
        let mut tally = Tally::new(&series);
        for done in &batch.done {
            let start = self.since(&done.place[0]).unwrap_or(now);
            let mut name = |name: &str| self.book.name(name);
            for update in &done.counted.updates {
                tally.add(&done.place, update, start, &mut name);
            }
            if let Some(audit) = self.config.audit.as_ref().filter(|audit| audit.updates) {
                let place = done.place.each_ref().map(|name| &**name);
                let rows = done.counted.updates.iter();
                change
                    .outbox
                    .extend(rows.map(|update| finished::row(update, &done.id, place, &audit.sanitizer)));
            }
            change.stacks.push(StackRow {
                id: Arc::clone(&done.id),
                labels: done.place.clone(),
                mark: settled(done.listed, now),
                cursor: done.counted.cursor.clone(),
                checked: now.max(1),
                gone: 0,
            });
        }
        change.sums = tally.rows();
        change.cursors.extend(batch.noted.iter().map(Noted::kept));
        let noted = batch.noted.iter_mut();
        change
            .outbox
            .extend(noted.flat_map(|noted| std::mem::take(&mut noted.rows)));
        change
    }

    /// The gauges of the organizations, for the next start: what falls to nothing meanwhile is told then.
    pub(crate) fn save_gauges(&mut self, batch: &mut Batch) {
        let series = Arc::clone(&self.series);
        let series = lock(&series);
        for organization in &mut self.organizations {
            let mut gauges: Vec<(&str, &[Arc<str>], i64)> = Vec::new();
            for (metric, points) in series
                .families()
                .filter(|(metric, _)| is_kept(metric.kind, metric.labels))
            {
                let from = points.range(vec![Arc::clone(&organization.name)]..);
                for (labels, point) in from.take_while(|(labels, _)| labels[0] == organization.name) {
                    if let Value::Int(value) = point.value
                        && !point.is_ending()
                        && (value != 0 || metric.kind != Kind::Census)
                    {
                        gauges.push((metric.name, labels, value));
                    }
                }
            }
            let gauges = gauges.iter().map(|(name, labels, value)| {
                let labels: Vec<&str> = labels.iter().map(|label| &**label).collect();
                (*name, labels, *value)
            });
            let text = serde_json::to_string(&gauges.collect::<Vec<_>>()).unwrap_or_default();
            if text != organization.gauges {
                batch.cursors.push((format!("{GAUGES}{}", organization.name), text));
            }
        }
    }
}

/// Whether a metric's series are those of an organization, not of its stacks.
pub(crate) fn is_kept(kind: Kind, labels: &[&str]) -> bool {
    matches!(kind, Kind::Gauge | Kind::Census) && !labels.contains(&"stack")
}
