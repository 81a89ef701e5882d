//! The tenants' chains: each tenant has a handle of the ledger with its own budget, and all share one committer.

use super::Delivery;
use super::plan::TenantPlan;
use sitelog_ledger::{Chain, Commits, Committer, Counters, Error, Ledger, Options};
use sitelog_model::{TenantId, Ulid};
use sitelog_receive::Chains;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Begins chains and has them delivered.
pub(crate) struct TenantChains {
    folder: PathBuf,
    committer: Committer,
    delivery: Arc<Delivery>,
    state: Mutex<State>,
}

struct State {
    plans: BTreeMap<TenantId, TenantPlan>,
    others: TenantPlan,
    ledgers: BTreeMap<TenantId, Ledger>,
    /// Handles that wrote a chain: what is delivered of it is theirs to erase.
    writers: Vec<(TenantId, Ledger)>,
    keep_delivered: Duration,
}

impl TenantChains {
    pub(crate) fn new(
        folder: PathBuf,
        delivery: Arc<Delivery>,
        others: TenantPlan,
        keep_delivered: Duration,
    ) -> Result<Self, Error> {
        Ok(Self {
            folder,
            committer: Committer::start(),
            delivery,
            state: Mutex::new(State {
                plans: BTreeMap::new(),
                others,
                ledgers: BTreeMap::new(),
                writers: Vec::new(),
                keep_delivered,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has chains that begin from now on have other budgets, and tenants that come from now on delivered elsewhere.
    pub(crate) fn reload(&self, plans: BTreeMap<TenantId, TenantPlan>, others: TenantPlan) {
        self.delivery.plan(&plans, &others);
        let mut state = self.state();
        (state.plans, state.others) = (plans, others);
        // An open chain keeps the budget it began with; the next one gets the new one.
        state.ledgers.clear();
    }

    /// The ledger as a tenant has it.
    pub(crate) fn ledger(&self, tenant: &TenantId) -> Result<Ledger, Error> {
        let mut state = self.state();
        if let Some(ledger) = state.ledgers.get(tenant) {
            return Ok(ledger.clone());
        }
        let plan = state.plans.get(tenant).unwrap_or(&state.others);
        let options = Options {
            durability: plan.durability,
            budget: plan.budget,
            // More than may be in flight: a writer never waits for the disk, its sender does.
            ahead_bytes: 256 << 20,
            linger: Duration::ZERO,
            keep_delivered: Some(state.keep_delivered),
            committer: Some(self.committer.clone()),
            ..Options::default()
        };
        let ledger = Ledger::open(self.folder.clone(), options)?;
        state.ledgers.insert(tenant.clone(), ledger.clone());
        Ok(ledger)
    }

    /// Erases what is delivered and was kept as long as was asked; says what kept it from that.
    pub(crate) fn release(&self) -> Result<(), Error> {
        let writers = self.state().writers.clone();
        let tried = writers.iter().map(|(tenant, ledger)| ledger.release(tenant).map(drop));
        // One tenant's trouble keeps nobody else's.
        tried.fold(Ok(()), Result::and)
    }

    /// Whether the disk takes a small file.
    pub(crate) fn try_disk(&self) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&[0; 4096])?;
        file.as_file().sync_data()
    }

    /// What waits for whom, in all chains; those that cannot be read are left out, and told by `ledger_events`.
    pub(crate) fn queues(&self) -> Vec<Queue> {
        let mut queues: BTreeMap<(TenantId, String), Queue> = BTreeMap::new();
        let Ok(ledger) = self.ledger(&TenantId::default()) else {
            return Vec::new();
        };
        let now = sitelog_run::unix_nanos();
        for id in ledger.chains().unwrap_or_default() {
            let Ok(status) = ledger.status(&id) else { continue };
            for cursor in status.cursors {
                let queue = queues
                    .entry((id.tenant.clone(), cursor.name.clone()))
                    .or_insert_with(|| Queue {
                        tenant: id.tenant.clone(),
                        cursor: cursor.name,
                        frames: 0,
                        bytes: 0,
                        age: Duration::ZERO,
                        refused: 0,
                    });
                queue.frames += cursor.lag_frames;
                queue.bytes += cursor.lag_bytes;
                queue.refused += cursor.refused;
                let age = cursor
                    .lag_since
                    .map(|since| Duration::from_nanos(now.saturating_sub(since)));
                queue.age = queue.age.max(age.unwrap_or_default());
            }
        }
        queues.into_values().collect()
    }

    /// How what was written became durable.
    pub(crate) fn commits(&self) -> &Commits {
        self.committer.commits()
    }

    /// What each tenant's ledger has had to cope with.
    pub(crate) fn counters(&self) -> Vec<(TenantId, Vec<(&'static str, u64)>)> {
        let state = self.state();
        let all = state.ledgers.iter();
        all.map(|(tenant, ledger)| (tenant.clone(), Counters::all(ledger.counters())))
            .collect()
    }
}

/// What waits for one signal of a destination.
pub(crate) struct Queue {
    pub(crate) tenant: TenantId,
    pub(crate) cursor: String,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) age: Duration,
    pub(crate) refused: u64,
}

impl Chains for TenantChains {
    fn begin(&self, tenant: &TenantId) -> Result<Chain, Error> {
        let ledger = self.ledger(tenant)?;
        let chain = ledger.create(tenant, Ulid::generate())?;
        self.state().writers.push((tenant.clone(), ledger));
        self.delivery.follow(tenant, &chain);
        Ok(chain)
    }
}
