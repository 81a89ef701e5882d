//! One cycle: every organization is listed, what has changed is read and counted, and its numbers are asked for.
//!
//! One task holds all memory; calls run beside it and bring their answers. What is counted is committed in batches, and
//! shown only then. A cycle has a deadline: what is left then comes first in the next.

mod answers;
mod audit_log;
pub(crate) mod batch;
pub(crate) mod book;
pub(crate) mod census;
pub(crate) mod job;
mod memory;
pub(crate) mod queue;
pub(crate) mod tally;

use crate::api::{ApiError, Operation};
use crate::state::StateError;
pub(crate) use memory::{Memory, Organization};

use batch::{Batch, Commit};
use job::{Answer, Census, Job, List, Look, Pages, Read, Why};
use queue::{Class, Item};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A commit waits so long for more to come, unless it is large.
const GATHER: Duration = Duration::from_millis(300);
/// Errors that a report names.
const NAMED: usize = 20;

/// What a cycle came to.
#[derive(Clone, Debug, Default)]
pub struct CycleReport {
    /// It is of a call for a single stack: what it does not tell of may be wrong all the same.
    pub is_call: bool,
    /// An organization was listed to its end, and all that was counted is kept. That others failed is in the errors.
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
    /// What is no failure and worth to be said once.
    pub remarks: Vec<String>,
    /// Why what was counted could not be kept.
    pub state: Option<String>,
    /// How long it took.
    pub seconds: f64,
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
            report: CycleReport::default(),
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
        cycle.hear(now);
        let memory = &mut *cycle.memory;
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
        if operation != Operation::Updates
            && let Some(known) = self.memory.organization(organization)
        {
            known.failing.insert(operation);
        }
        if error.is_unauthorized() {
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
        self.report.is_good &= self.report.state.is_none() && self.report.refused.is_none();
        self.report
    }
}

/// The state could not be read: what it would have told is asked for again.
fn unreadable(error: &StateError) -> ApiError {
    ApiError::Malformed(error.to_string())
}
