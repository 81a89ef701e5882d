//! One exporter on the thread that it shares with others: one task a lane.

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
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

/// What an exporter is told to do.
pub(super) enum Order {
    Follow(Chain, watch::Receiver<u64>),
    Deliver(Ledger, ChainId),
    Finish(Patience),
}

/// Chains that are read at the same time by `deliver`; each has up to three cursors open.
const CHAINS_AT_ONCE: usize = 4;

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
        let patience = loop {
            match orders.recv().await {
                Some(Order::Follow(chain, news)) => self.follow(&chain, &news),
                Some(Order::Deliver(ledger, chain)) => self.deliver(ledger, chain),
                Some(Order::Finish(patience)) => break Some(patience),
                None => break None,
            }
        };
        if let Some(patience) = patience {
            self.phase.send_replace(Phase::Draining);
            self.routes().for_each(|route| route.gate.hurry());
            self.wait(patience).await;
        }
        self.phase.send_replace(Phase::Stopped);
        while self.lanes.get() > 0 {
            self.activity.notified().await;
        }
        self.finished()
    }

    fn follow(self: &Rc<Self>, chain: &Chain, news: &watch::Receiver<u64>) {
        for route in self.routes() {
            let cursor = chain.cursor(&self.name.cursor(route.signal), Some(route.signal));
            if let Some(cursor) = self.opened(route, cursor) {
                self.start(route.clone(), cursor, Some(news.clone()));
            }
        }
    }

    fn deliver(self: &Rc<Self>, ledger: Ledger, chain: ChainId) {
        let desk = self.clone();
        desk.begin(None);
        tokio::task::spawn_local(async move {
            let mut phase = desk.phase.subscribe();
            let permit = tokio::select! {
                permit = desk.chains.clone().acquire_owned() => permit.ok(),
                _ = phase.wait_for(|phase| *phase == Phase::Stopped) => None,
            };
            let mut lanes = Vec::new();
            for route in desk.routes().filter(|_| permit.is_some()) {
                let cursor = ledger.cursor(&chain, &desk.name.cursor(route.signal), Some(route.signal));
                if let Some(cursor) = desk.opened(route, cursor) {
                    lanes.push(desk.start(route.clone(), cursor, None));
                }
            }
            for lane in lanes {
                // A lane that panicked has been reported by the panic hook.
                drop(lane.await);
            }
            desk.end(None);
        });
    }

    fn opened(&self, route: &Route, cursor: Result<Cursor, Error>) -> Option<Cursor> {
        match cursor {
            Ok(cursor) => return Some(cursor),
            Err(Error::CursorBusy { .. }) => self.report.borrow_mut().busy_chains += 1,
            // Cleared away by somebody meanwhile: there is nothing left to deliver.
            Err(Error::NoChain(_)) => {}
            Err(error) => self.broken(route, &error),
        }
        None
    }

    fn start(
        self: &Rc<Self>,
        route: Rc<Route>,
        cursor: Cursor,
        news: Option<watch::Receiver<u64>>,
    ) -> tokio::task::JoinHandle<()> {
        let signal = route.signal;
        self.begin(Some(signal));
        let (desk, lane) = (
            self.clone(),
            Lane::new(route.clone(), cursor, news, self.phase.subscribe()),
        );
        tokio::task::spawn_local(async move {
            match lane.run().await {
                Ok(waiting) => desk.left(signal, waiting),
                Err(error) => desk.broken(&route, &error),
            }
            desk.end(Some(signal));
        })
    }

    /// The ledger failed a lane: what it had left is not known.
    fn broken(&self, route: &Route, error: &Error) {
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
