//! What is recorded besides what is counted: updates that have ended, with what their engines said, and the organizations'
//! audit logs.
//!
//! ```text
//! counted ─► outbox (in the transaction of the cursor) ─► events ─► records ─► sanitizer ─► ledger ─► out of the outbox
//! ```
//!
//! A crash between the ledger and the outbox repeats records under the ids they had; the next start finds them at the end of
//! its chain and leaves them out. Nothing is taken out that is not durable in the ledger.

pub(crate) mod entry;
mod events;
pub(crate) mod finished;
mod ids;
pub(crate) mod log_cursor;
mod rendered;
mod trail;
pub(crate) mod waiting;

pub use trail::TrailError;

use crate::api::Api;
use crate::clock::Clock;
use crate::config::Audit;
use crate::counters::Counters;
use crate::cycle::lock;
use crate::state::{Change, State, StateError};
use events::{Heard, Patience};
use rendered::Rendered;
use sitelog_ledger::{Chain, Ledger};
use sitelog_model::Ulid;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use trail::Trail;
use waiting::Waiting;

/// Records that are written together.
const MANY: usize = 200;
/// The same where events are asked for: all of a few updates are in memory.
const FEW: usize = 8;
/// What could not be written is tried again after this time.
const AGAIN: Duration = Duration::from_secs(5);
/// And after this at last, when it fails again and again.
const SELDOM: Duration = Duration::from_secs(60);

/// Takes what waits into the ledger.
pub struct Beyond {
    state: Arc<Mutex<State>>,
    api: Api,
    counters: Arc<Counters>,
    audit: Audit,
    clock: Clock,
    trail: Arc<Mutex<Trail>>,
    wake: Arc<Notify>,
    patience: Patience,
    /// How often in a row nothing could be written.
    failures: u32,
}

/// What the exporter shares with it.
pub(crate) struct Shared {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) api: Api,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: Clock,
    pub(crate) wake: Arc<Notify>,
}

/// What waits, by its id.
type Rows = Vec<(String, Vec<u8>)>;

impl Beyond {
    /// Opens this exporter's chain in the ledger, or goes on with the one that was left by a crash.
    pub(crate) fn open(shared: Shared, audit: Audit, ledger: &Ledger) -> Result<Self, TrailError> {
        let trail = Trail::open(ledger, &audit, &mut lock(&shared.state))?;
        Ok(Self {
            state: shared.state,
            api: shared.api,
            counters: shared.counters,
            audit,
            clock: shared.clock,
            trail: Arc::new(Mutex::new(trail)),
            wake: shared.wake,
            patience: Patience::default(),
            failures: 0,
        })
    }

    /// The chain that is written, for whoever delivers it.
    pub fn chain(&self) -> Chain {
        lock(&self.trail).chain()
    }

    /// Takes over what waits whenever something does, until `stop`; then the chain is sealed.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let wake = Arc::clone(&self.wake);
            let pass = async {
                self.drain().await;
                if let Some(rest) = rest(self.failures) {
                    tokio::time::sleep(rest).await;
                    return;
                }
                let due = self.patience.due(AGAIN);
                tokio::select! {
                    () = wake.notified() => {}
                    () = tokio::time::sleep(due) => {}
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = pass => {}
            }
        }
        let trail = self.trail;
        // What is being written is waited for. Unsealed it is sealed or gone on with by the next start.
        let _ = tokio::task::spawn_blocking(move || lock(&trail).seal()).await;
    }

    /// Takes over what waits, once; what cannot be had now stays. Says how much waits then.
    pub async fn drain(&mut self) -> u64 {
        let why = self.pass().await.err();
        self.failures = why.as_ref().map_or(0, |_| self.failures.saturating_add(1));
        let waiting = self.waiting().await.unwrap_or(0);
        self.counters.change(|counts| {
            counts.audit_waiting = waiting;
            counts.audit_write_failures += u64::from(why.is_some());
            counts.audit_fault = why;
        });
        waiting
    }

    async fn pass(&mut self) -> Result<(), String> {
        let many = if self.audit.events { FEW } else { MANY };
        let mut after = String::new();
        loop {
            let (state, from) = (Arc::clone(&self.state), after);
            let rows = blocking(move || lock(&state).outbox(&from, many)).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = last.clone();
            let (taken, all) = self.render(rows).await;
            if !taken.is_empty() {
                self.write(taken, all).await?;
            }
        }
    }

    /// The records of what waits, with the ids of what they are of. What has to wait for its events is left out.
    async fn render(&mut self, rows: Rows) -> (Vec<String>, Vec<Rendered>) {
        let (mut taken, mut all) = (Vec::new(), Vec::new());
        let mut asked = JoinSet::new();
        let now = self.clock.now();
        for (uid, row) in rows {
            let waiting = Ulid::from_string(&uid).ok().zip(Waiting::read(&row));
            match waiting {
                // Nothing that this version wrote: it would wait for ever.
                None => {
                    self.counters.change(|counts| counts.audit_records_refused += 1);
                    taken.push(uid);
                }
                Some((id, Waiting::Entry(entry))) => {
                    all.push(entry.render(id, &self.audit.resource, now));
                    taken.push(uid);
                }
                Some((id, Waiting::Update(update))) if self.audit.events => {
                    if self.patience.is_due(id) {
                        let api = self.api.clone();
                        asked.spawn(async move {
                            let heard = events::ask(&api, &update).await;
                            (id, update, heard)
                        });
                    }
                }
                Some((id, Waiting::Update(update))) => {
                    all.push(update.render(id, None, &self.audit.resource, now).0);
                    taken.push(uid);
                }
            }
        }
        while let Some(done) = asked.join_next().await {
            let Ok((id, update, heard)) = done else { continue };
            let heard = self.patience.judge(id, heard);
            let events = match &heard {
                Heard::Later => continue,
                Heard::Events(events) => Some(events),
                Heard::Nothing(why) => {
                    let why = (*why).to_owned();
                    self.counters
                        .change(|counts| *counts.audit_events_missing.entry(why).or_default() += 1);
                    None
                }
            };
            let (rendered, malformed) = update.render(id, events, &self.audit.resource, now);
            self.counters
                .change(|counts| counts.audit_events_malformed += malformed);
            all.push(rendered);
            taken.push(id.to_string());
        }
        (taken, all)
    }

    /// Into the ledger, and then out of the outbox.
    async fn write(&self, taken: Vec<String>, all: Vec<Rendered>) -> Result<(), String> {
        let (trail, state) = (Arc::clone(&self.trail), Arc::clone(&self.state));
        let written = blocking(move || {
            let mut trail = lock(&trail);
            let written = trail.write(&all)?;
            let change = Change {
                sent: taken,
                cursors: trail.cursor_after(&all).into_iter().collect(),
                ..Change::default()
            };
            lock(&state).commit(&change).map_err(|error| error.to_string())?;
            trail.settled(&all);
            Ok::<_, String>(written)
        });
        let written = written.await?;
        self.counters.change(|counts| {
            counts.audit_records += written.records;
            counts.audit_repeats += written.repeats;
            counts.audit_records_refused += written.refused;
        });
        Ok(())
    }

    async fn waiting(&self) -> Result<u64, String> {
        let (state, trail) = (Arc::clone(&self.state), Arc::clone(&self.trail));
        blocking(move || {
            let waiting = lock(&state).outbox_size()?;
            if waiting == 0 {
                lock(&trail).forget();
            }
            Ok::<_, StateError>(waiting)
        })
        .await
    }
}

/// How long nothing is tried after so many failures in a row, whatever comes meanwhile: each time events are asked for that
/// cannot be kept.
fn rest(failures: u32) -> Option<Duration> {
    let before = failures.checked_sub(1)?;
    Some((AGAIN * 2_u32.saturating_pow(before.min(8))).min(SELDOM))
}

/// Waits for the disk on a thread for that.
async fn blocking<T: Send + 'static, E: ToString + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("stopped".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_tried_more_and_more_seldom() {
        let seconds = [0, 1, 2, 3, 4, 5, u32::MAX].map(|failures| rest(failures).map(|rest| rest.as_secs()));
        let want = [None, Some(5), Some(10), Some(20), Some(40), Some(60), Some(60)];
        assert_eq!(seconds, want);
    }
}
