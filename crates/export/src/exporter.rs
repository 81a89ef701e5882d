//! The exporter: delivers chains of the ledger from a thread of its own.

mod report;
mod worker;

pub use report::{Patience, Report, SignalReport};

use crate::config::OtlpConfig;
use crate::counters::Counters;
use sitelog_ledger::{Chain, ChainId, Ledger};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use worker::Order;

/// Delivers chains to the destinations of its configuration.
///
/// Starting one costs next to nothing: the thread, its runtime and connections are made when there is something to
/// deliver. Without any destination nothing ever is.
pub struct Exporter {
    shared: Arc<Shared>,
}

struct Shared {
    orders: UnboundedSender<Order>,
    counters: Arc<Counters>,
    has_destination: bool,
    state: Mutex<State>,
}

enum State {
    /// No thread yet, and what it will start with.
    Idle(Box<OtlpConfig>, UnboundedReceiver<Order>),
    Running(JoinHandle<Report>),
    /// It has ended, or could not be started.
    Gone,
}

impl Exporter {
    /// Makes an exporter; nothing is connected yet.
    pub fn start(config: OtlpConfig) -> Self {
        let (sender, orders) = unbounded_channel();
        let has_destination = !config.is_empty();
        let state = Mutex::new(State::Idle(Box::new(config), orders));
        let counters = Arc::default();
        Self {
            shared: Arc::new(Shared {
                orders: sender,
                counters,
                has_destination,
                state,
            }),
        }
    }

    /// Delivers a chain that this process writes, as it becomes durable. It must be sealed, or all its clones dropped,
    /// before [`Exporter::finish`], which otherwise waits for more until its patience ends.
    pub fn follow(&self, chain: &Chain) {
        if !self.shared.has_destination {
            return;
        }
        let (sender, news) = watch::channel(0);
        self.shared.order(Order::Follow(chain.clone(), news));
        // Weak: the chain must not keep the exporter, which keeps the chain until its cursors are open.
        let shared = Arc::downgrade(&self.shared);
        chain.subscribe(Box::new(move || {
            sender.send_modify(|news| *news += 1);
            if let Some(shared) = shared.upgrade() {
                shared.ensure_thread();
            }
        }));
        if chain.durable() > 0 {
            self.shared.ensure_thread();
        }
    }

    /// Delivers a chain that this process does not write, up to its present end.
    pub fn deliver(&self, ledger: &Ledger, chain: &ChainId) {
        if self.shared.has_destination {
            self.shared.order(Order::Deliver(ledger.clone(), chain.clone()));
            self.shared.ensure_thread();
        }
    }

    /// What was done so far.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.shared.counters
    }

    /// Waits until everything is delivered, or patience ends; then gives up what is in flight. What was given up may have
    /// arrived: it is delivered again later.
    pub fn finish(self, patience: Patience) -> Report {
        if self.shared.is_needed() {
            self.shared.ensure_thread();
        }
        self.shared.order(Order::Finish(patience));
        let state = std::mem::replace(&mut *self.shared.state(), State::Gone);
        let thread = if let State::Running(thread) = state {
            Some(thread)
        } else {
            None
        };
        match thread.map(JoinHandle::join) {
            Some(Ok(report)) => report,
            Some(Err(_)) => Report::failed(&self.shared.counters, "the exporter's thread panicked"),
            None => Report::of(&self.shared.counters),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of the state is one assignment: a panic leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, order: Order) {
        // The thread ends only after `finish`, which takes the exporter: an order is never lost.
        drop(self.orders.send(order));
    }

    fn ensure_thread(&self) {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Gone) {
            State::Idle(config, orders) => {
                let counters = self.counters.clone();
                let builder = std::thread::Builder::new()
                    .name("exporter".to_owned())
                    .stack_size(STACK);
                let thread = builder.spawn(move || worker::work(&config, orders, counters));
                *state = thread.map_or(State::Gone, State::Running);
            }
            other => *state = other,
        }
    }

    /// Whether a chain waits for the first time at the end: one that has frames, none of which was durable so far.
    fn is_needed(&self) -> bool {
        let waiting: Vec<_> = match &mut *self.state() {
            State::Idle(_, orders) => std::iter::from_fn(|| orders.try_recv().ok()).collect(),
            _ => return false,
        };
        let needed = waiting
            .iter()
            .any(|order| matches!(order, Order::Follow(chain, _) if chain.written() > 0));
        // Their turn comes now, or never: then the chains they hold are let go; without the lock, for they call back.
        waiting
            .into_iter()
            .filter(|_| needed)
            .for_each(|order| self.order(order));
        needed
    }
}

/// The thread's stack: TLS and HTTP/2 need a few dozen KiB, unoptimized builds some hundred.
const STACK: usize = 1 << 20;
