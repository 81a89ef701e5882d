//! What a chain's writer tells the trail.

use super::{Entry, Patience};
use crate::ChainId;
use crate::chain::Live;
use crate::checkpoint::Checkpoint;
use crate::root::Root;
use crate::tree::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a live chain has to tell the trail: that it has begun, off the job's path, and that it has ended.
#[derive(Default)]
pub(crate) struct News(Mutex<NewsState>);

#[derive(Default)]
struct NewsState {
    first: Option<Hash>,
    is_over: bool,
}

impl News {
    fn state(&self) -> MutexGuard<'_, NewsState> {
        // Plain values: a panic elsewhere leaves them right.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first frame of a new chain was written.
    pub(crate) fn first(&self, hash: Hash) {
        self.state().first = Some(hash);
    }

    /// The chain is about to end: that it has begun need not be said any more.
    pub(crate) fn ending(&self) {
        self.state().is_over = true;
    }

    /// The end is durable. The caller holds the chain's lock.
    pub(crate) fn ended(&self, root: &Root, chain: &ChainId, checkpoint: &Checkpoint, last: Hash) {
        let _one_at_a_time = self.state();
        let (chain, size, head) = (chain.clone(), checkpoint.size, checkpoint.root);
        let entry = Entry::Sealed {
            chain,
            size,
            root: head,
            last,
        };
        enter(root, &[entry]);
    }
}

/// A chain whose beginning is to be entered. While its state is held nobody enters its end.
struct Begun<'a> {
    live: &'a Live,
    entry: Entry,
    _state: MutexGuard<'a, NewsState>,
}

impl Begun<'_> {
    /// Whether both belong to one trail.
    fn is_beside(&self, other: &Self) -> bool {
        let (root, others) = (&self.live.root, &other.live.root);
        let is_one_disk = match (&self.live.system, &other.live.system) {
            (Some(system), Some(others)) => system.id() == others.id(),
            _ => Arc::ptr_eq(&root.disk, &others.disk),
        };
        is_one_disk && root.layout.root() == others.layout.root()
    }
}

/// Enters those of these chains whose first frame is durable and that are not entered yet: one signature for each trail.
pub(crate) fn enter_begun<'a>(lives: impl IntoIterator<Item = &'a Live>) {
    let begun = |live: &'a Live| {
        let mut state = live.news.state();
        let (chain, first) = (live.id.clone(), state.first.take().filter(|_| !state.is_over)?);
        let (entry, _state) = (Entry::Begun { chain, first }, state);
        Some(Begun { live, entry, _state })
    };
    let mut left: Vec<Begun<'a>> = lives.into_iter().filter_map(begun).collect();
    while let Some(one) = left.pop() {
        let (mut group, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|other| other.is_beside(&one));
        group.push(one);
        left = others;
        let entries: Vec<Entry> = group.iter().map(|begun| begun.entry.clone()).collect();
        let root = &group[0].live.root;
        enter(root, &entries);
    }
}

/// A job does not fail because its news could not be entered: the next run does it, and the counter says so.
fn enter(root: &Root, entries: &[Entry]) {
    let entered = root
        .trail()
        .and_then(|trail| trail.lock(Patience::Job)?.append(entries));
    if entered.is_err() {
        root.counters.heads_not_entered.add(entries.len() as u64);
    }
}
