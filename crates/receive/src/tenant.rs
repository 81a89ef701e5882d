//! A tenant: its limits, its sanitizer, its ledger, and what became of its requests.

use crate::admission::census::Census;
use crate::admission::flight::{Flight, Held};
use crate::admission::rate::Bucket;
use crate::counters::TenantCounters;
use crate::gateway::Rules;
use crate::intake::{Chains, Intake};
use crate::limits::TenantLimits;
use crate::refusal::{Limit, Refusal};
use crate::stamp;
use bytes::Bytes;
use sitelog_model::{Origin, TenantId};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

/// One tenant.
pub struct Tenant {
    id: TenantId,
    rules: RwLock<Arc<Rules>>,
    records: Bucket,
    bytes: Bucket,
    pub(crate) census: Census,
    flight: Arc<Flight>,
    /// What stands on each of its resources.
    pub(crate) stamp: Bytes,
    pub(crate) intake: Intake,
    counters: TenantCounters,
}

impl Tenant {
    pub(crate) fn new(id: TenantId, rules: Arc<Rules>, origin: Origin, chains: Arc<dyn Chains>) -> Self {
        Self {
            stamp: stamp::attribute(&id),
            intake: Intake::new(id.clone(), origin, chains),
            id,
            rules: RwLock::new(rules),
            records: Bucket::default(),
            bytes: Bucket::default(),
            census: Census::default(),
            flight: Arc::default(),
            counters: TenantCounters::default(),
        }
    }

    /// Its name.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// What became of its requests.
    pub fn counters(&self) -> &TenantCounters {
        &self.counters
    }

    /// Bytes of its requests that are not answered yet.
    pub fn bytes_in_flight(&self) -> u64 {
        self.flight.bytes()
    }

    /// What it may send and what is hidden in it.
    pub fn rules(&self) -> Arc<Rules> {
        // A rule set is replaced whole.
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_rules(&self, rules: Arc<Rules>) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Counts bytes that are under way.
    pub(crate) fn hold(&self, all: &Arc<Flight>, limit_of_all: u64, limits: &TenantLimits) -> Held {
        Held::new(all, &self.flight, (limit_of_all, limits.bytes_in_flight))
    }

    /// Whether anything of it is let in now; asked before a body is read, so that a flood costs as little as can be.
    pub(crate) fn knock(&self, limits: &TenantLimits, now: Instant) -> Result<(), Refusal> {
        self.pay(limits, (0, 0), now)
    }

    /// Takes a request of so many records and bytes from what the tenant may send.
    pub(crate) fn pay(&self, limits: &TenantLimits, (records, bytes): (u64, u64), now: Instant) -> Result<(), Refusal> {
        let limited = |limit| move |retry| Refusal::Limited { limit, retry };
        let pay = |bucket: &Bucket, amount, rate| bucket.take(amount, rate, now);
        // Of two limits the second one may refuse: then the first has taken nothing.
        pay(&self.bytes, 0, limits.bytes_per_second).map_err(limited(Limit::Bytes))?;
        pay(&self.records, records, limits.records_per_second).map_err(limited(Limit::Records))?;
        pay(&self.bytes, bytes, limits.bytes_per_second).map_err(limited(Limit::Bytes))
    }
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tenant").field(&self.id).finish_non_exhaustive()
    }
}

impl TenantLimits {
    /// Why a request of so many bytes is too large, if it is.
    pub(crate) fn fits(&self, bytes: usize) -> Result<(), Refusal> {
        let max = self.request_bytes;
        if bytes > max {
            Err(Refusal::TooLarge { max })
        } else {
            Ok(())
        }
    }
}
