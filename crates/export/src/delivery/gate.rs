//! When a destination may be asked again: one gate for a destination and signal, passed by every request.
//!
//! A failure shuts the gate for a while. Then one request goes through and the others wait for how it fares, so that a
//! destination in trouble is never hammered, however many requests wait for it.

use crate::config::Backoff;
use std::cell::RefCell;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Longest wait that a destination can ask for; a hint beyond it is taken for a mistake.
const MAX_HINT: Duration = Duration::from_secs(3600);

/// The gate.
pub(crate) struct Gate {
    backoff: Backoff,
    state: RefCell<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    shut_until: Option<Instant>,
    /// A request has been let through a shut gate, and has not fared yet.
    probing: bool,
    failures: u32,
    /// Grows when the gate shuts or opens: what is heard from requests sent before counts no more.
    epoch: u64,
    unreachable: bool,
    /// The destination should be tried once more before anybody gives up.
    hurried: bool,
}

/// The right to send one request.
pub(crate) struct Pass(u64);

impl Gate {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            state: RefCell::default(),
            changed: Notify::new(),
        }
    }

    /// Waits until it may be worth to read a request: the gate is open, or one may try.
    pub(crate) async fn ready(&self) {
        loop {
            let wait = {
                let state = self.state.borrow();
                match state.shut_until {
                    None => return,
                    Some(_) if state.probing => None,
                    Some(until) if until <= Instant::now() => return,
                    Some(until) => Some(until),
                }
            };
            let changed = self.changed.notified();
            match wait {
                None => changed.await,
                Some(until) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(until) => {}
                },
            }
        }
    }

    /// The right to send now, if there is one: nobody waits here with a request in hand.
    pub(crate) fn try_pass(&self) -> Option<Pass> {
        let mut state = self.state.borrow_mut();
        if let Some(until) = state.shut_until {
            if state.probing || until > Instant::now() {
                return None;
            }
            state.probing = true;
        }
        Some(Pass(state.epoch))
    }

    #[cfg(test)]
    async fn pass(&self) -> Pass {
        loop {
            self.ready().await;
            if let Some(pass) = self.try_pass() {
                return pass;
            }
        }
    }

    /// Whether only one request may try.
    pub(crate) fn is_shut(&self) -> bool {
        self.state.borrow().shut_until.is_some()
    }

    /// The destination answered what may be the data's fault or its own: others may go, and if it goes on so, the next wait is
    /// longer than the last one.
    pub(crate) fn open_in_doubt(&self, pass: &Pass) {
        let failures = self.state.borrow().failures;
        self.open(pass);
        self.state.borrow_mut().failures = failures;
    }

    /// The destination answered, whatever the answer was: others may go.
    pub(crate) fn open(&self, pass: &Pass) {
        let mut state = self.state.borrow_mut();
        if state.epoch != pass.0 {
            return;
        }
        (state.failures, state.unreachable, state.hurried) = (0, false, false);
        if state.shut_until.take().is_some() {
            (state.probing, state.epoch) = (false, pass.0 + 1);
            self.changed.notify_waiters();
        }
    }

    /// The request has to be sent again: nobody goes before the hinted time, or before a random one that grows.
    pub(crate) fn shut(&self, pass: &Pass, hint: Option<Duration>, unreachable: bool) {
        let mut state = self.state.borrow_mut();
        let current = state.epoch == pass.0;
        if current {
            state.failures = state.failures.saturating_add(1);
            (state.probing, state.epoch) = (false, pass.0 + 1);
            (state.unreachable, state.hurried) = (unreachable, false);
        } else if hint.is_none() || state.shut_until.is_none() {
            // Of several requests sent together only the first counts as a failure.
            return;
        }
        let wait = hint.map_or_else(|| self.backoff.wait(state.failures), |hint| hint.min(MAX_HINT));
        let until = Instant::now() + wait;
        state.shut_until = Some(
            state
                .shut_until
                .filter(|_| !current)
                .map_or(until, |known| known.max(until)),
        );
        self.changed.notify_waiters();
    }

    /// Lets a destination that refused connections be tried at once, for the last time. A hint is never overruled.
    pub(crate) fn hurry(&self) {
        let mut state = self.state.borrow_mut();
        if state.unreachable && !state.probing && state.shut_until.is_some() {
            state.hurried = true;
            state.shut_until = Some(Instant::now());
            self.changed.notify_waiters();
        }
    }

    /// Whether nothing can be expected before `deadline`: it refused the last connection, or may not be asked till then.
    pub(crate) fn is_hopeless(&self, deadline: Instant) -> bool {
        let state = self.state.borrow();
        let refused = state.unreachable && !state.hurried;
        !state.probing && state.shut_until.is_some_and(|until| refused || until >= deadline)
    }
}

#[cfg(test)]
mod tests;
