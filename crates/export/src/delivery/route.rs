//! A destination of one signal, with what all requests to it share.

use super::gate::Gate;
use crate::backends::{self, Backend};
use crate::config::{Destination, Headers, Pace};
use crate::counters::{Counters, SignalCounters};
use sitelog_model::Signal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

/// A destination of one signal.
pub(crate) struct Route {
    pub(crate) signal: Signal,
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) gate: Gate,
    pub(crate) pace: Pace,
    /// One permit for each request that may be in flight, its memory included.
    pub(crate) slots: Arc<Semaphore>,
    /// Rung whenever something happened that whoever waits for the end should look at.
    pub(crate) activity: Rc<Notify>,
    headers: Headers,
    counters: Arc<Counters>,
    in_flight: Cell<usize>,
    /// Requests of which the destination took something.
    accepted: Cell<u64>,
    last_progress: Cell<Instant>,
    last_error: RefCell<Option<String>>,
}

impl Route {
    pub(crate) fn new(
        signal: Signal,
        to: &Destination,
        pace: &Pace,
        counters: Arc<Counters>,
        activity: Rc<Notify>,
    ) -> Self {
        Self {
            signal,
            backend: backends::open(to),
            gate: Gate::new(pace.backoff),
            pace: pace.clone(),
            slots: Arc::new(Semaphore::new(pace.in_flight.max(1))),
            activity,
            headers: to.headers.clone(),
            counters,
            in_flight: Cell::new(0),
            accepted: Cell::new(0),
            last_progress: Cell::new(Instant::now()),
            last_error: RefCell::new(None),
        }
    }

    pub(crate) fn counters(&self) -> &SignalCounters {
        self.counters.of(self.signal)
    }

    /// Counts a request as in flight as long as the value lives.
    pub(crate) fn departs(&self) -> InFlight<'_> {
        self.in_flight.set(self.in_flight.get() + 1);
        self.counters().requests.add(1);
        InFlight(self)
    }

    /// How many requests the destination has taken so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.get()
    }

    pub(crate) fn accept(&self) {
        self.accepted.set(self.accepted.get() + 1);
    }

    /// Records were delivered or refused: delivery moves.
    pub(crate) fn moved(&self) {
        self.last_progress.set(Instant::now());
        self.activity.notify_one();
    }

    pub(crate) fn last_progress(&self) -> Instant {
        self.last_progress.get()
    }

    /// A destination's words, fit to be shown and stored.
    pub(crate) fn presentable(&self, why: &str) -> String {
        self.headers.hide_in(why)
    }

    /// Keeps what went wrong for the report.
    pub(crate) fn failed(&self, why: &str) {
        let text = format!("{}: {}", self.backend.name(), self.presentable(why));
        *self.last_error.borrow_mut() = Some(text);
        self.activity.notify_one();
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.borrow().clone()
    }

    /// Whether nothing can be expected from this destination before `deadline`.
    pub(crate) fn is_hopeless(&self, deadline: Instant) -> bool {
        self.in_flight.get() == 0 && self.gate.is_hopeless(deadline)
    }
}

/// A request in flight.
pub(crate) struct InFlight<'a>(&'a Route);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get() - 1);
    }
}
