//! The list of what a cursor's destination refused, on disk.

use super::log::{self, RecordLog};
use super::record::{REFUSED_MAGIC, SINGLY_REFUSED_MAGIC, put_refused, take_refused, take_singly_refused};
use super::refused::{Refusal, RefusedRange, RefusedRanges};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::position::Progress;
use crate::root::Root;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The list of a cursor. It can be written on another thread than the one that reads: a disk's wait is then nobody else's.
#[derive(Clone)]
pub struct Refusals(Arc<Shared>);

struct Shared {
    root: Arc<Root>,
    list: Mutex<List>,
    /// Nobody else opens the cursor as long as its list may be written.
    _lock: Arc<dyn DiskFile>,
}

struct List {
    log: RecordLog,
    ranges: RefusedRanges,
}

impl Refusals {
    pub(super) fn open(
        root: Arc<Root>,
        path: PathBuf,
        progress: &Progress,
        lock: Arc<dyn DiskFile>,
    ) -> Result<Self, Error> {
        let (disk, syncs) = (root.disk.clone(), root.syncs());
        let (mut log, _) = RecordLog::open(disk.clone(), path.clone(), REFUSED_MAGIC, [0; 4], syncs)?;
        let ranges = read(&*disk, &path, progress)?;
        if !log.is_open() && ranges.records() > 0 {
            // Written by an earlier version, record by record. It stays as it is if the disk takes nothing now.
            drop(log.rewrite(&all(&ranges)));
        }
        let list = Mutex::new(List { log, ranges });
        Ok(Self(Arc::new(Shared {
            root,
            list,
            _lock: lock,
        })))
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Log and ranges change after the disk has taken what changes: a panic leaves them right.
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records all of it, durably, with one write. What is known already is passed over. `done` is what the reader is done with,
    /// these records included. Their segments stay until their age is over, or until nothing else can make room.
    ///
    /// # Errors
    /// The disk's; nothing of it counts as recorded then.
    pub fn add(&self, refusals: &[Refusal], done: &Progress) -> Result<(), Error> {
        let mut list = self.list();
        let (mut ranges, now) = (list.ranges.clone(), self.0.root.options.clock.now());
        let added: u64 = refusals.iter().map(|refusal| ranges.add(refusal, now)).sum();
        if added == 0 {
            return Ok(());
        }
        let is_shorter = ranges.shrink(done);
        if is_shorter || list.log.is_large() || !list.log.is_open() {
            // Without a file there was none yet, or a sync failed: the new one has all that is known.
            list.log.rewrite(&all(&ranges))?;
        } else {
            let known = list.ranges.as_slice();
            let changed = ranges.as_slice().iter().filter(|range| !known.contains(range));
            let bodies: Vec<_> = changed.map(put_refused).collect();
            list.log.append_all(&bodies)?;
        }
        list.ranges = ranges;
        self.0.root.counters.refused_records.add(added);
        Ok(())
    }

    /// All that was refused, in the order of the chain.
    pub fn ranges(&self) -> Vec<RefusedRange> {
        self.list().ranges.as_slice().to_vec()
    }
}

fn all(ranges: &RefusedRanges) -> Vec<Vec<u8>> {
    ranges.as_slice().iter().map(put_refused).collect()
}

/// What was refused, as a file says.
pub(super) fn read(disk: &dyn Disk, path: &Path, progress: &Progress) -> Result<RefusedRanges, Error> {
    let mut ranges = RefusedRanges::default();
    if let Some(stored) = log::read(disk, path, REFUSED_MAGIC)? {
        let records = stored.records.iter().filter_map(|body| take_refused(body));
        records.for_each(|range| ranges.put(range));
    } else if let Some(stored) = log::read(disk, path, SINGLY_REFUSED_MAGIC)? {
        for (at, time, reason) in stored.records.iter().filter_map(|body| take_singly_refused(body)) {
            ranges.add(&Refusal::one(at, &reason), time);
        }
    }
    ranges.shrink(progress);
    Ok(ranges)
}
