//! The memory for requests that all exporters of one thread share, given out in turn.
//!
//! Who has nothing yet comes before who has much: a route gets its first request as long as there is room at all, more than one
//! only while half of the room is free. So a destination that is slow or hangs cannot keep the others waiting.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::oneshot;

/// However many share the room, a request may have so much.
const LEAST: usize = 64 << 10;

/// Room for so many bytes of requests.
pub(crate) struct Pool {
    room: usize,
    used: Cell<usize>,
    /// Shares that hold something or wait for it.
    active: Cell<usize>,
    waiting: RefCell<VecDeque<Waiting>>,
    /// Bytes used, for those who look on from another thread.
    gauge: Arc<AtomicUsize>,
}

struct Waiting {
    share: Rc<Share>,
    bytes: usize,
    sender: oneshot::Sender<Hold>,
}

/// What one route has of a pool.
pub(crate) struct Share {
    pool: Rc<Pool>,
    held: Cell<usize>,
    /// Holds, and waiters for one.
    count: Cell<usize>,
}

/// Bytes that are held; given back when dropped.
pub(crate) struct Hold {
    share: Rc<Share>,
    bytes: usize,
}

/// Counts as active while it lives.
struct Active(Rc<Share>);

impl Pool {
    pub(crate) fn new(room: usize, gauge: Arc<AtomicUsize>) -> Rc<Self> {
        let (used, active, waiting) = Default::default();
        Rc::new(Self {
            room,
            used,
            active,
            waiting,
            gauge,
        })
    }

    /// A part of it for a new route.
    pub(crate) fn share(self: &Rc<Self>) -> Rc<Share> {
        let (pool, held, count) = (self.clone(), Cell::default(), Cell::default());
        Rc::new(Share { pool, held, count })
    }

    /// Whether more than so many routes use it.
    pub(crate) fn is_crowded(&self, many: usize) -> bool {
        self.active.get() > many
    }

    fn set_used(&self, used: usize) {
        self.gauge.fetch_add(used, Ordering::Relaxed);
        self.gauge.fetch_sub(self.used.replace(used), Ordering::Relaxed);
    }

    fn fits(&self, share: &Share, bytes: usize) -> bool {
        let used = self.used.get() + bytes;
        let limit = if share.held.get() == 0 {
            self.room
        } else {
            self.room / 2
        };
        used <= limit || self.used.get() == 0
    }

    /// Gives what is free to those who wait longest and may have it.
    fn serve(&self) {
        let mut granted = Vec::new();
        let mut waiting = self.waiting.borrow_mut();
        let mut at = 0;
        while let Some(next) = waiting.get(at).filter(|_| self.used.get() < self.room) {
            let has_nothing = next.share.held.get() == 0;
            if next.sender.is_closed() {
                waiting.remove(at);
            } else if self.fits(&next.share, next.bytes) {
                let Some(next) = waiting.remove(at) else { break };
                granted.push((next.sender, next.share.hold(next.bytes)));
            } else if has_nothing {
                // Smaller ones behind it would keep it waiting for ever.
                break;
            } else {
                at += 1;
            }
        }
        drop(waiting);
        // Without the lock: what nobody takes is given back.
        granted.into_iter().for_each(|(sender, hold)| drop(sender.send(hold)));
    }
}

impl Share {
    /// Waits for its turn to hold up to `most` bytes; how many it may be is in the answer.
    pub(crate) async fn reserve(self: Rc<Self>, most: usize) -> Hold {
        let _active = Active::new(&self);
        let pool = &self.pool;
        let portion = (pool.room / (2 * pool.active.get().max(1))).max(LEAST);
        let bytes = most.min(portion);
        if pool.waiting.borrow().is_empty() && pool.fits(&self, bytes) {
            return self.hold(bytes);
        }
        let (sender, granted) = oneshot::channel();
        let share = self.clone();
        pool.waiting.borrow_mut().push_back(Waiting { share, bytes, sender });
        pool.serve();
        match granted.await {
            Ok(hold) => hold,
            // The queue lives as long as its pool, which this share keeps.
            Err(_) => self.hold(bytes),
        }
    }

    fn hold(self: &Rc<Self>, bytes: usize) -> Hold {
        self.begin();
        self.held.set(self.held.get() + bytes);
        self.pool.set_used(self.pool.used.get() + bytes);
        let share = self.clone();
        Hold { share, bytes }
    }

    fn begin(&self) {
        self.count.set(self.count.get() + 1);
        if self.count.get() == 1 {
            self.pool.active.set(self.pool.active.get() + 1);
        }
    }

    fn end(&self) {
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 {
            self.pool.active.set(self.pool.active.get() - 1);
        }
    }
}

impl Hold {
    /// How many bytes it may be.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// It has become so many bytes: less than reserved, or more when a single frame is larger.
    pub(crate) fn resize(&mut self, bytes: usize) {
        let (share, pool) = (&self.share, &self.share.pool);
        share.held.set(share.held.get() - self.bytes + bytes);
        pool.set_used(pool.used.get() - self.bytes + bytes);
        let is_less = bytes < self.bytes;
        self.bytes = bytes;
        if is_less {
            pool.serve();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.resize(0);
        self.share.end();
    }
}

impl Active {
    fn new(share: &Rc<Share>) -> Self {
        share.begin();
        Self(share.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::LocalSet;

    fn locally(test: impl AsyncFn()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        LocalSet::new().block_on(&runtime, test());
    }

    fn now<T: 'static>(future: impl Future<Output = T> + 'static) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let waker = std::task::Waker::noop();
        match future.as_mut().poll(&mut std::task::Context::from_waker(waker)) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }

    /// Guarantees: a route that takes all it can leaves half of the room to the others, each of which gets a first request.
    #[test]
    fn who_has_much_waits_for_who_has_nothing() {
        let pool = Pool::new(16 << 20, Arc::default());
        let (hog, quiet) = (pool.share(), pool.share());
        let held: Vec<Hold> = std::iter::from_fn(|| now(hog.clone().reserve(1 << 20)))
            .take(100)
            .collect();
        assert_eq!(held.len(), 8);
        let first = now(quiet.clone().reserve(1 << 20));
        assert!(first.is_some() && now(quiet.reserve(1 << 20)).is_none());
        drop(held);
        assert_eq!(pool.used.get(), 1 << 20);
        drop(first);
        assert_eq!((pool.used.get(), pool.active.get()), (0, 0));
    }

    /// Guarantees: turns are given in the order they were asked for; many get less each; who has gone away is passed over.
    #[test]
    fn turns_come_in_order() {
        locally(async || {
            let pool = Pool::new(4 << 20, Arc::default());
            let mut big = pool.share().reserve(1 << 20).await;
            big.resize(5 << 20);
            let order = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..100)
                .map(|n| {
                    let (share, order) = (pool.share(), order.clone());
                    tokio::task::spawn_local(async move {
                        let hold = share.reserve(1 << 20).await;
                        order.borrow_mut().push(n);
                        assert!(n < 50 || hold.bytes() <= LEAST, "{n}: {}", hold.bytes());
                        tokio::task::yield_now().await;
                    })
                })
                .collect();
            tokio::task::yield_now().await;
            tasks[3].abort();
            drop(big);
            for task in tasks {
                drop(task.await);
            }
            assert!(
                order.borrow().iter().copied().eq((0..100).filter(|n| *n != 3)),
                "{order:?}"
            );
            assert_eq!((pool.used.get(), pool.active.get()), (0, 0));
        });
    }
}
