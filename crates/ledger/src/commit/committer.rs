//! The thread that makes chains durable.

use super::Group;
use super::cost::{Choice, Costs};
use crate::chain::Live;
use crate::counters::Counter;
use crate::disk::{Disk, FileSystem};
use crate::histogram::Histogram;
use crate::trail::enter_begun;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Instant;

/// Makes the chains of all ledgers that were given it durable, from one thread: those written to meanwhile with one sync
/// of their file system where that costs less than one of each file. Clones are the same committer; the thread begins with the
/// first frame, and ends after the last clone and the last chain have gone.
#[derive(Clone)]
pub struct Committer(Arc<Handle>);

/// What a [`Committer`] did.
#[derive(Debug, Default)]
pub struct Commits {
    /// Rounds: each makes all chains durable that were written to meanwhile.
    pub rounds: Counter,
    /// Chains made durable, each round anew.
    pub chains: Counter,
    /// Syncs of single files and folders.
    pub file_syncs: Counter,
    /// Syncs of whole file systems.
    pub system_syncs: Counter,
    /// Syncs of whole file systems that failed: each file was then synced by itself.
    pub failed_system_syncs: Counter,
    /// How long each sync took, of a chain's files and folders or of a whole file system.
    pub sync_seconds: Histogram,
}

struct Handle(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    systems: Mutex<Vec<Arc<dyn FileSystem>>>,
    choice: Choice,
    commits: Commits,
}

#[derive(Default)]
struct Queue {
    dirty: Vec<Arc<Live>>,
    /// When the next round begins.
    due: Option<Instant>,
    thread: Option<ThreadId>,
    stopped: bool,
}

/// A chain, and what of it is being made durable.
struct Taken {
    live: Arc<Live>,
    group: Group,
}

impl Committer {
    /// A committer that chooses by what syncs have cost of late.
    pub fn start() -> Self {
        Self::with(Choice::Cheaper)
    }

    /// A committer that syncs the whole file system whenever there is more than so many files and folders to sync: for a file
    /// system that nobody else writes to.
    pub fn with_whole_above(files: usize) -> Self {
        Self::with(Choice::WholeAbove(files))
    }

    fn with(choice: Choice) -> Self {
        let (queue, work, systems, commits) = Default::default();
        Self(Arc::new(Handle(Arc::new(Shared {
            queue,
            work,
            systems,
            choice,
            commits,
        }))))
    }

    /// What it did so far.
    pub fn commits(&self) -> &Commits {
        &self.0.0.commits
    }

    /// The file system of a folder, opened before anything is written to it: what goes wrong afterwards is told to it.
    pub(crate) fn system(&self, disk: &dyn Disk, folder: &Path) -> Option<Arc<dyn FileSystem>> {
        let found = disk.file_system(folder)?;
        let mut systems = self.0.0.systems.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = systems.iter().find(|known| known.id() == found.id()) {
            return Some(known.clone());
        }
        systems.push(found.clone());
        Some(found)
    }

    /// Has a chain made durable by `due` at the latest.
    pub(crate) fn enlist(&self, live: Arc<Live>, due: Instant) -> std::io::Result<()> {
        let shared = &self.0.0;
        let mut queue = shared.queue();
        if queue.thread.is_none() {
            let worker = shared.clone();
            let builder = std::thread::Builder::new().name("ledger-sync".to_owned());
            queue.thread = Some(builder.spawn(move || worker.run())?.thread().id());
        }
        queue.dirty.push(live);
        queue.due = Some(queue.due.map_or(due, |known| known.min(due)));
        shared.work.notify_one();
        Ok(())
    }

    /// Somebody waits: the next round begins now.
    pub(crate) fn urge(&self) {
        let mut queue = self.0.0.queue();
        if queue.due.is_some() {
            queue.due = Some(Instant::now());
            self.0.0.work.notify_one();
        }
    }

    /// Whether this is the committer's own thread.
    pub(crate) fn is_current(&self) -> bool {
        self.0.0.queue().thread == Some(std::thread::current().id())
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each change is one assignment: a panic leaves it whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut costs = Costs::new(self.choice);
        while let Some(dirty) = self.next() {
            self.commits.rounds.add(1);
            let take = |live: Arc<Live>| live.commit.take().map(|group| Taken { live, group });
            let mut taken: Vec<Taken> = dirty.into_iter().filter_map(take).collect();
            // Who wrote little does not wait for who wrote much.
            taken.sort_by_key(|taken| taken.group.bytes);
            self.commits.chains.add(taken.len() as u64);
            self.commit(&taken, &mut costs);
            enter_begun(taken.iter().map(|taken| &*taken.live));
            taken.iter().for_each(|taken| taken.live.commit.idle());
        }
    }

    /// The chains of the next round; `None` when there will be none.
    fn next(&self) -> Option<Vec<Arc<Live>>> {
        let mut queue = self.queue();
        loop {
            let left = match queue.due {
                None if queue.stopped => return None,
                None => {
                    queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Some(due) => due.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() {
                queue.due = None;
                return Some(std::mem::take(&mut queue.dirty));
            }
            let waited = self.work.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn commit(&self, taken: &[Taken], costs: &mut Costs) {
        let mut systems: Vec<&Arc<dyn FileSystem>> = Vec::new();
        for system in taken.iter().filter_map(|taken| taken.live.system.as_ref()) {
            if !systems.iter().any(|known| known.id() == system.id()) {
                systems.push(system);
            }
        }
        for system in systems {
            let of_it = |taken: &&Taken| taken.live.system.as_ref().is_some_and(|of| of.id() == system.id());
            let inside: Vec<&Taken> = taken.iter().filter(of_it).collect();
            let files = inside.iter().map(|taken| taken.group.syncs()).sum();
            if !(costs.prefer_whole(inside.len(), files) && self.sync_whole(&**system, &inside, costs)) {
                self.sync_each(&inside, costs);
            }
        }
        let alone: Vec<&Taken> = taken.iter().filter(|taken| taken.live.system.is_none()).collect();
        self.sync_each(&alone, costs);
    }

    /// Says whether it worked. If not, the syncs of the single files tell whose content was lost.
    fn sync_whole(&self, system: &dyn FileSystem, taken: &[&Taken], costs: &mut Costs) -> bool {
        let begun = Instant::now();
        let synced = system.sync();
        let time = begun.elapsed();
        self.commits.system_syncs.add(1);
        self.commits.sync_seconds.observe(time);
        if synced.is_err() {
            self.commits.failed_system_syncs.add(1);
            return false;
        }
        costs.took_whole(time);
        taken.iter().for_each(|taken| taken.done(Ok(())));
        true
    }

    fn sync_each(&self, taken: &[&Taken], costs: &mut Costs) {
        for taken in taken {
            let begun = Instant::now();
            let synced = taken.group.sync(&*taken.live.root.disk);
            let (time, syncs) = (begun.elapsed(), taken.group.syncs());
            costs.took_each(syncs, time);
            self.commits.file_syncs.add(syncs as u64);
            self.commits.sync_seconds.observe(time);
            taken.done(synced);
        }
    }
}

impl Taken {
    fn done(&self, synced: std::io::Result<()>) {
        match synced {
            Ok(()) => self.live.commit.reached(self.group.mark),
            // The system may have dropped the dirty pages: a second sync would succeed and mean nothing.
            Err(error) => {
                self.live.commit.fail(format!("sync failed: {error}"));
                self.live.root.counters.failed_chains.add(1);
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.queue().stopped = true;
        self.0.work.notify_all();
    }
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Committer").field(&self.0.0.commits).finish()
    }
}
