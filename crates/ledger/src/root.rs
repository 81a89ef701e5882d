//! What all chains of one ledger share.

use crate::chain::Live;
use crate::counters::Counters;
use crate::cursor::stored::StoredCursor;
use crate::disk::Disk;
use crate::error::{Damage, Error};
use crate::key::SigningKey;
use crate::layout::{Layout, create_durable_dirs};
use crate::options::{Durability, Options, Retention};
use sitelog_model::TenantId;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

/// So many damaged ranges are remembered; beyond, some are counted again.
const COUNTED: usize = 4096;

/// Smaller ones would cost more for their ends than they hold.
const SMALL_SEGMENT: u64 = 64 << 10;

pub(crate) struct Root {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) layout: Layout,
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    /// Counts cursor commits of this process: after one, a full tenant may have room again.
    pub(crate) commits: AtomicU64,
    retention: RwLock<Arc<Retention>>,
    /// By tenant, when the oldest frame was written that waited for a cursor when it was looked for last, Unix nanoseconds.
    waiting_since: Mutex<HashMap<TenantId, u64>>,
    /// Damaged ranges that were counted: folder, segment and frames.
    counted: Mutex<HashSet<(PathBuf, u32, u64, u64)>>,
    key: Mutex<Option<Arc<SigningKey>>>,
    /// The chains that this ledger writes.
    lives: Mutex<HashMap<TenantId, Vec<Weak<Live>>>>,
}

impl Root {
    pub(crate) fn new(disk: Arc<dyn Disk>, layout: Layout, options: Options) -> Self {
        let (counters, commits, waiting_since, counted, key, lives) = Default::default();
        let retention = Retention {
            budget: options.budget,
            ..Retention::default()
        };
        Self {
            retention: RwLock::new(Arc::new(retention)),
            waiting_since,
            counted,
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

    /// What may be erased now.
    pub(crate) fn retention(&self) -> Arc<Retention> {
        // It is replaced whole.
        Arc::clone(&self.retention.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn retain(&self, retention: Retention) {
        *self.retention.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(retention);
    }

    /// How large a segment may be: a small part of a small budget, for only what is written to no more can go.
    pub(crate) fn segment_bytes(&self) -> u64 {
        let budget = self.retention().budget.bytes.unwrap_or(u64::MAX);
        self.options.segment_bytes.min((budget / 8).max(SMALL_SEGMENT))
    }

    /// When the oldest frame of a tenant was written that waited when it was looked for last.
    pub(crate) fn waiting_since(&self, tenant: &TenantId) -> Option<u64> {
        let known = self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(tenant).copied()
    }

    pub(crate) fn set_waiting_since(&self, tenant: &TenantId, since: Option<u64>) {
        let mut known = self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner);
        match since {
            Some(since) => drop(known.insert(tenant.clone(), since)),
            None => drop(known.remove(tenant)),
        }
    }

    /// Whether what all cursors of a chain have passed is delivered: there are some, and none that must be there is missing.
    pub(crate) fn delivers(&self, cursors: &[StoredCursor]) -> bool {
        let is_there = |name: &String| cursors.iter().any(|cursor| cursor.name == *name);
        !cursors.is_empty() && self.retention().cursors.iter().all(is_there)
    }

    /// Whether durable means synced.
    pub(crate) fn syncs(&self) -> bool {
        self.options.durability == Durability::Fsync
    }

    /// Counts a damaged range of the chain in a folder; once, however many readers pass over it.
    pub(crate) fn damaged(&self, folder: &Path, damage: &Damage) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (
            folder.to_owned(),
            damage.segment,
            damage.frames.start,
            damage.frames.end,
        );
        if counted.len() >= COUNTED {
            counted.clear();
        }
        if !counted.insert(place) {
            return;
        }
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
