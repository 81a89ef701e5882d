//! A queue bounded in bytes, not in entries: events are 300 bytes or 6 MB.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What an entry counts for, bytes.
pub(crate) trait Weight {
    /// Entries that weigh nothing are always taken at once.
    fn weight(&self) -> usize;
}

/// Entries between those who read from tools and the one who records.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    drained: Condvar,
    bound: usize,
}

struct State<T> {
    entries: VecDeque<T>,
    weight: usize,
}

impl<T: Weight> Queue<T> {
    /// A queue that holds `bound` bytes; a single entry may be larger.
    pub(crate) fn new(bound: usize) -> Self {
        let state = State {
            entries: VecDeque::new(),
            weight: 0,
        };
        Self {
            state: Mutex::new(state),
            filled: Condvar::new(),
            drained: Condvar::new(),
            bound,
        }
    }

    /// Whether an entry of this weight would be taken at once.
    pub(crate) fn has_room(&self, weight: usize) -> bool {
        let state = self.lock();
        weight == 0 || state.weight == 0 || state.weight + weight <= self.bound
    }

    /// Takes an entry without waiting, whatever it weighs.
    pub(crate) fn push(&self, entry: T) {
        let mut state = self.lock();
        state.weight += entry.weight();
        state.entries.push_back(entry);
        self.filled.notify_one();
    }

    /// Takes an entry, waiting for room.
    pub(crate) fn push_wait(&self, entry: T) {
        let weight = entry.weight();
        let full = |state: &mut State<T>| weight > 0 && state.weight > 0 && state.weight + weight > self.bound;
        let waited = self.drained.wait_while(self.lock(), full);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.push(entry);
    }

    /// Appends all entries to `out`, waiting for the first until `deadline`. Their weight counts until [`Self::done`].
    pub(crate) fn take(&self, deadline: Option<Instant>, out: &mut Vec<T>) {
        let mut state = self.lock();
        while state.entries.is_empty() {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return;
            }
            state = match left {
                Some(left) => {
                    self.filled
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        out.extend(state.entries.drain(..));
    }

    /// Entries of this weight in all are in the ledger: there is room again.
    pub(crate) fn done(&self, weight: usize) {
        let mut state = self.lock();
        state.weight = state.weight.saturating_sub(weight);
        self.drained.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weight for usize {
        fn weight(&self) -> usize {
            *self
        }
    }

    #[test]
    fn the_bound_is_in_bytes_and_no_entry_is_too_large() {
        let queue = Queue::new(10);
        assert!(queue.has_room(100));
        queue.push_wait(100usize);
        assert!(!queue.has_room(1) && queue.has_room(0));
        queue.push_wait(0);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.push_wait(5));
            let mut taken = Vec::new();
            queue.take(None, &mut taken);
            assert_eq!(taken, [100, 0]);
            assert!(!queue.has_room(1), "what is taken is not done");
            queue.done(100);
            waiting.join().unwrap();
            queue.take(None, &mut taken);
            assert_eq!(taken, [100, 0, 5]);
        });
        queue.take(Some(Instant::now()), &mut Vec::new());
    }
}
