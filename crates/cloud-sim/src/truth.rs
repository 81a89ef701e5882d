//! What an exporter that sees the whole world at each poll and never errs must say.
//!
//! Worked out from the world alone, never from an answer of the server. The rules:
//!
//! - An update counts once, at the first poll at which it has a final result and its stack is there, under the name that
//!   the stack has at that poll. An update whose stack is gone by then cannot be seen by anybody and does not count.
//! - What had ended before the first poll of an organization counts as [`Backfill`] says; what was open then counts.
//! - Sums belong to labels: a stack that is recreated, or another that takes a name, goes on with the sums of the name.
//! - Series of a stack are there while a stack of the name is in the list. Counts by status, level or state are there
//!   while they are above zero, and once more with the value 0 at the poll at which they fall to zero.
//!
//! What was open at the first poll counts however old it is. An exporter that asks only for the newest page then cannot
//! know of an open update further back; histories for such a test begin with fewer.

mod gauges;
mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gauges::falls_to_zero;
pub use series::{BOUNDS, Histogram, METRICS, Series};

use crate::world::{Stack, StackPath, Update, World};

/// Which updates that had ended before the first poll count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    /// None of them.
    None,
    /// Those that ended in the last so many seconds (the bound included).
    Window(i64),
    /// All of them.
    All,
}

/// What must be said at one poll.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// Gauges.
    pub gauges: BTreeMap<Series, f64>,
    /// Counters.
    pub sums: BTreeMap<Series, i64>,
    /// Histograms.
    pub histograms: BTreeMap<Series, Histogram>,
    /// Series that were said at the poll before and are not now.
    pub ended: BTreeSet<Series>,
}

impl Truth {
    /// What an exporter said otherwise, a line a series; `ended` is not compared.
    pub fn differences(&self, said: &Self) -> Vec<String> {
        let mut lines = compare(&self.gauges, &said.gauges);
        lines.extend(compare(&self.sums, &said.sums));
        lines.extend(compare(&self.histograms, &said.histograms));
        lines
    }

    /// Every series that is said.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.gauges.keys().chain(self.sums.keys()).chain(self.histograms.keys())
    }

    fn has(&self, series: &Series) -> bool {
        self.gauges.contains_key(series) || self.sums.contains_key(series) || self.histograms.contains_key(series)
    }
}

/// An update as nothing else can be it: id and life of its stack, and version.
type UpdateKey = (String, u32, u64);

/// An update that counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The service's id of it.
    pub id: String,
    /// Where its stack was then.
    pub path: StackPath,
    /// The update.
    pub update: Update,
}

/// Sees the world at each poll.
#[derive(Debug, Clone)]
pub struct Observer {
    backfill: Backfill,
    organizations: BTreeSet<String>,
    /// Organizations that were polled before.
    begun: BTreeSet<String>,
    /// Updates that were counted or never will be.
    settled: BTreeSet<UpdateKey>,
    sums: BTreeMap<Series, i64>,
    histograms: BTreeMap<Series, Histogram>,
    counted: Vec<Counted>,
    last: Truth,
}

impl Observer {
    /// One that has not seen anything yet.
    pub fn new(backfill: Backfill, organizations: &[&str]) -> Self {
        Self {
            backfill,
            organizations: organizations.iter().map(|&name| name.to_owned()).collect(),
            begun: BTreeSet::new(),
            settled: BTreeSet::new(),
            sums: BTreeMap::new(),
            histograms: BTreeMap::new(),
            counted: Vec::new(),
            last: Truth::default(),
        }
    }

    /// The organizations that are configured from now on.
    pub fn configure(&mut self, organizations: &[&str]) {
        self.organizations = organizations.iter().map(|&name| name.to_owned()).collect();
    }

    /// A whole cycle: what must be said after it.
    pub fn poll(&mut self, world: &World) -> Truth {
        for (path, stack) in self.seen(world) {
            self.settle(world, path, stack);
        }
        self.begun.extend(self.organizations.iter().cloned());
        let mut gauges = gauges::of(world, &self.organizations);
        gauges.extend(falls_to_zero(&self.last.gauges, &gauges, &self.organizations));
        let (sums, histograms) =
            self.sums_of(|path| self.organizations.contains(&path.org) && world.stacks().contains_key(path));
        let mut truth = Truth {
            gauges,
            sums,
            histograms,
            ended: BTreeSet::new(),
        };
        truth.ended = self
            .last
            .series()
            .filter(|series| !truth.has(series))
            .cloned()
            .collect();
        self.last = truth.clone();
        truth
    }

    /// One stack is asked outside of a cycle, as after a webhook: its counters and gauges, with all else as it was.
    pub fn poll_stack(&mut self, world: &World, path: &StackPath) -> Truth {
        if let Some(stack) = world.stacks().get(path).filter(|_| self.begun.contains(&path.org)) {
            self.settle(world, path, stack);
            self.last.gauges.extend(gauges::of_stack(path, stack));
            let (sums, histograms) = self.sums_of(|place| place == path);
            self.last.sums.extend(sums);
            self.last.histograms.extend(histograms);
        }
        self.last.ended.clear();
        self.last.clone()
    }

    /// Every update that counted, each once: those that are to be recorded.
    pub fn counted(&self) -> &[Counted] {
        &self.counted
    }

    fn seen<'a>(&self, world: &'a World) -> Vec<(&'a StackPath, &'a Stack)> {
        let configured = |path: &StackPath| self.organizations.contains(&path.org);
        world.stacks().iter().filter(|(path, _)| configured(path)).collect()
    }

    /// Counts what of a stack has a final result and was not settled.
    fn settle(&mut self, world: &World, path: &StackPath, stack: &Stack) {
        let first = !self.begun.contains(&path.org);
        for update in stack.newest_first().filter(|update| update.outcome.is_final()) {
            let key = (stack.id.clone(), stack.life, update.version);
            let counts = !first || self.is_backfilled(world, &update);
            if self.settled.insert(key) && counts {
                self.count(path, &update);
                self.counted.push(Counted {
                    id: stack.update_id(update.version),
                    path: path.clone(),
                    update,
                });
            }
        }
    }

    fn is_backfilled(&self, world: &World, update: &Update) -> bool {
        match self.backfill {
            Backfill::None => false,
            Backfill::Window(seconds) => update.end >= world.now() - seconds,
            Backfill::All => true,
        }
    }

    fn count(&mut self, path: &StackPath, update: &Update) {
        let labels = [("kind", update.kind.as_str()), ("result", update.outcome.as_str())];
        *self
            .sums
            .entry(Series::of_stack("pulumi_update_total", path, &labels))
            .or_default() += 1;
        let duration = Series::of_stack("pulumi_update_duration_seconds", path, &labels);
        self.histograms
            .entry(duration)
            .or_default()
            .record((update.end - update.start) as f64);
        for &(operation, count) in &update.changes {
            let labels = [("kind", update.kind.as_str()), ("operation", operation)];
            *self
                .sums
                .entry(Series::of_stack("pulumi_update_resource_changes", path, &labels))
                .or_default() += count;
        }
    }

    /// Counters and histograms of some places.
    fn sums_of(&self, wanted: impl Fn(&StackPath) -> bool) -> (BTreeMap<Series, i64>, BTreeMap<Series, Histogram>) {
        let there = |series: &Series| series.path().is_some_and(|path| wanted(&path));
        let sums = self.sums.iter().filter(|(series, _)| there(series));
        let histograms = self.histograms.iter().filter(|(series, _)| there(series));
        (
            sums.map(|(series, sum)| (series.clone(), *sum)).collect(),
            histograms
                .map(|(series, durations)| (series.clone(), durations.clone()))
                .collect(),
        )
    }
}

fn compare<T: PartialEq + fmt::Debug>(truth: &BTreeMap<Series, T>, said: &BTreeMap<Series, T>) -> Vec<String> {
    let all: BTreeSet<&Series> = truth.keys().chain(said.keys()).collect();
    let differs = all.into_iter().filter(|series| truth.get(*series) != said.get(*series));
    let line = |series: &Series| format!("{series}: true {:?}, said {:?}", truth.get(series), said.get(series));
    differs.map(line).collect()
}
