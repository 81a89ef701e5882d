//! What all chains of one ledger share.

use crate::chain::Live;
use crate::counters::Counters;
use crate::disk::Disk;
use crate::error::{Damage, Error};
use crate::key::SigningKey;
use crate::layout::{Layout, create_durable_dirs};
use crate::options::{Durability, Options};
use sitelog_model::TenantId;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, Weak};

pub(crate) struct Root {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) layout: Layout,
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    /// Counts cursor commits of this process: after one, a full tenant may have room again.
    pub(crate) commits: AtomicU64,
    key: Mutex<Option<Arc<SigningKey>>>,
    /// The chains that this ledger writes.
    lives: Mutex<HashMap<TenantId, Vec<Weak<Live>>>>,
}

impl Root {
    pub(crate) fn new(disk: Arc<dyn Disk>, layout: Layout, options: Options) -> Self {
        let (counters, commits, key, lives) = Default::default();
        Self {
            disk,
            layout,
            options,
            counters,
            commits,
            key,
            lives,
        }
    }

    /// Keeps a chain in mind that this ledger writes.
    pub(crate) fn add_live(&self, live: &Arc<Live>) {
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = lives.entry(live.id.tenant.clone()).or_default();
        of_tenant.retain(|live| live.strong_count() > 0);
        of_tenant.push(Arc::downgrade(live));
    }

    /// The chains of a tenant that this ledger writes.
    pub(crate) fn lives(&self, tenant: &TenantId) -> Vec<Arc<Live>> {
        let lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = lives.get(tenant).map(Vec::as_slice).unwrap_or_default();
        of_tenant.iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether durable means synced.
    pub(crate) fn syncs(&self) -> bool {
        self.options.durability == Durability::Fsync
    }

    /// Counts a damaged range.
    pub(crate) fn damaged(&self, damage: &Damage) {
        self.counters.damaged_ranges.add(1);
        self.counters
            .damaged_frames
            .add(damage.frames.end - damage.frames.start);
    }

    /// The installation's key, made at first use.
    pub(crate) fn key(&self) -> Result<Arc<SigningKey>, Error> {
        let mut slot = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*slot {
            return Ok(key.clone());
        }
        let folder = self.layout.keys();
        create_durable_dirs(&*self.disk, &folder)?;
        let key = Arc::new(SigningKey::load(&*self.disk, &folder)?);
        *slot = Some(key.clone());
        Ok(key)
    }
}
