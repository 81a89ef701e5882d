//! Into the ledger: a tenant's chain, and the wait until what was written is durable.

use crate::refusal::{RETRY, Refusal};
use sitelog_ledger::{Chain, Error, Receipt, Refused};
use sitelog_model::{Batch, Origin, TenantId};
use sitelog_sanitize::Clean;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};

/// Bytes of a tenant that are being made durable or wait for it. A sync takes as long as there are bytes to write, of whomever:
/// who sends more than a disk takes must not make it long for all others.
const AHEAD: usize = 2 << 20;
/// What a permit stands for.
const PERMIT: usize = 1 << 10;

/// Begins chains. The one who does also has them delivered.
pub trait Chains: Send + Sync + 'static {
    /// A new chain of a tenant. May wait for the disk.
    ///
    /// # Errors
    /// The ledger's.
    fn begin(&self, tenant: &TenantId) -> Result<Chain, Error>;
}

/// A tenant's way into the ledger.
pub(crate) struct Intake {
    tenant: TenantId,
    pub(crate) origin: Origin,
    chains: Arc<dyn Chains>,
    open: Arc<Mutex<State>>,
    ahead: Arc<Semaphore>,
}

enum State {
    /// Nothing was written yet, or the last chain failed.
    None,
    Open(Arc<Open>),
    /// The server is stopping.
    Closed,
}

/// A chain that is written.
pub(crate) struct Open {
    chain: Chain,
    /// Changes whenever the chain's durable end moves, or nothing will move it any more.
    moved: watch::Receiver<()>,
}

impl Intake {
    pub(crate) fn new(tenant: TenantId, origin: Origin, chains: Arc<dyn Chains>) -> Self {
        Self {
            tenant,
            origin,
            chains,
            open: Arc::new(Mutex::new(State::None)),
            ahead: Arc::new(Semaphore::new(AHEAD / PERMIT)),
        }
    }

    /// The chain that is written, begun if there is none.
    pub(crate) async fn open(&self) -> Result<Arc<Open>, Refusal> {
        let mut state = Arc::clone(&self.open).lock_owned().await;
        match &*state {
            State::Open(open) => return Ok(Arc::clone(open)),
            State::Closed => return Err(STOPPING),
            State::None => {}
        }
        let (chains, tenant) = (Arc::clone(&self.chains), self.tenant.clone());
        // A sender that goes away meanwhile leaves a chain that is known, not one that nobody writes or ends.
        let begun = tokio::task::spawn_blocking(move || {
            let chain = chains.begin(&tenant)?;
            let (move_it, moved) = watch::channel(());
            chain.subscribe(Box::new(move || {
                move_it.send_replace(());
            }));
            let open = Arc::new(Open { chain, moved });
            *state = State::Open(Arc::clone(&open));
            Ok::<_, Error>(open)
        });
        match begun.await {
            Ok(Ok(open)) => Ok(open),
            Ok(Err(_)) | Err(_) => Err(FAILED),
        }
    }

    /// Waits, first come, first served, until so many bytes may be written: to be held until they are durable.
    pub(crate) async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = bytes.clamp(PERMIT, AHEAD).div_ceil(PERMIT);
        // It is never closed.
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        Arc::clone(&self.ahead).acquire_many_owned(permits).await.ok()
    }

    /// What came of [`Open::write`].
    pub(crate) async fn written(&self, open: Arc<Open>, written: Result<Receipt, Refused>) -> Result<Written, Refusal> {
        match written {
            Ok(receipt) => Ok(Written { open, receipt }),
            Err(refused) => {
                if matches!(refused, Refused::Failed { .. } | Refused::Sealed) {
                    self.forget(&open).await;
                }
                Err(refused.into())
            }
        }
    }

    /// Waits until what was written is durable.
    pub(crate) async fn durable(&self, written: Written) -> Result<(), Refusal> {
        let Written { open, receipt } = written;
        let mut moved = open.moved.clone();
        loop {
            moved.borrow_and_update();
            match open.chain.is_durable(&receipt) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) => {
                    // It may be there or not: whoever sent it sends it again.
                    self.forget(&open).await;
                    return Err(FAILED);
                }
            }
            if moved.changed().await.is_err() {
                return Err(FAILED);
            }
        }
    }

    /// The next request begins a new chain; what is in this one stays.
    async fn forget(&self, failed: &Arc<Open>) {
        let mut state = self.open.lock().await;
        if matches!(&*state, State::Open(open) if Arc::ptr_eq(open, failed)) {
            *state = State::None;
        }
    }

    /// Takes nothing more. Gives the chain, which is the caller's to seal when nobody writes it any more.
    pub(crate) async fn close(&self) -> Option<Chain> {
        match std::mem::replace(&mut *self.open.lock().await, State::Closed) {
            State::Open(open) => Some(open.chain.clone()),
            State::None | State::Closed => None,
        }
    }
}

impl Open {
    /// Appends a batch. It survives this process then, and is as durable as was asked after [`Intake::durable`].
    pub(crate) fn write(&self, batch: &Clean<Batch>) -> Result<Receipt, Refused> {
        self.chain.write(batch)
    }
}

/// A batch that was written and may not be durable yet.
pub(crate) struct Written {
    open: Arc<Open>,
    receipt: Receipt,
}

pub(crate) const FAILED: Refusal = Refusal::Unavailable {
    why: "the ledger takes no writes",
    retry: RETRY,
};

/// What a server says that is on its way out.
pub(crate) const STOPPING: Refusal = Refusal::Unavailable {
    why: "the server is stopping",
    retry: RETRY,
};
