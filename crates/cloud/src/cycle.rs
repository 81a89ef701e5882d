//! One cycle: every organization is listed, what has changed is read and counted, and its numbers are asked for.
//!
//! One task holds all memory; calls run beside it and bring their answers. What is counted is committed in batches, and
//! shown only then. A cycle has a deadline: what is left then comes first in the next.

mod answers;
pub(crate) mod batch;
pub(crate) mod book;
pub(crate) mod census;
pub(crate) mod job;
pub(crate) mod queue;
pub(crate) mod tally;

use crate::api::{Api, ApiError, Operation};
use crate::config::{Backfill, Config};
use crate::counters::Counters;
use crate::counting::From;
use crate::series::Series;
use crate::state::{State, StateError};
use batch::{Batch, Commit};
use book::{Book, Entry, Place};
use job::{Answer, Census, Job, List, Look, Pages, Read, Why};
use queue::{Class, Item, Queue};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A commit waits so long for more to come, unless it is large.
const GATHER: Duration = Duration::from_millis(300);
/// Errors that a report names.
const NAMED: usize = 20;

/// What a cycle came to.
#[derive(Clone, Debug, Default)]
pub struct CycleReport {
    /// Every organization that was listed was listed to its end, and all that was counted is kept.
    pub is_good: bool,
    /// Why the token is not accepted.
    pub refused: Option<String>,
    /// Stacks whose history was read.
    pub read: u64,
    /// Updates that were counted.
    pub counted: u64,
    /// Stacks that there was no time for.
    pub left: u64,
    /// What failed: operation, organization, and why; the first ones.
    pub errors: Vec<(Operation, Arc<str>, String)>,
    /// How many failed.
    pub failed: u64,
    /// Why what was counted could not be kept.
    pub state: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

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
}

/// A lock whose holder cannot leave things half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A cycle while it runs.
pub(crate) struct Cycle<'a> {
    memory: &'a mut Memory,
    /// Calls, each with the number of its job.
    running: JoinSet<(u64, Result<Answer, ApiError>)>,
    jobs: HashMap<u64, Job>,
    started: u64,
    batch: Batch,
    /// When the batch is to be committed.
    due: Option<Instant>,
    commit: Option<Commit>,
    /// Organizations whose stacks are not planned yet.
    unplanned: usize,
    is_swept: bool,
    report: CycleReport,
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

    fn organization(&mut self, name: &str) -> Option<&mut Organization> {
        self.organizations.iter_mut().find(|known| &*known.name == name)
    }

    pub(crate) fn since(&self, name: &str) -> Option<u64> {
        self.organizations.iter().find(|known| &*known.name == name)?.since
    }

    /// From where on the updates of a stack count.
    fn from(&self, entry: &Entry) -> From {
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

impl<'a> Cycle<'a> {
    fn new(memory: &'a mut Memory) -> Self {
        Self {
            memory,
            running: JoinSet::new(),
            jobs: HashMap::new(),
            started: 0,
            batch: Batch::default(),
            due: None,
            commit: None,
            unplanned: 0,
            is_swept: true,
            report: CycleReport {
                is_good: true,
                ..CycleReport::default()
            },
        }
    }

    /// A cycle with all that it is to do.
    fn begin(memory: &'a mut Memory) -> Self {
        memory.number += 1;
        let (number, now) = (memory.number, memory.now());
        let mut cycle = Self::new(memory);
        cycle.unplanned = cycle.memory.organizations.len();
        cycle.is_swept = false;
        let memory = &mut *cycle.memory;
        cycle.batch.rows.extend(memory.unsaved.drain());
        for is_failing in [false, true] {
            for organization in &memory.organizations {
                let name = &organization.name;
                if organization.failing.contains(&Operation::Stacks) == is_failing {
                    memory.queue.add(Job::List(List {
                        organization: Arc::clone(name),
                        number,
                        is_first: organization.since.is_none(),
                        pages: Pages::default(),
                        since: now,
                        changed: Vec::new(),
                    }));
                }
                for operation in Operation::CENSUS {
                    if organization.failing.contains(&operation) == is_failing {
                        memory.queue.add(Job::Census(Census {
                            organization: Arc::clone(name),
                            operation,
                            pages: Pages::default(),
                            counts: census::Counts::new(),
                        }));
                    }
                }
            }
        }
        for organization in &mut memory.organizations {
            organization.failing.clear();
            if organization.since.is_some() {
                let left = memory.book.due(&organization.name, number, false);
                memory.queue.read(Class::Due, left);
            }
        }
        cycle
    }

    /// Goes on until nothing is left to be done, or the time is over.
    async fn go_on(&mut self, deadline: Instant, is_cycle: bool) {
        let mut is_open = true;
        while !self.is_done() && self.report.refused.is_none() {
            self.sweep();
            self.fill();
            self.commit_when_due();
            let gather = self.due.filter(|_| self.commit.is_none());
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(deadline) => return,
                Some(done) = self.running.join_next() => {
                    if let Ok((number, answer)) = done {
                        self.answered(number, answer);
                    }
                }
                done = batch::committed(&mut self.commit) => self.committed(done),
                call = self.memory.calls.recv(), if is_cycle && is_open => match call {
                    Some(place) => self.call(place),
                    None => is_open = false,
                },
                () = tokio::time::sleep_until(gather.unwrap_or(deadline)), if gather.is_some() => {}
            }
        }
    }

    fn is_done(&self) -> bool {
        let is_idle = self.running.is_empty() && self.memory.queue.is_empty();
        is_idle && self.batch.is_empty() && self.commit.is_none() && (self.is_swept || self.unplanned > 0)
    }

    /// As soon as all lists have told what is to be read, some of the rest is, too.
    fn sweep(&mut self) {
        if self.is_swept || self.unplanned > 0 {
            return;
        }
        self.is_swept = true;
        let memory = &mut *self.memory;
        let begun = memory.organizations.iter().filter(|known| known.since.is_some());
        let names: Vec<Arc<str>> = begun.map(|known| Arc::clone(&known.name)).collect();
        let swept = memory.book.swept(&names, memory.config.sweep, memory.number);
        memory.queue.read(Class::Swept, swept);
    }

    /// Starts calls while there may be more.
    fn fill(&mut self) {
        while self.running.len() < self.memory.config.concurrency.max(1) {
            match self.memory.queue.next() {
                Some(Item::Job(job)) => self.start(*job),
                Some(Item::Stack(id)) => self.read(&id),
                None => return,
            }
        }
    }

    fn start(&mut self, job: Job) {
        if let Some(ask) = job.ask() {
            self.started += 1;
            let (number, api) = (self.started, self.memory.api.clone());
            self.jobs.insert(number, job);
            self.running.spawn(async move { (number, ask.send(&api).await) });
        }
    }

    fn read(&mut self, id: &Arc<str>) {
        let Some(entry) = self.memory.book.get(id) else { return };
        let from = self.memory.from(entry);
        let read = Read::new(
            Arc::clone(id),
            entry.place.clone(),
            entry.listed,
            entry.cursor.clone(),
            from,
        );
        self.start(Job::Read(read));
    }

    /// Somebody says that something happened to a stack: its project's list tells what it is now.
    fn call(&mut self, [organization, project, name]: [String; 3]) {
        let observed = self.memory.organizations.iter();
        let mut observed = observed.filter(|known| known.since.is_some());
        let Some(known) = observed.find(|known| known.name.eq_ignore_ascii_case(&organization)) else {
            return;
        };
        let organization = Arc::clone(&known.name);
        let place = [
            organization,
            self.memory.book.name(&project),
            self.memory.book.name(&name),
        ];
        self.memory.queue.resume(Job::Look(Look {
            place,
            pages: Pages::default(),
            why: Why::Called,
        }));
    }

    /// Something failed; the rest goes on, unless nobody may ask anything.
    fn failed(&mut self, operation: Operation, organization: &Arc<str>, error: &ApiError) {
        self.report.failed += 1;
        if self.report.errors.len() < NAMED {
            let error = (operation, Arc::clone(organization), error.to_string());
            self.report.errors.push(error);
        }
        if operation == Operation::Stacks {
            self.report.is_good = false;
        }
        if operation != Operation::Updates
            && let Some(known) = self.memory.organization(organization)
        {
            known.failing.insert(operation);
        }
        if error.is_unauthorized() {
            self.report.is_good = false;
            self.report.refused.get_or_insert(error.to_string());
            self.memory.queue.clear();
            self.running.abort_all();
        }
    }

    /// The time is over, or everything is done.
    async fn end(mut self) -> CycleReport {
        self.running.abort_all();
        self.report.left += self.memory.queue.settle() as u64;
        for (_, job) in std::mem::take(&mut self.jobs) {
            self.report.left += u64::from(matches!(job, Job::Read(_)));
            if job.is_begun() && self.report.refused.is_none() {
                self.memory.queue.resume(job);
            }
        }
        self.memory.save_gauges(&mut self.batch);
        while self.commit.is_some() || !self.batch.is_empty() {
            self.start_commit();
            let done = batch::committed(&mut self.commit).await;
            self.committed(done);
        }
        self.memory.queue.settle();
        self.memory.book.settle();
        let reading = self.memory.queue.reading();
        for id in reading {
            if let Some(entry) = self.memory.book.get_mut(&id) {
                entry.is_queued = true;
            }
        }
        self.report
    }
}

/// The state could not be read: what it would have told is asked for again.
fn unreadable(error: &StateError) -> ApiError {
    ApiError::Malformed(error.to_string())
}
