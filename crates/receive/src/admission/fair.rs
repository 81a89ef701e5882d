//! Whose turn it is: a few requests are worked on at a time, and tenants take turns by deficit round robin
//! (Shreedhar and Varghese, 1995), so that each gets the same share of bytes whatever the others send.

use sitelog_model::TenantId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Bytes that a tenant gains each time the round comes to it.
const QUANTUM: u64 = 64 << 10;

/// Gives turns.
#[derive(Clone)]
pub(crate) struct Fair(Arc<Mutex<Round>>);

struct Round {
    /// Turns that nobody has.
    free: usize,
    /// Tenants that wait, in the order in which they are asked.
    ring: VecDeque<TenantId>,
    waiting: HashMap<TenantId, Queue>,
}

#[derive(Default)]
struct Queue {
    deficit: u64,
    requests: VecDeque<(u64, oneshot::Sender<Turn>)>,
}

/// The right to work; it ends with the value.
pub(crate) struct Turn(Option<Fair>);

impl Fair {
    /// So many turns at a time.
    pub(crate) fn new(turns: usize) -> Self {
        Self(Arc::new(Mutex::new(Round {
            free: turns.max(1),
            ring: VecDeque::new(),
            waiting: HashMap::new(),
        })))
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        // What is done under the lock does not panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn for a request of so many bytes.
    pub(crate) async fn turn(&self, tenant: &TenantId, bytes: u64) -> Turn {
        let given = {
            let mut round = self.round();
            if round.free > 0 && round.ring.is_empty() {
                round.free -= 1;
                return Turn(Some(self.clone()));
            }
            let (give, given) = oneshot::channel();
            if !round.waiting.contains_key(tenant) {
                round.ring.push_back(tenant.clone());
            }
            round
                .waiting
                .entry(tenant.clone())
                .or_default()
                .requests
                .push_back((bytes, give));
            given
        };
        match given.await {
            Ok(turn) => turn,
            // Turns are given before they are forgotten; a request whose giver is gone works without.
            Err(_) => Turn(None),
        }
    }

    /// How many requests wait.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.round().waiting.values().map(|queue| queue.requests.len()).sum()
    }

    fn give_back(&self) {
        loop {
            let next = {
                let mut round = self.round();
                let next = round.next();
                if next.is_none() {
                    round.free += 1;
                }
                next
            };
            let Some(give) = next else { return };
            match give.send(Turn(Some(self.clone()))) {
                Ok(()) => return,
                // Whoever waited has gone: the turn is the next one's.
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

impl Round {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        while let Some(tenant) = self.ring.front() {
            let Some(queue) = self.waiting.get_mut(tenant) else {
                self.ring.pop_front();
                continue;
            };
            let Some((bytes, _)) = queue.requests.front() else {
                self.waiting.remove(tenant);
                self.ring.pop_front();
                continue;
            };
            if *bytes > queue.deficit {
                queue.deficit += QUANTUM;
                self.ring.rotate_left(1);
                continue;
            }
            queue.deficit -= bytes;
            let (_, give) = queue.requests.pop_front()?;
            if queue.requests.is_empty() {
                // Who has nothing to send saves nothing up.
                self.waiting.remove(tenant);
                self.ring.pop_front();
            }
            return Some(give);
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(fair) = self.0.take() {
            fair.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    /// A request that waits: its future, polled once.
    macro_rules! waits {
        ($name:ident, $fair:expr, $tenant:expr, $bytes:expr) => {
            let id = tenant($tenant);
            let mut $name = pin!($fair.turn(&id, $bytes));
            assert!(
                $name
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
        };
    }

    macro_rules! has {
        ($name:ident) => {
            match $name.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(turn) => turn,
                Poll::Pending => panic!("no turn"),
            }
        };
    }

    #[tokio::test]
    async fn the_quiet_one_does_not_wait_for_the_flood() {
        let fair = Fair::new(1);
        let held = fair.turn(&tenant("loud"), 1).await;
        waits!(loud_1, fair, "loud", 300_000);
        waits!(loud_2, fair, "loud", 300_000);
        waits!(quiet, fair, "quiet", 400);
        drop(held);
        // The round comes to the quiet one before the loud one has saved enough for a large request.
        let turn = has!(quiet);
        drop(turn);
        let turn = has!(loud_1);
        drop(turn);
        drop(has!(loud_2));
        assert_eq!(fair.round().free, 1);
    }

    #[tokio::test]
    async fn shares_are_equal_in_bytes() {
        let fair = Fair::new(1);
        let held = fair.turn(&tenant("x"), 1).await;
        let (large, small) = (tenant("large"), tenant("small"));
        let order = Arc::new(Mutex::new(Vec::new()));
        let requests = (0..10).map(|_| (large.clone(), 256 << 10));
        let requests = requests.chain((0..400).map(|_| (small.clone(), 16 << 10)));
        let tasks: Vec<_> = requests
            .map(|(tenant, bytes): (TenantId, u64)| {
                let (fair, order) = (fair.clone(), order.clone());
                tokio::spawn(async move {
                    let turn = fair.turn(&tenant, bytes).await;
                    order.lock().unwrap().push((tenant, bytes));
                    drop(turn);
                })
            })
            .collect();
        while fair.waiting() < 410 {
            tokio::task::yield_now().await;
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        // While both wait, neither is ahead of the other by more than one request and one quantum.
        let (mut a, mut b) = (0i64, 0i64);
        for (tenant, bytes) in order.lock().unwrap().iter().take(150) {
            if *tenant == large {
                a += *bytes as i64
            } else {
                b += *bytes as i64
            }
            assert!((a - b).abs() <= (256 << 10) + 2 * QUANTUM as i64, "{a} {b}");
        }
    }

    #[tokio::test]
    async fn who_goes_away_loses_no_turn() {
        let fair = Fair::new(1);
        let held = fair.turn(&tenant("a"), 1).await;
        {
            waits!(gone, fair, "a", 1);
            let _ = &gone;
        }
        waits!(next, fair, "b", 1);
        drop(held);
        drop(has!(next));
        // One that was given its turn and goes before it knows.
        let held = fair.turn(&tenant("a"), 1).await;
        {
            waits!(given, fair, "a", 1);
            drop(held);
            let _ = &given;
        }
        let id = tenant("a");
        let turn = tokio::time::timeout(std::time::Duration::from_secs(5), fair.turn(&id, 1)).await;
        assert!(turn.is_ok());
    }
}
