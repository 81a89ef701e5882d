//! The installation's trail: one signed, append-only log of the heads of all its chains, so that a whole run taken away is noticed.

mod entry;
mod log;
mod news;
mod settle;
mod tail;
mod torn;

pub use entry::Entry;
pub(crate) use entry::chain_of;
pub(crate) use log::{Log, Part};
pub(crate) use news::{News, enter_begun};
pub(crate) use settle::{erasing, erasing_live, settle};
pub(crate) use torn::may_be_torn;

use crate::counters::Counters;
use crate::disk::{Disk, DiskFile, Open, write_all_at};
use crate::error::Error;
use crate::key::{PublicKey, SigningKey};
use crate::note::{self, Head};
use crate::tree::{Tree, sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The file's name in the trail's folder.
pub(crate) const ENTRIES: &str = "entries";

/// How long somebody waits for the trail's lock. It is held for less than a millisecond, but for those who sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A job's beginning or end: the next run enters what this one could not.
    Job,
    /// Whoever has nothing else to do.
    Long,
}

impl Patience {
    fn time(self) -> Duration {
        match self {
            Self::Job => Duration::from_millis(100),
            Self::Long => Duration::from_secs(10),
        }
    }
}

/// The name of an installation's trail: no two installations have the same.
pub(crate) fn origin(key: &PublicKey) -> String {
    let hash = sha256(key.bytes());
    let hex: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sitelog/trail/{hex}")
}

/// The trail's folder, and the key that signs.
pub(crate) struct Trail<'a> {
    pub(crate) disk: &'a Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) counters: &'a Counters,
}

/// The trail, locked, at its end.
pub(crate) struct Locked<'a> {
    trail: &'a Trail<'a>,
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    tree: Tree,
    /// Where the last whole batch ends.
    end: u64,
}

impl<'a> Trail<'a> {
    /// Locks the trail and finds its end; what a killed process left half written is cut.
    pub(crate) fn lock(&'a self, patience: Patience) -> Result<Locked<'a>, Error> {
        let path = self.folder.join(ENTRIES);
        let file = self.open(&path)?;
        let begun = Instant::now();
        let mut pause = Duration::from_micros(50);
        while !file.try_lock().map_err(Error::io("lock", &path))? {
            if begun.elapsed() > patience.time() {
                return Err(Error::TrailBusy);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(2));
        }
        let (tree, end) = tail::find(self, &*file, &path)?;
        Ok(Locked {
            trail: self,
            file,
            path,
            tree,
            end,
        })
    }

    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Error> {
        match self.disk.open(path, Open::Create) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.disk
                    .create_dir(&self.folder)
                    .map_err(Error::io("create", &self.folder))?;
                self.disk.open(path, Open::Create)
            }
            other => other,
        }
        .map_err(Error::io("open", path))
    }
}

impl Locked<'_> {
    /// Appends entries and the checkpoint that signs them, in one write.
    pub(crate) fn append(&mut self, entries: &[Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut tree = self.tree.clone();
        let mut text = String::new();
        for entry in entries {
            let line = entry.to_string();
            tree.push_entry(line.as_bytes());
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str("edge");
        for hash in tree.edge() {
            text.push(' ');
            text.push_str(&note::to_base64(hash));
        }
        text.push('\n');
        let key = &self.trail.key;
        let head = Head {
            origin: origin(key.public()),
            size: tree.size(),
            root: tree.root(),
        };
        text.push_str(&note::sign(&head.text(), &head.origin, key));
        if let Err(error) = write_all_at(&*self.file, text.as_bytes(), self.end) {
            // Can it not be cut now, the next one cuts it.
            drop(self.file.truncate(self.end));
            return Err(Error::io("write", &self.path)(error));
        }
        self.end += text.len() as u64;
        self.tree = tree;
        Ok(())
    }

    /// Makes everything entered so far durable: before a checkpoint leaves the machine, and before something is erased.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::io("sync", &self.path))?;
        for folder in self.trail.folder.ancestors().take(2) {
            self.trail.disk.sync_dir(folder).map_err(Error::io("sync", folder))?;
        }
        Ok(())
    }
}
