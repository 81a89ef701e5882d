//! The exporter: delivers chains of the ledger from a thread of its own, or from one that it shares with others.

mod hub;
mod report;
mod worker;

pub use hub::Exporters;
pub use report::{Patience, Report, SignalReport};

use crate::config::OtlpConfig;
use crate::counters::Counters;
use hub::{Hub, Job};
use sitelog_ledger::{Chain, ChainId, Ledger};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
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
    hub: Arc<Hub>,
    orders: UnboundedSender<Order>,
    counters: Arc<Counters>,
    has_destination: bool,
    state: Mutex<State>,
}

enum State {
    /// Not begun yet, and what it will begin with.
    Idle(Box<OtlpConfig>, UnboundedReceiver<Order>),
    Running(mpsc::Receiver<Report>),
    /// It has ended.
    Gone,
}

impl Exporter {
    /// Makes an exporter with a thread of its own; nothing is connected yet. [`Exporters`] makes many on one thread.
    pub fn start(config: OtlpConfig) -> Self {
        Exporters::start().exporter(config)
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
                shared.ensure_begun();
            }
        }));
        if chain.durable() > 0 {
            self.shared.ensure_begun();
        }
    }

    /// Delivers a chain that this process does not write, up to its present end.
    pub fn deliver(&self, ledger: &Ledger, chain: &ChainId) {
        if self.shared.has_destination {
            self.shared.order(Order::Deliver(ledger.clone(), chain.clone()));
            self.shared.ensure_begun();
        }
    }

    /// What was done so far.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.shared.counters
    }

    /// Waits until everything is delivered, or patience ends; then gives up what is in flight. What was given up may have
    /// arrived: it is delivered again later.
    pub fn finish(self, patience: Patience) -> Report {
        self.end(patience).report()
    }

    /// [`Exporter::finish`] that does not wait: for who ends many at the same time.
    pub fn end(self, patience: Patience) -> Ending {
        if self.shared.is_needed() {
            self.shared.ensure_begun();
        }
        self.ending(Order::Finish(patience))
    }

    /// Begins nothing more and ends when what is on its way is answered, after `longest` at most: for a destination that is no
    /// more to be used. The cursors let go of their chains then, and stay where they are. Does not wait.
    pub fn leave(self, longest: Duration) -> Ending {
        self.ending(Order::Leave(longest))
    }

    fn ending(self, order: Order) -> Ending {
        self.shared.order(order);
        let state = std::mem::replace(&mut *self.shared.state(), State::Gone);
        let counters = self.shared.counters.clone();
        Ending { state, counters }
    }
}

/// An exporter that ends.
pub struct Ending {
    state: State,
    counters: Arc<Counters>,
}

impl Ending {
    /// Waits for the end.
    pub fn report(self) -> Report {
        match self.state {
            State::Running(report) => report
                .recv()
                .unwrap_or_else(|_| Report::failed(&self.counters, "the exporter's thread panicked")),
            State::Idle(..) | State::Gone => Report::of(&self.counters),
        }
    }
}

impl Shared {
    fn new(hub: Arc<Hub>, config: OtlpConfig, counters: Arc<Counters>) -> Arc<Self> {
        let (orders, received) = unbounded_channel();
        let has_destination = !config.is_empty();
        let state = Mutex::new(State::Idle(Box::new(config), received));
        Arc::new(Self {
            hub,
            orders,
            counters,
            has_destination,
            state,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of the state is one assignment: a panic leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, order: Order) {
        // It ends only after `finish`, which takes the exporter: an order is never lost.
        drop(self.orders.send(order));
    }

    fn ensure_begun(&self) {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Gone) {
            State::Idle(config, orders) => {
                let (report, reported) = mpsc::channel();
                let counters = self.counters.clone();
                self.hub.begin(Job {
                    config,
                    orders,
                    counters,
                    report,
                });
                *state = State::Running(reported);
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
