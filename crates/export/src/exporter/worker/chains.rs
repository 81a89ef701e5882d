//! The chains of an exporter: their cursors are opened, and opened again after the ledger failed, for as long as the exporter lives.

use super::{Desk, Running};
use crate::config::Pace;
use crate::delivery::lane::Phase;
use crate::delivery::route::Route;
use crate::delivery::setback::Setback;
use sitelog_ledger::{Chain, ChainId, Cursor, Error, Ledger};
use std::rc::Rc;
use tokio::sync::watch;

/// Routes on which the ledger failed a chain.
type Failed = Vec<(Rc<Route>, Error)>;

/// How long it is waited after an error, and while somebody else has the cursor: he lets go soon, as a rule.
struct Pauses {
    disk: Setback,
    busy: Setback,
}

impl Pauses {
    fn new(pace: &Pace) -> Self {
        let (disk, mut busy) = (pace.setback, pace.setback);
        busy.first /= 20;
        Self {
            disk: Setback::new(disk),
            busy: Setback::new(busy),
        }
    }
}

impl Desk {
    /// Delivers a chain that this process writes.
    pub(super) fn follow(self: &Rc<Self>, chain: &Chain, news: &watch::Receiver<u64>) {
        for route in self.routes() {
            match self.cursor_of(chain, route) {
                Ok(cursor) => drop(self.start(route.clone(), cursor, Some(news.clone()))),
                Err(error) => {
                    self.begin(None);
                    let later = (route.clone(), chain.clone(), news.clone());
                    tokio::task::spawn_local(self.clone().follow_later(later, error));
                }
            }
        }
    }

    async fn follow_later(
        self: Rc<Self>,
        (route, chain, news): (Rc<Route>, Chain, watch::Receiver<u64>),
        error: Error,
    ) {
        let (mut pauses, mut failed) = (Pauses::new(&route.pace), vec![(route.clone(), error)]);
        while self.has_another_try(&failed, &mut pauses).await {
            match self.cursor_of(&chain, &route) {
                Ok(cursor) => {
                    drop(self.start(route, cursor, Some(news)));
                    break;
                }
                Err(error) => failed = vec![(route.clone(), error)],
            }
        }
        self.end(None);
    }

    fn cursor_of(&self, chain: &Chain, route: &Route) -> Result<Cursor, Error> {
        chain.cursor(&self.name.cursor(route.signal), Some(route.signal))
    }

    /// Delivers a chain that this process does not write.
    pub(super) fn deliver(self: &Rc<Self>, ledger: Ledger, chain: ChainId) {
        let desk = self.clone();
        desk.begin(None);
        tokio::task::spawn_local(async move {
            let mut todo: Vec<_> = desk.routes().cloned().collect();
            let mut pauses = todo.first().map(|route| Pauses::new(&route.pace));
            while let Some(pauses) = pauses.as_mut().filter(|_| !todo.is_empty()) {
                let failed = desk.deliver_once(&ledger, &chain, todo).await;
                // Another chain takes its place meanwhile.
                let goes_on = !failed.is_empty() && desk.has_another_try(&failed, pauses).await;
                todo = failed.into_iter().filter(|_| goes_on).map(|(route, _)| route).collect();
            }
            desk.end(None);
        });
    }

    async fn deliver_once(self: &Rc<Self>, ledger: &Ledger, chain: &ChainId, routes: Vec<Rc<Route>>) -> Failed {
        let mut phase = self.phase.subscribe();
        let permit = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| phase.is_over()) => None,
            permit = self.chains.clone().acquire_owned() => permit.ok(),
        };
        let (mut lanes, mut failed): (Vec<(Rc<Route>, Running)>, _) = (Vec::new(), Failed::new());
        for route in routes.into_iter().filter(|_| permit.is_some()) {
            match ledger.cursor(chain, &self.name.cursor(route.signal), Some(route.signal)) {
                Ok(cursor) => lanes.push((route.clone(), self.start(route, cursor, None))),
                // Cleared away by somebody meanwhile: there is nothing left to deliver.
                Err(Error::NoChain(_)) => {}
                Err(error) => failed.push((route, error)),
            }
        }
        for (route, lane) in lanes {
            // A lane that panicked has been reported by the panic hook.
            if let Ok(Some(error)) = lane.await {
                failed.push((route, error));
            }
        }
        failed
    }

    /// Waits until it may be tried again. Not at all at the end: then it is said what failed.
    async fn has_another_try(&self, failed: &Failed, pauses: &mut Pauses) -> bool {
        let mut phase = self.phase.subscribe();
        let is_running = *phase.borrow_and_update() == Phase::Running;
        if is_running {
            let is_busy = |error: &Error| matches!(error, Error::CursorBusy { .. });
            let errors = failed.iter().filter(|(_, error)| !is_busy(error));
            for (route, error) in errors.clone() {
                route.counters().cursor_errors.add(1);
                route.failed(&error.to_string());
            }
            let pause = match errors.count() {
                0 => pauses.busy.again(false),
                _ => pauses.disk.again(false),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // At the end there is one more try.
                _ = phase.wait_for(|phase| *phase != Phase::Running) => {}
            }
        }
        let goes_on = is_running && !phase.borrow().is_over();
        if !goes_on {
            failed.iter().for_each(|(route, error)| self.broken(route, error));
        }
        goes_on
    }
}
