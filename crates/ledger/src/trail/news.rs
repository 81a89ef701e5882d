//! What a chain's writer tells the trail.

use super::{Entry, Patience};
use crate::ChainId;
use crate::checkpoint::Checkpoint;
use crate::root::Root;
use crate::tree::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

    /// The first frame is durable.
    pub(crate) fn begun(&self, root: &Root, chain: &ChainId) {
        let state = self.state();
        let Some(first) = state.first.filter(|_| !state.is_over) else {
            return;
        };
        let chain = chain.clone();
        enter(root, Entry::Begun { chain, first });
    }

    /// The end is durable. The caller holds the chain's lock.
    pub(crate) fn ended(&self, root: &Root, chain: &ChainId, checkpoint: &Checkpoint, last: Hash) {
        let _one_at_a_time = self.state();
        let (chain, size, head) = (chain.clone(), checkpoint.size, checkpoint.root);
        enter(
            root,
            Entry::Sealed {
                chain,
                size,
                root: head,
                last,
            },
        );
    }
}

/// A job does not fail because its news could not be entered: the next run does it, and the counter says so.
fn enter(root: &Root, entry: Entry) {
    let entered = root.trail().and_then(|trail| trail.enter(entry, Patience::Job));
    if entered.is_err() {
        root.counters.heads_not_entered.add(1);
    }
}
