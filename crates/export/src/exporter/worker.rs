//! One exporter on the thread that it shares with others: one task a lane.

mod chains;

use super::report::{Patience, Report};
use crate::config::{DestinationName, OtlpConfig};
use crate::counters::Counters;
use crate::delivery::lane::{Lane, Phase, Waiting};
use crate::delivery::route::{Pools, Route};
use sitelog_ledger::{Chain, ChainId, Cursor, Error, Ledger};
use sitelog_model::Signal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

/// What an exporter is told to do.
pub(super) enum Order {
    Follow(Chain, watch::Receiver<u64>),
    Deliver(Ledger, ChainId),
    Finish(Patience),
    /// What is on its way is answered, so long at most; nothing else is begun.
    Leave(Duration),
}

/// Chains that are read at the same time by `deliver`; each has up to three cursors open.
const CHAINS_AT_ONCE: usize = 4;

/// A lane that runs, and the ledger's fault that ended it.
type Running = tokio::task::JoinHandle<Option<Error>>;

/// Runs one exporter until its last order; says what was done.
pub(super) async fn serve(
    config: &OtlpConfig,
    pools: &Pools,
    orders: UnboundedReceiver<Order>,
    counters: Arc<Counters>,
) -> Report {
    Rc::new(Desk::new(config, pools, counters)).run(orders).await
}

/// What the lanes of one exporter share.
struct Desk {
    name: DestinationName,
    routes: [Option<Rc<Route>>; 3],
    counters: Arc<Counters>,
    phase: watch::Sender<Phase>,
    activity: Rc<Notify>,
    lanes: Cell<usize>,
    active: [Cell<usize>; 3],
    chains: Arc<Semaphore>,
    report: RefCell<Report>,
}

impl Desk {
    fn new(config: &OtlpConfig, pools: &Pools, counters: Arc<Counters>) -> Self {
        let activity = Rc::new(Notify::new());
        let routes = Signal::ALL.map(|signal| {
            let to = config.destination(signal)?;
            Some(Rc::new(Route::new(
                signal,
                to,
                &config.pace,
                pools,
                counters.clone(),
                activity.clone(),
            )))
        });
        let (phase, _) = watch::channel(Phase::Running);
        let chains = Arc::new(Semaphore::new(CHAINS_AT_ONCE));
        let (lanes, active, report) = Default::default();
        Self {
            name: config.name.clone(),
            routes,
            counters,
            phase,
            activity,
            lanes,
            active,
            chains,
            report,
        }
    }

    fn routes(&self) -> impl Iterator<Item = &Rc<Route>> {
        self.routes.iter().flatten()
    }

    async fn run(self: Rc<Self>, mut orders: UnboundedReceiver<Order>) -> Report {
        loop {
            match orders.recv().await {
                Some(Order::Follow(chain, news)) => self.follow(&chain, &news),
                Some(Order::Deliver(ledger, chain)) => self.deliver(ledger, chain),
                Some(Order::Finish(patience)) => {
                    self.phase.send_replace(Phase::Draining);
                    self.routes().for_each(|route| route.gate.hurry());
                    self.wait(patience).await;
                    break;
                }
                Some(Order::Leave(longest)) => {
                    self.phase.send_replace(Phase::Leaving);
                    // Whoever is not ready by then is stopped.
                    drop(tokio::time::timeout(longest, self.ended()).await);
                    break;
                }
                None => break,
            }
        }
        self.phase.send_replace(Phase::Stopped);
        self.ended().await;
        self.finished()
    }

    /// Waits until no lane is left.
    async fn ended(&self) {
        while self.lanes.get() > 0 {
            self.activity.notified().await;
        }
    }

    /// Runs a lane. Says what the ledger's fault was if one of a chain that nobody writes ended with it: it may be tried again.
    fn start(self: &Rc<Self>, route: Rc<Route>, cursor: Cursor, news: Option<watch::Receiver<u64>>) -> Running {
        let (signal, is_live) = (route.signal, news.is_some());
        self.begin(Some(signal));
        let (desk, lane) = (
            self.clone(),
            Lane::new(route.clone(), cursor, news, self.phase.subscribe()),
        );
        tokio::task::spawn_local(async move {
            let ran = lane.run().await;
            let mut failed = ran.map(|waiting| desk.left(signal, waiting)).err();
            if let Some(error) = failed.take_if(|_| is_live) {
                desk.broken(&route, &error);
            }
            desk.end(Some(signal));
            failed
        })
    }

    /// The ledger failed a lane for good: what it had left is not known.
    fn broken(&self, route: &Route, error: &Error) {
        if matches!(error, Error::CursorBusy { .. }) {
            self.report.borrow_mut().busy_chains += 1;
            return;
        }
        self.report.borrow_mut().gave_up = true;
        route.failed(&error.to_string());
    }

    fn left(&self, signal: Signal, waiting: Waiting) {
        let mut report = self.report.borrow_mut();
        let sum = &mut report.of_signal_mut(signal).waiting;
        sum.frames += waiting.frames;
        sum.bytes += waiting.bytes;
        sum.more |= waiting.more;
    }

    fn begin(&self, signal: Option<Signal>) {
        self.lanes.set(self.lanes.get() + 1);
        if let Some(signal) = signal {
            let active = &self.active[signal as usize - 1];
            active.set(active.get() + 1);
        }
    }

    fn end(&self, signal: Option<Signal>) {
        self.lanes.set(self.lanes.get() - 1);
        if let Some(signal) = signal {
            let active = &self.active[signal as usize - 1];
            active.set(active.get() - 1);
        }
        self.activity.notify_one();
    }

    /// Waits while delivery moves and can be expected to.
    async fn wait(&self, patience: Patience) {
        let begun = Instant::now();
        while self.lanes.get() > 0 {
            let last = self
                .routes()
                .map(|route| route.last_progress())
                .fold(begun, Instant::max);
            let deadline = (begun + patience.total).min(last + patience.idle);
            let hopeless = |route: &&Rc<Route>| {
                let is_idle = self.active[route.signal as usize - 1].get() == 0;
                is_idle || route.is_hopeless(deadline)
            };
            let has_active = self.active.iter().any(|active| active.get() > 0);
            if Instant::now() >= deadline || (has_active && self.routes().all(|route| hopeless(&route))) {
                return;
            }
            tokio::select! {
                () = self.activity.notified() => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }

    fn finished(&self) -> Report {
        let found = self.report.borrow();
        let mut report = Report::of(&self.counters);
        (report.busy_chains, report.gave_up) = (found.busy_chains, found.gave_up);
        for route in self.routes() {
            let waiting = found.of_signal(route.signal).waiting;
            report.gave_up |= waiting != Waiting::default();
            let slot = report.of_signal_mut(route.signal);
            (slot.waiting, slot.last_error) = (waiting, route.last_error());
        }
        report
    }
}
