//! What earlier runs left in the ledger: finished, delivered, and cleared away beside a run that goes on anyway.
//!
//! All of it happens on a thread of its own that nobody waits for: a short job ends before it has begun.

use crate::exit::Failure;
use sitelog_export::{Exporter, OtlpConfig, Patience};
use sitelog_ledger::{ChainId, Error, Ledger, State};
use sitelog_model::{Source, TenantId};
use sitelog_run::{Unfinished, finish_interrupted};
use sitelog_sanitize::{Sanitizer, Settings};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a job's end may still give to other runs' records.
const LAST: Patience = Patience {
    total: Duration::from_millis(500),
    idle: Duration::from_millis(200),
};

/// A job that ends within this time leaves other runs' records alone.
const SHORT: Duration = Duration::from_millis(250);

/// The delivery of leftovers, once there are any.
#[derive(Clone, Default)]
pub(crate) struct Leftovers(Arc<Mutex<Option<Exporter>>>);

impl Leftovers {
    /// Looks for leftovers of a tenant, and for what retention lets go.
    pub(crate) fn begin(ledger: &Ledger, tenant: &TenantId, otlp: &OtlpConfig) -> Self {
        let leftovers = Self::default();
        let (slot, ledger, tenant, otlp) = (leftovers.clone(), ledger.clone(), tenant.clone(), otlp.clone());
        std::thread::spawn(move || {
            // Looking costs a short job more than it takes itself.
            std::thread::sleep(SHORT);
            slot.finish_and_deliver(&ledger, &otlp);
            // A disk that fails here fails the run's own records too, which say so.
            let _ = ledger.reclaim(&tenant);
        });
        leftovers
    }

    fn finish_and_deliver(&self, ledger: &Ledger, otlp: &OtlpConfig) {
        for chain in ledger.chains().unwrap_or_default() {
            if otlp.is_empty() || is_gateways(ledger, &chain) || !is_waiting(ledger, &chain) {
                continue;
            }
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.get_or_insert_with(|| Exporter::start(otlp.clone()))
                .deliver(ledger, &chain);
        }
    }

    /// The job has ended: what is on its way may arrive, the rest stays.
    pub(crate) fn end(self) {
        let exporter = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        exporter.into_iter().for_each(|exporter| drop(exporter.finish(LAST)));
    }
}

/// Whether a chain is a gateway's: its tenants' destinations are known to the gateway alone, and a run that delivered it might
/// send it back to where it came from.
pub(crate) fn is_gateways(ledger: &Ledger, chain: &ChainId) -> bool {
    let first = ledger.frames(chain).ok().and_then(|mut frames| frames.next());
    first.is_some_and(|frame| frame.is_ok_and(|frame| frame.batch.get().origin.source == Source::Receive))
}

/// Whether a chain is there for us to deliver: finished, by us if its writer died, and not all delivered.
fn is_waiting(ledger: &Ledger, chain: &ChainId) -> bool {
    if !finish(ledger, chain).unwrap_or(false) {
        return false;
    }
    let status = ledger.status(chain);
    status.is_ok_and(|status| status.cursors.is_empty() || status.cursors.iter().any(|cursor| cursor.lag_frames > 0))
}

/// Finishes the records of runs whose wrappers were killed, of those `chains`. Says whether there was one.
pub(crate) fn finish_all(ledger: &Ledger, chains: &[ChainId]) -> bool {
    let orphaned = |chain: &&ChainId| {
        let status = ledger.status(chain);
        status.is_ok_and(|status| status.state == State::Orphaned)
    };
    // One that cannot be finished (somebody else's folder, a full disk) is shown as it is.
    let finished = chains
        .iter()
        .filter(orphaned)
        .filter(|chain| finish(ledger, chain).unwrap_or(false));
    finished.count() > 0
}

/// Finishes the record of a run whose wrapper was killed. Says whether there is a chain and it is ours to deliver: one that
/// is being written is delivered by its writer, and one that was killed before its first frame is cleared away.
pub(crate) fn finish(ledger: &Ledger, chain: &ChainId) -> Result<bool, Failure> {
    let state = || match ledger.status(chain) {
        Err(Error::NoChain(_)) => Ok(None),
        other => other.map(|status| Some(status.state)),
    };
    match state()? {
        Some(State::Sealed) => return Ok(true),
        Some(State::Writing { .. }) | None => return Ok(false),
        Some(State::Orphaned) => {}
    }
    // Its records were sanitized when they were made; what is added now is the span that was, too.
    match finish_interrupted(ledger, chain, &Sanitizer::new(Settings::default())) {
        Ok(_) => Ok(state()?.is_some()),
        Err(Unfinished::Ledger(Error::Locked { .. } | Error::NoChain(_))) => Ok(false),
        Err(error) => Err(Failure::input(format!(
            "the record of run {} stays unfinished: {error}",
            chain.id
        ))),
    }
}
