//! Writing to a ledger that may be full or faulty: how long it is waited for.

use crate::recorder::{Policy, WhenFull};
use sitelog_ledger::{Chain, Receipt, Refused};
use sitelog_model::Batch;
use sitelog_sanitize::Clean;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long between two tries to write to a full ledger.
const RETRY: Duration = Duration::from_millis(50);
/// A job that has waited so long for the ledger should not look as if it hung.
const TELL: Duration = Duration::from_secs(1);

/// The chain of a run and what is done when it takes no more.
pub(crate) struct Writing {
    /// `None` when there is no ledger to write to.
    chain: Option<Chain>,
    policy: Policy,
    /// When the job ended: from then on nothing of it can be held up any more.
    job_ended: OnceLock<Instant>,
}

/// What one writer has waited.
#[derive(Debug, Default)]
pub(crate) struct Waited {
    /// In all.
    pub(crate) time: Duration,
    /// The user was told that the job waits.
    told: bool,
    /// When patience with a faulty disk ran out; tried again with each batch, without waiting.
    gave_up: bool,
}

impl Writing {
    pub(crate) fn new(chain: Option<Chain>, policy: Policy) -> Self {
        let job_ended = OnceLock::new();
        Self {
            chain,
            policy,
            job_ended,
        }
    }

    pub(crate) fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The job has ended. A full ledger is waited for a little longer, for delivery may make room; then the rest is dropped
    /// and counted: whoever waits for the exit status must get it.
    pub(crate) fn job_ended(&self) {
        let _ = self.job_ended.set(Instant::now());
    }

    /// Writes a batch, waiting for room as the policy says; the error says why it could not be kept.
    pub(crate) fn write(&self, waited: &mut Waited, batch: &Clean<Batch>) -> Result<Receipt, String> {
        let chain = self.chain.as_ref().ok_or_else(|| "there is no ledger".to_owned())?;
        let began = Instant::now();
        loop {
            let refused = match chain.write(batch) {
                Ok(receipt) => {
                    waited.gave_up = false;
                    return Ok(receipt);
                }
                Err(refused) => refused,
            };
            let wait = match &refused {
                Refused::Full { .. } | Refused::TooOld { .. } => self.policy.when_full == WhenFull::Block,
                Refused::DiskFull { .. } => {
                    let block = self.policy.when_full == WhenFull::Block;
                    block && !waited.gave_up && began.elapsed() < self.policy.disk_patience
                }
                // A failed disk does not come back within a run.
                _ => false,
            };
            let ended = self.job_ended.get();
            let too_late = ended.is_some_and(|ended| ended.elapsed() >= self.policy.disk_patience);
            if !wait || too_late {
                waited.gave_up = true;
                return Err(refused.to_string());
            }
            if began.elapsed() >= TELL && !std::mem::replace(&mut waited.told, true) {
                (self.policy.tell)(&format!("the job waits: {refused}"));
            }
            std::thread::sleep(RETRY);
            waited.time += RETRY;
        }
    }
}
