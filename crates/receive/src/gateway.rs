//! Where all requests come together: who may come in, whose they are, and what is done with each.

use crate::admission::fair::Fair;
use crate::admission::flight::Flight;
use crate::answered::{Answered, Taken, Watch};
use crate::auth::{Doors, Identity, Role};
use crate::counters::ServerCounters;
use crate::intake::{Chains, FAILED};
use crate::limits::{ServerLimits, TenantLimits};
use crate::refusal::Refusal;
use crate::stamp;
use crate::tenant::Tenant;
use bytes::Bytes;
use http::HeaderMap;
use sitelog_ledger::Chain;
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid, request};
use sitelog_sanitize::{Limits, Sanitizer};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::{Handle, RuntimeFlavor};

/// Bytes whose work takes longer than handing over a worker's other tasks.
const MUCH: usize = 32 << 10;
/// So many times as much work is what is packed taken for.
const PACKED: usize = 8;

/// What holds for a tenant.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What it may send.
    pub limits: TenantLimits,
    /// What is hidden in it.
    pub sanitizer: Sanitizer,
}

/// What can change while the server runs.
struct Plan {
    doors: Doors,
    limits: ServerLimits,
    /// Origins of browsers that may send (`*`: all).
    origins: Vec<String>,
    /// Of tenants that are named, and of all others.
    rules: BTreeMap<TenantId, Rules>,
    others: Rules,
}

/// All tenants of a server.
pub struct Gateway {
    plan: RwLock<Arc<Plan>>,
    tenants: RwLock<BTreeMap<TenantId, Arc<Tenant>>>,
    chains: Arc<dyn Chains>,
    origin: Origin,
    pub(crate) flight: Arc<Flight>,
    pub(crate) fair: Fair,
    counters: ServerCounters,
    watch: OnceLock<Watch>,
}

impl Gateway {
    /// A gateway that works on so many requests at a time; each tenant has the rules of [`Gateway::reload`].
    pub fn new(turns: usize, chains: Arc<dyn Chains>, limits: ServerLimits, others: Rules) -> Self {
        let plan = Plan {
            doors: Doors::default(),
            limits,
            origins: Vec::new(),
            rules: BTreeMap::new(),
            others,
        };
        Self {
            plan: RwLock::new(Arc::new(plan)),
            tenants: RwLock::default(),
            chains,
            origin: Origin {
                source: Source::Receive,
                id: Ulid::generate(),
            },
            flight: Arc::default(),
            fair: Fair::new(turns),
            counters: ServerCounters::default(),
            watch: OnceLock::new(),
        }
    }

    /// Has other credentials and rules from the next request on; what is under way goes on as it began.
    pub fn reload(
        &self,
        doors: Doors,
        limits: ServerLimits,
        origins: Vec<String>,
        rules: BTreeMap<TenantId, Rules>,
        others: Rules,
    ) {
        let plan = Arc::new(Plan {
            doors,
            limits,
            origins,
            rules,
            others,
        });
        for tenant in self.tenants() {
            tenant.set_rules(plan.rules_of(tenant.id()));
        }
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    fn plan(&self) -> Arc<Plan> {
        // A plan is replaced whole.
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The limits of all.
    pub fn limits(&self) -> ServerLimits {
        self.plan().limits.clone()
    }

    /// What became of connections and of requests that are nobody's.
    pub fn counters(&self) -> &ServerCounters {
        &self.counters
    }

    /// Who shows a token with a role, or with one that includes it.
    ///
    /// # Errors
    /// [`Refusal::NoCredential`], [`Refusal::BadCredential`] and [`Refusal::Role`].
    pub fn authorize(&self, headers: &HeaderMap, role: Role) -> Result<Identity, Refusal> {
        let identity = self.doors(|doors| doors.token(headers, unix_seconds()))?;
        match identity.role.includes(role) {
            true => Ok(identity),
            false => Err(Refusal::Role),
        }
    }

    /// Tenants that have sent something, by name.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().cloned().collect()
    }

    /// Whether a browser's page of this origin may send.
    pub(crate) fn is_allowed(&self, origin: &str) -> bool {
        let plan = self.plan();
        plan.origins.iter().any(|known| known == "*" || known == origin)
    }

    /// Runs `check` on the doors as they are now.
    pub(crate) fn doors<T>(&self, check: impl FnOnce(&Doors) -> T) -> T {
        check(&self.plan().doors)
    }

    /// The tenant of a name; made when it comes for the first time.
    pub(crate) fn tenant(&self, id: &TenantId) -> Arc<Tenant> {
        let known = |tenants: &BTreeMap<TenantId, Arc<Tenant>>| tenants.get(id).cloned();
        if let Some(tenant) = known(&self.tenants.read().unwrap_or_else(PoisonError::into_inner)) {
            return tenant;
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = known(&tenants) {
            return tenant;
        }
        let rules = self.plan().rules_of(id);
        let tenant = Arc::new(Tenant::new(id.clone(), rules, self.origin, Arc::clone(&self.chains)));
        tenants.insert(id.clone(), Arc::clone(&tenant));
        tenant
    }

    /// A request as it came, packed (compressed or JSON) or not, which `plain` makes protobuf when it is its turn: stamped,
    /// sanitized, durable.
    pub(crate) async fn take(
        &self,
        tenant: &Arc<Tenant>,
        signal: Signal,
        (body, is_packed): (Bytes, bool),
        plain: impl FnOnce(Bytes) -> Result<Bytes, Refusal>,
    ) -> Result<Taken, Refusal> {
        let begun = Instant::now();
        let rules = tenant.rules();
        let open = tenant.intake.open().await?;
        // Of what is packed it is not known yet how much work it is.
        let size = match is_packed {
            true => (body.len() * PACKED).min(rules.limits.request_bytes),
            false => body.len(),
        };
        let room = tenant.intake.room(size).await;
        let turn = self.fair.turn(tenant.id(), size as u64).await;
        let waited = begun.elapsed();
        let work = || {
            let body = plain(body)?;
            let bytes = body.len();
            let records = request::count(&body).map_err(|error| Refusal::Malformed(error.to_string()))?;
            tenant.pay(&rules.limits, (records as u64, bytes as u64), begun)?;
            tenant.census.admit(signal, &body, &rules.limits, begun)?;
            let stamped = stamp::stamp(&body, &tenant.stamp);
            let otlp = stamped.unwrap_or(body);
            let batch = Batch {
                tenant: tenant.id().clone(),
                signal,
                origin: tenant.intake.origin,
                payload: Payload::Otlp(otlp),
            };
            let limits = Limits {
                // The stamp is ours.
                bytes: usize::MAX,
                ..Limits::default()
            };
            let clean = rules.sanitizer.batch_within(batch, &limits)?;
            Ok::<_, Refusal>((records, bytes, open.write(&clean)))
        };
        let (records, bytes, written) = apart(size, work)?;
        drop(turn);
        let written = tenant.intake.written(open, written).await?;
        // A sender that goes away takes neither the wait nor the room with it: its bytes are on their way to the disk.
        let waiting = Arc::clone(tenant);
        let durable = tokio::spawn(async move {
            let durable = waiting.intake.durable(written).await;
            drop(room);
            durable
        });
        durable.await.unwrap_or(Err(FAILED))?;
        let took = begun.elapsed();
        tenant.counters().taken(signal, records, bytes, took);
        Ok(Taken {
            records,
            bytes,
            turn: waited,
            durable: took.saturating_sub(waited),
        })
    }

    /// A request of the server's own, in a tenant's name; the watch is not told of it.
    ///
    /// # Errors
    /// Why it was refused, as anybody's would be.
    pub async fn take_own(&self, tenant: &TenantId, signal: Signal, request: Bytes) -> Result<Taken, Refusal> {
        self.take(&self.tenant(tenant), signal, (request, false), Ok).await
    }

    /// Has somebody told of each answered request. Says whether there was nobody yet; later ones are not told.
    pub fn watch(&self, watch: Watch) -> bool {
        self.watch.set(watch).is_ok()
    }

    pub(crate) fn tell(&self, answered: impl FnOnce() -> Answered) {
        if let Some(watch) = self.watch.get() {
            watch(answered());
        }
    }

    /// Takes nothing more; gives the chains that were written, to be sealed.
    pub async fn close(&self) -> Vec<Chain> {
        let mut chains = Vec::new();
        for tenant in self.tenants() {
            chains.extend(tenant.intake.close().await);
        }
        chains
    }
}

impl Plan {
    /// A tenant's rules; what is hidden is counted for each tenant apart.
    fn rules_of(&self, id: &TenantId) -> Arc<Rules> {
        let rules = self.rules.get(id).unwrap_or(&self.others);
        Arc::new(Rules {
            limits: rules.limits.clone(),
            sanitizer: rules.sanitizer.counting_apart(),
        })
    }
}

/// Does work on so many bytes; much of it where it keeps nobody from reading and answering.
fn apart<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let is_threaded = || Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    match bytes > MUCH && is_threaded() {
        true => tokio::task::block_in_place(work),
        false => work(),
    }
}

/// Now, Unix seconds.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
