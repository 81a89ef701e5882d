//! The tenants' chains: each tenant has a handle of the ledger with its own budget, and all share one committer.

use super::Delivery;
use super::plan::TenantPlan;
use sitelog_ledger::{Chain, ChainId, Commits, Committer, Counters, Error, Ledger, Options, Reclaim, Retention};
use sitelog_model::{Signal, TenantId, Ulid};
use sitelog_receive::Chains;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Looking for room or for what waits reads the headers of all frames: it may take this part of the time.
const APART: u32 = 20;

/// Begins chains and has them delivered.
pub(crate) struct TenantChains {
    folder: PathBuf,
    committer: Committer,
    delivery: Arc<Delivery>,
    keep_delivered: Duration,
    wanted: Arc<Wanted>,
    /// What waited when it was looked up last.
    queues: Mutex<Option<(Effort, Arc<Vec<Queue>>)>>,
    looking: Mutex<()>,
    state: Mutex<State>,
}

struct State {
    plans: BTreeMap<TenantId, TenantPlan>,
    others: TenantPlan,
    /// One a tenant, for as long as the server runs: its writers, counters and budget.
    ledgers: BTreeMap<TenantId, Ledger>,
    /// When room was last looked for, and how long that took.
    surveyed: BTreeMap<TenantId, Effort>,
    /// Chains of earlier starts, which go once they are delivered.
    ended: Vec<ChainId>,
}

/// When something was done, and how long it took.
struct Effort {
    ended: Instant,
    took: Duration,
}

impl Effort {
    fn since(begun: Instant) -> Self {
        Self {
            ended: Instant::now(),
            took: begun.elapsed(),
        }
    }

    /// Whether it is too early to do it again.
    fn is_recent(&self) -> bool {
        self.ended.elapsed() < self.took * APART
    }
}

/// Tenants whose writers found no room, and the most bytes that one needs.
#[derive(Default)]
struct Wanted {
    by_tenant: Mutex<BTreeMap<TenantId, u64>>,
    rung: Notify,
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
            keep_delivered,
            wanted: Arc::default(),
            queues: Mutex::default(),
            looking: Mutex::default(),
            state: Mutex::new(State {
                plans: BTreeMap::new(),
                others,
                ledgers: BTreeMap::new(),
                surveyed: BTreeMap::new(),
                ended: Vec::new(),
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other budgets and destinations hold from now on.
    pub(crate) fn reload(&self, plans: BTreeMap<TenantId, TenantPlan>, others: TenantPlan) {
        self.delivery.plan(&plans, &others);
        let mut state = self.state();
        (state.plans, state.others) = (plans, others);
        for (tenant, ledger) in &state.ledgers {
            ledger.retain(state.plan_of(tenant).retention());
        }
    }

    /// The ledger as a tenant has it.
    pub(crate) fn ledger(&self, tenant: &TenantId) -> Result<Ledger, Error> {
        let mut state = self.state();
        if let Some(ledger) = state.ledgers.get(tenant) {
            return Ok(ledger.clone());
        }
        let plan = state.plan_of(tenant);
        let wanted = Arc::clone(&self.wanted);
        let options = Options {
            durability: plan.durability,
            budget: plan.budget,
            // More than may be in flight: a writer never waits for the disk, its sender does.
            ahead_bytes: 256 << 20,
            linger: Duration::ZERO,
            keep_delivered: Some(self.keep_delivered),
            // A survey takes long: it must not be done by who writes, in front of others whose turn it is.
            reclaim: Reclaim::Elsewhere(Arc::new(move |tenant, bytes| wanted.add(tenant, bytes))),
            committer: Some(self.committer.clone()),
            ..Options::default()
        };
        let ledger = Ledger::open(self.folder.clone(), options)?;
        ledger.retain(plan.retention());
        state.ledgers.insert(tenant.clone(), ledger.clone());
        Ok(ledger)
    }

    /// Erases what is delivered and was kept as long as was asked; says what kept it from that.
    pub(crate) fn release(&self) -> Result<(), Error> {
        self.delivery.let_go();
        let ledgers = self.state().ledgers.clone();
        let tried = ledgers.iter().map(|(tenant, ledger)| ledger.release(tenant).map(drop));
        // One tenant's trouble keeps nobody else's.
        tried.fold(Ok(()), Result::and)
    }

    /// Returns when a writer has found no room.
    pub(crate) async fn wanted(&self) {
        self.wanted.rung.notified().await;
    }

    /// Makes room for those whose writers found none: for all of them what is quick, then, for who needs more, what takes long.
    pub(crate) fn make_room(&self) -> Result<(), Error> {
        let wanted = std::mem::take(&mut *self.wanted.by_tenant());
        let (mut short, mut tried) = (Vec::new(), Ok(()));
        for (tenant, bytes) in wanted {
            match self.make_quick_room(&tenant, bytes) {
                Ok(None) => {}
                Ok(Some(room)) => short.push((tenant, room)),
                Err(error) => tried = Err(error),
            }
        }
        for (tenant, room) in short {
            // Its writer asks again.
            if !self.state().surveyed.get(&tenant).is_some_and(Effort::is_recent) {
                let (ledger, begun) = (self.ledger(&tenant)?, Instant::now());
                let made = ledger.make_room(&tenant, room, true);
                self.state().surveyed.insert(tenant, Effort::since(begun));
                tried = tried.and(made.map(drop));
            }
        }
        tried
    }

    /// Says how many bytes are wanted if that is not enough.
    fn make_quick_room(&self, tenant: &TenantId, bytes: u64) -> Result<Option<u64>, Error> {
        let (ledger, budget) = (self.ledger(tenant)?, self.state().plan_of(tenant).budget);
        let limit = budget.bytes.unwrap_or(u64::MAX);
        // Some more than one batch takes, so that it is not looked for at each of them.
        let room = bytes.max(budget.bytes.map_or(0, |bytes| bytes / 16));
        let used = ledger.make_room(tenant, room, false)?.used;
        Ok((budget.age.is_some() || used.saturating_add(room) > limit).then_some(room))
    }

    /// Erases what has become too old, and chains of earlier starts that are delivered.
    pub(crate) fn sweep(&self) -> Result<(), Error> {
        let (ended, aged) = {
            let state = self.state();
            let has_age = |tenant: &&TenantId| state.plan_of(tenant).budget.age.is_some();
            let aged: Vec<TenantId> = state.ledgers.keys().filter(has_age).cloned().collect();
            (state.ended.clone(), aged)
        };
        let mut tried = Ok(());
        for id in ended {
            match self.ledger(&id.tenant).and_then(|ledger| ledger.release_ended(&id)) {
                Ok(true) => self.state().ended.retain(|known| *known != id),
                Ok(false) => {}
                Err(error) => tried = Err(error),
            }
        }
        let each = aged.iter().map(|tenant| self.ledger(tenant)?.reclaim(tenant).map(drop));
        each.fold(tried, Result::and)
    }

    /// Has a chain of an earlier start delivered, and erased afterwards if it is a gateway's.
    pub(crate) fn left(&self, id: &ChainId, is_gateways: bool) -> Result<(), Error> {
        let ledger = self.ledger(&id.tenant)?;
        self.delivery.deliver(&ledger, id);
        if is_gateways {
            self.state().ended.push(id.clone());
        }
        Ok(())
    }

    /// Whether the disk takes a small file.
    pub(crate) fn try_disk(&self) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&[0; 4096])?;
        file.as_file().sync_data()
    }

    /// What waits for whom, in all chains; those that cannot be read are left out, and told by `ledger_events`. Looked up anew
    /// when that takes a small part of the time, by one at a time: all others get what was known before.
    pub(crate) fn queues(&self) -> Arc<Vec<Queue>> {
        let known = || self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let last = || {
            known()
                .as_ref()
                .map(|(_, queues)| Arc::clone(queues))
                .unwrap_or_default()
        };
        let Ok(_looking) = self.looking.try_lock() else {
            return last();
        };
        if known().as_ref().is_some_and(|(looked, _)| looked.is_recent()) {
            return last();
        }
        let begun = Instant::now();
        let queues = Arc::new(self.look_up_queues());
        *known() = Some((Effort::since(begun), Arc::clone(&queues)));
        queues
    }

    fn look_up_queues(&self) -> Vec<Queue> {
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

impl State {
    fn plan_of(&self, tenant: &TenantId) -> &TenantPlan {
        self.plans.get(tenant).unwrap_or(&self.others)
    }
}

impl TenantPlan {
    /// What may be erased: what all its destinations have got.
    fn retention(&self) -> Retention {
        let cursors = self.destinations.iter().flat_map(|to| {
            let signals = Signal::ALL
                .into_iter()
                .filter(|signal| to.destination(*signal).is_some());
            signals.map(|signal| to.name.cursor(signal))
        });
        Retention {
            budget: self.budget,
            cursors: cursors.collect(),
        }
    }
}

impl Wanted {
    fn by_tenant(&self) -> MutexGuard<'_, BTreeMap<TenantId, u64>> {
        self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, tenant: &TenantId, bytes: u64) {
        let mut by_tenant = self.by_tenant();
        let most = by_tenant.entry(tenant.clone()).or_default();
        *most = bytes.max(*most);
        self.rung.notify_one();
    }
}

impl Chains for TenantChains {
    fn begin(&self, tenant: &TenantId) -> Result<Chain, Error> {
        let ledger = self.ledger(tenant)?;
        let chain = ledger.create(tenant, Ulid::generate())?;
        self.delivery.follow(&ledger, &chain);
        Ok(chain)
    }
}
