//! Which connections there are, and since when each has nothing to do.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// All connections of a server.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Default)]
struct Shared {
    next: AtomicU64,
    all: Mutex<HashMap<u64, Arc<Activity>>>,
}

/// What one connection does.
pub(super) struct Activity {
    state: Mutex<State>,
    /// Rung when it shall make room for another one.
    close: Notify,
}

struct State {
    requests: usize,
    since: Instant,
    /// It has had a request.
    is_used: bool,
}

/// A connection's place; it ends with the value.
pub(super) struct Entry {
    connections: Connections,
    number: u64,
    pub(super) activity: Arc<Activity>,
}

/// A request under way.
pub(super) struct Working(Arc<Activity>);

impl Connections {
    fn all(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.all().len()
    }

    pub(super) fn enter(&self) -> Entry {
        let number = self.0.next.fetch_add(1, Relaxed);
        let activity = Arc::new(Activity {
            state: Mutex::new(State {
                requests: 0,
                since: Instant::now(),
                is_used: false,
            }),
            close: Notify::new(),
        });
        self.all().insert(number, Arc::clone(&activity));
        Entry {
            connections: self.clone(),
            number,
            activity,
        }
    }

    /// Closes the connection that has been idle longest; false when all are at work.
    pub(super) fn close_idlest(&self) -> bool {
        let mut all = self.all();
        let idle = all
            .iter()
            .filter_map(|(number, known)| Some((known.idle_since()?, *number)));
        let Some((_, number)) = idle.min() else { return false };
        if let Some(activity) = all.remove(&number) {
            activity.close.notify_one();
        }
        true
    }
}

impl Activity {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins.
    pub(super) fn work(self: &Arc<Self>) -> Working {
        let mut state = self.state();
        state.requests += 1;
        state.is_used = true;
        Working(Arc::clone(self))
    }

    /// Since when there is no request, if there is none.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.requests == 0).then_some(state.since)
    }

    /// Whether it has had a request.
    pub(super) fn is_used(&self) -> bool {
        self.state().is_used
    }

    /// Waits until it shall make room.
    pub(super) async fn closed(&self) {
        self.close.notified().await;
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests -= 1;
        state.since = Instant::now();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.all().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_one_that_is_idle_longest_makes_room() {
        let connections = Connections::default();
        let busy = connections.enter();
        let working = busy.activity.work();
        assert!(!connections.close_idlest());
        let (old, new) = (connections.enter(), {
            tokio::time::advance(std::time::Duration::from_secs(1)).await;
            connections.enter()
        });
        assert!(connections.close_idlest());
        old.activity.closed().await;
        assert_eq!(connections.len(), 2);
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        drop((old, working));
        assert!(connections.close_idlest());
        new.activity.closed().await;
        drop((busy, new));
        assert_eq!(connections.len(), 0);
    }
}
