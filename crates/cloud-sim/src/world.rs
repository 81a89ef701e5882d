//! Everything that the simulated service knows: plain data, changed by the caller, read by the server and by the truth.

mod organization;
mod stack;
mod update;

use std::collections::BTreeMap;

pub use organization::{
    AuditEntry, DEPLOYMENT_STATUSES, Deployment, LEVELS, Organization, PolicyTotals, TASK_STATUSES, Task,
    VIOLATION_KINDS, Violation,
};
pub(crate) use stack::made_up_changes;
pub use stack::{Stack, StackPath};
pub use update::{Kind, OPERATIONS, Outcome, Update};

use crate::clock::Clock;
use crate::random::{Random, mix, seed_of};

/// A change that the world does not allow.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WorldError {
    /// No stack has this path.
    #[error("no stack {0}")]
    NoStack(StackPath),
    /// A stack has this path already.
    #[error("a stack {0} is there already")]
    StackExists(StackPath),
    /// The update is not there or has ended.
    #[error("stack {0} has no open update {1}")]
    NotOpen(StackPath, u64),
    /// An update cannot end without a final result.
    #[error("{0} is no final result")]
    NotFinal(&'static str),
}

/// The world. Organizations are there when somebody names them for the first time.
#[derive(Debug, Clone)]
pub struct World {
    clock: Clock,
    seed: u64,
    /// Stacks made so far: each has a seed of its own, and so an id.
    made: u64,
    stacks: BTreeMap<StackPath, Stack>,
    organizations: BTreeMap<String, Organization>,
    /// Places of deleted stacks, in the order of their deletion.
    deleted: Vec<StackPath>,
    /// What stands in the texts of updates, of their configuration and of their events.
    planted: Option<String>,
}

impl World {
    /// An empty world whose clock stands at `now`.
    pub fn new(seed: u64, now: i64) -> Self {
        Self::with_clock(seed, Clock::manual(now))
    }

    /// An empty world with a clock.
    pub fn with_clock(seed: u64, clock: Clock) -> Self {
        Self {
            clock,
            seed,
            made: 0,
            stacks: BTreeMap::new(),
            organizations: BTreeMap::new(),
            deleted: Vec::new(),
            planted: None,
        }
    }

    /// Puts a text, such as a secret, into every update's message, configuration and events, as an author might by mistake.
    pub fn plant(&mut self, text: &str) {
        self.planted = Some(text.to_owned());
    }

    pub(crate) fn planted(&self) -> Option<&str> {
        self.planted.as_deref()
    }

    /// Unix seconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Puts the clock forward.
    pub fn advance(&mut self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// Lets the clock go by itself from now on, so many seconds in a second.
    pub fn let_run(&mut self, factor: f64) {
        self.clock = Clock::running(self.now(), factor);
    }

    /// Stacks in the order of their paths.
    pub fn stacks(&self) -> &BTreeMap<StackPath, Stack> {
        &self.stacks
    }

    /// Organizations by name.
    pub fn organizations(&self) -> &BTreeMap<String, Organization> {
        &self.organizations
    }

    /// Places of deleted stacks where none is now, in the order of their deletion.
    pub fn deleted(&self) -> &[StackPath] {
        &self.deleted
    }

    /// An organization, to change it; an empty one when it is new.
    pub fn organization(&mut self, name: &str) -> &mut Organization {
        self.organizations.entry(name.to_owned()).or_default()
    }

    /// A stack by its path.
    pub fn stack(&self, path: &StackPath) -> Result<&Stack, WorldError> {
        self.stacks.get(path).ok_or_else(|| WorldError::NoStack(path.clone()))
    }

    fn stack_mut(&mut self, path: &StackPath) -> Result<&mut Stack, WorldError> {
        self.stacks
            .get_mut(path)
            .ok_or_else(|| WorldError::NoStack(path.clone()))
    }

    /// A new stack that was never updated; its id is one that never was.
    pub fn create(&mut self, path: &StackPath) -> Result<(), WorldError> {
        self.create_with_past(path, 0, 0)
    }

    /// A stack with `count` finished updates, the newest of which started `age` seconds ago (at least an hour).
    pub fn create_with_past(&mut self, path: &StackPath, count: u64, age: i64) -> Result<(), WorldError> {
        if self.stacks.contains_key(path) {
            return Err(WorldError::StackExists(path.clone()));
        }
        self.made += 1;
        let newest = self.now() - age.max(3_600);
        let seed = mix(self.seed ^ seed_of(&path.to_string()), self.made);
        self.stacks.insert(path.clone(), Stack::with_past(seed, count, newest));
        self.deleted.retain(|deleted| deleted != path);
        self.note(path, "stack.create", "Created stack");
        Ok(())
    }

    /// Begins an update; returns its version.
    pub fn start(&mut self, path: &StackPath, kind: Kind) -> Result<u64, WorldError> {
        self.begin(path, kind, Outcome::InProgress)
    }

    /// Puts an update into the queue: it has a version and does not run.
    pub fn queue(&mut self, path: &StackPath, kind: Kind) -> Result<u64, WorldError> {
        self.begin(path, kind, Outcome::NotStarted)
    }

    fn begin(&mut self, path: &StackPath, kind: Kind, outcome: Outcome) -> Result<u64, WorldError> {
        let now = self.now();
        let version = self.stack_mut(path)?.begin(kind, outcome, now);
        self.note(path, "stack.update", "Started an update of stack");
        Ok(version)
    }

    /// Ends an open update now.
    pub fn end(
        &mut self,
        path: &StackPath,
        version: u64,
        outcome: Outcome,
        changes: &[(&'static str, i64)],
    ) -> Result<(), WorldError> {
        if !outcome.is_final() {
            return Err(WorldError::NotFinal(outcome.as_str()));
        }
        let now = self.now();
        let ended = self.stack_mut(path)?.finish(version, outcome, now, changes);
        ended
            .then_some(())
            .ok_or_else(|| WorldError::NotOpen(path.clone(), version))
    }

    /// A whole update: the clock goes on by the seconds it takes.
    pub fn run(
        &mut self,
        path: &StackPath,
        kind: Kind,
        outcome: Outcome,
        seconds: i64,
        changes: &[(&'static str, i64)],
    ) -> Result<u64, WorldError> {
        let version = self.start(path, kind)?;
        self.advance(seconds);
        self.end(path, version, outcome, changes)?;
        Ok(version)
    }

    /// Deletes a stack and its history.
    pub fn delete(&mut self, path: &StackPath) -> Result<(), WorldError> {
        self.stacks
            .remove(path)
            .ok_or_else(|| WorldError::NoStack(path.clone()))?;
        self.deleted.push(path.clone());
        self.note(path, "stack.delete", "Deleted stack");
        Ok(())
    }

    /// Deletes a stack and makes another of its name: another id, versions from 1.
    pub fn recreate(&mut self, path: &StackPath) -> Result<(), WorldError> {
        self.delete(path)?;
        self.create(path)
    }

    /// The stack keeps its id and its versions begin again at 1.
    pub fn restart_versions(&mut self, path: &StackPath) -> Result<(), WorldError> {
        self.stack_mut(path)?.restart();
        Ok(())
    }

    /// Gives a stack another place; id and history stay.
    pub fn rename(&mut self, from: &StackPath, to: &StackPath) -> Result<(), WorldError> {
        if self.stacks.contains_key(to) {
            return Err(WorldError::StackExists(to.clone()));
        }
        let stack = self
            .stacks
            .remove(from)
            .ok_or_else(|| WorldError::NoStack(from.clone()))?;
        self.stacks.insert(to.clone(), stack);
        self.deleted.retain(|deleted| deleted != to);
        self.note(to, "stack.rename", "Renamed stack");
        Ok(())
    }

    /// Lets a share of the stacks have one whole update each that has just ended; returns how many. The clock stands.
    pub fn change_share(&mut self, percent: u64, seed: u64) -> u64 {
        let now = self.now();
        let mut random = Random::new(seed ^ now as u64);
        let total = self.stacks.len() as u64;
        let count = total * percent.min(100) / 100;
        let first = random.below(total);
        for (place, stack) in (0..).zip(self.stacks.values_mut()) {
            // Evenly spread, beginning anywhere.
            if (place + first) % total * count % total >= count {
                continue;
            }
            let version = stack.begin(Kind::Update, Outcome::InProgress, now - 5);
            stack.finish(version, Outcome::Succeeded, now, &made_up_changes(&mut random));
        }
        count
    }

    /// A number that no stack has been named after.
    pub(crate) fn fresh_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    fn note(&mut self, path: &StackPath, event: &str, text: &str) {
        let entry = AuditEntry {
            time: self.now(),
            event: event.to_owned(),
            description: format!("{text} {}/{}", path.project, path.stack),
            user: "dana".to_owned(),
        };
        self.organization(&path.org).audit.push(entry);
    }
}
