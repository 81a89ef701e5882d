//! A destination of one signal, with what all requests to it share.

use super::gate::Gate;
use super::pool::{Hold, Pool, Share};
use super::window::Window;
use crate::backends::{self, Backend};
use crate::config::{Destination, Headers, Pace};
use crate::counters::{Counters, SignalCounters};
use sitelog_model::Signal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes of a request that finds out whether a destination is back.
pub(crate) const PROBE: usize = 16 << 10;
/// So many destinations with requests in memory are many: those that have taken nothing yet are asked with a small one first.
const MANY: usize = 16;

/// The room for requests of all exporters of a thread. Requests that only find out whether a destination is back have their
/// own: however many destinations hang, the others go on.
#[derive(Clone)]
pub(crate) struct Pools {
    requests: Rc<Pool>,
    probes: Rc<Pool>,
}

impl Pools {
    /// A quarter is for probes; the bytes used are added to the gauge.
    pub(crate) fn new(bytes: usize, gauge: &Arc<AtomicUsize>) -> Self {
        let probes = bytes / 4;
        Self {
            requests: Pool::new(bytes - probes, gauge.clone()),
            probes: Pool::new(probes, gauge.clone()),
        }
    }
}

/// The right to read a request of so many bytes.
pub(crate) struct Turn {
    pub(crate) hold: Hold,
    pub(crate) limit: usize,
    pub(crate) is_probe: bool,
}

/// A destination of one signal.
pub(crate) struct Route {
    pub(crate) signal: Signal,
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) gate: Gate,
    pub(crate) pace: Pace,
    /// How many requests may be in flight.
    pub(crate) window: Rc<Window>,
    requests: Rc<Share>,
    probes: Rc<Share>,
    pools: Pools,
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
        pools: &Pools,
        counters: Arc<Counters>,
        activity: Rc<Notify>,
    ) -> Self {
        Self {
            signal,
            backend: backends::open(to),
            gate: Gate::new(pace.backoff),
            pace: pace.clone(),
            window: Window::new(pace.in_flight),
            requests: pools.requests.share(),
            probes: pools.probes.share(),
            pools: pools.clone(),
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

    /// Waits until it is this route's turn to read a request. While the destination is out, nothing is read but a small one
    /// now and then.
    pub(crate) async fn turn(self: Rc<Self>) -> Turn {
        loop {
            self.gate.ready().await;
            let is_probe = self.gate.is_shut() || self.accepted.get() == 0 && self.pools.requests.is_crowded(MANY);
            let hold = if is_probe {
                self.probes.clone().reserve(PROBE).await
            } else {
                self.requests.clone().reserve(self.pace.request_bytes).await
            };
            if is_probe || !self.gate.is_shut() {
                let limit = hold.bytes();
                return Turn { hold, limit, is_probe };
            }
        }
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
