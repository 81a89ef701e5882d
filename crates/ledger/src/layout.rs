//! Which file is where below the ledger's root, and how folders and locks are made.

use crate::ChainId;
use crate::disk::{Disk, DiskFile, Open, read_file, write_all_at};
use crate::error::Error;
use sitelog_model::{TenantId, Ulid};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const WRITER_LOCK: &str = "writer.lock";
pub(crate) const CURSORS: &str = "cursors";
pub(crate) const QUARANTINE: &str = "quarantine";

/// Paths below a ledger's root.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    pub(crate) fn tenants(&self) -> PathBuf {
        self.root.join("tenants")
    }

    pub(crate) fn tenant(&self, tenant: &TenantId) -> PathBuf {
        self.tenants().join(tenant.as_str())
    }

    pub(crate) fn chain(&self, chain: &ChainId) -> PathBuf {
        self.tenant(&chain.tenant).join(chain.id.to_string())
    }

    /// The tenants that have a folder.
    pub(crate) fn list_tenants(&self, disk: &dyn Disk) -> Result<Vec<TenantId>, Error> {
        let names = list(disk, &self.tenants())?.into_iter().filter(|entry| entry.is_dir);
        Ok(names
            .filter_map(|entry| TenantId::new(entry.name.to_str()?).ok())
            .collect())
    }

    /// A tenant's chains, oldest first. Strangers' folders are ignored.
    pub(crate) fn list_chains(&self, disk: &dyn Disk, tenant: &TenantId) -> Result<Vec<ChainId>, Error> {
        let entries = list(disk, &self.tenant(tenant))?
            .into_iter()
            .filter(|entry| entry.is_dir);
        let ids = entries.filter_map(|entry| {
            let name = entry.name.to_str()?;
            // Only the canonical spelling: the parser would take lower case, too.
            Ulid::from_string(name).ok().filter(|id| id.to_string() == name)
        });
        let mut chains: Vec<ChainId> = ids
            .map(|id| ChainId {
                tenant: tenant.clone(),
                id,
            })
            .collect();
        chains.sort_by_key(|chain| chain.id);
        Ok(chains)
    }
}

/// A segment's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub(crate) number: u32,
    pub(crate) len: u64,
}

pub(crate) fn segment_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.seg"))
}

/// The segments of a chain's folder, in order. A folder that is not there has none.
pub(crate) fn list_segments(disk: &dyn Disk, folder: &Path) -> Result<Vec<SegmentFile>, Error> {
    let segments = list(disk, folder)?.into_iter().filter_map(|entry| {
        let number = entry
            .name
            .to_str()?
            .strip_suffix(".seg")
            .filter(|digits| digits.len() == 8)?;
        Some(SegmentFile {
            number: number.parse().ok()?,
            len: entry.len,
        })
    });
    let mut segments: Vec<SegmentFile> = segments.collect();
    segments.sort_by_key(|segment| segment.number);
    Ok(segments)
}

/// What a folder holds; a folder that is not there holds nothing.
pub(crate) fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<crate::disk::Entry>, Error> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(Error::io("list", folder)),
    }
}

/// Makes a folder and those above it, each of these durable before anything is put below it; `false` when it was there.
pub(crate) fn create_dirs(disk: &dyn Disk, folder: &Path) -> Result<bool, Error> {
    let made = match disk.create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
                return Err(Error::io("create", folder)(error));
            };
            create_durable_dirs(disk, parent)?;
            disk.create_dir(folder)
        }
        other => other,
    };
    made.map_err(Error::io("create", folder))
}

/// [`create_dirs`], the folder itself durable too.
pub(crate) fn create_durable_dirs(disk: &dyn Disk, folder: &Path) -> Result<bool, Error> {
    let made = create_dirs(disk, folder)?;
    if made {
        let parent = folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        match disk.sync_dir(parent) {
            // One may be allowed to make a folder where one may not look.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            other => other.map_err(Error::io("sync", parent))?,
        }
    }
    Ok(made)
}

/// A lock file that is held, or the process that holds it.
pub(crate) enum Lock {
    Held(Arc<dyn DiskFile>),
    Busy(Option<u32>),
}

/// Takes the lock of a file and leaves this process's id in it.
pub(crate) fn lock(disk: &dyn Disk, path: &Path, how: Open) -> Result<Lock, Error> {
    let file = disk.open(path, how).map_err(Error::io("open", path))?;
    // Whoever asks for a chain's status holds its lock for an instant: only one that stays is a holder.
    for attempt in 0..10 {
        if file.try_lock().map_err(Error::io("lock", path))? {
            let pid = format!("{}\n", std::process::id());
            let noted = file.truncate(0).and_then(|()| write_all_at(&*file, pid.as_bytes(), 0));
            // The id only makes messages better: a full disk must not stand in the way of a reader.
            drop(noted);
            return Ok(Lock::Held(file));
        }
        std::thread::sleep(Duration::from_millis(attempt));
    }
    let text = read_file(&*file, 32).map_err(Error::io("read", path))?;
    Ok(Lock::Busy(
        std::str::from_utf8(&text).ok().and_then(|pid| pid.trim().parse().ok()),
    ))
}

/// Whether somebody holds the lock of a file, without waiting and without leaving a trace.
pub(crate) fn holder(disk: &dyn Disk, path: &Path) -> Result<Option<Option<u32>>, Error> {
    let file = match disk.open(path, Open::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(Error::io("open", path))?,
    };
    if file.try_lock().map_err(Error::io("lock", path))? {
        return Ok(None);
    }
    let text = read_file(&*file, 32).map_err(Error::io("read", path))?;
    Ok(Some(
        std::str::from_utf8(&text).ok().and_then(|pid| pid.trim().parse().ok()),
    ))
}
