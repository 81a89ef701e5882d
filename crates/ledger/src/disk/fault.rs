//! A disk in memory on which anything can go wrong: for tests, of this crate and of those that write through it.
//!
//! It keeps two versions of everything: what the system sees, and what a power loss leaves. A file's content becomes
//! durable with its sync, an entry of a folder with the folder's.

mod file;
mod system;

use super::{Disk, DiskFile, Entry, FileSystem, Open};
use file::FaultFile;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use system::FaultSystem;

/// An operation that changes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// [`Disk::create_dir`].
    CreateDir,
    /// [`Disk::sync_dir`].
    SyncDir,
    /// [`Disk::open`] of a file that it makes.
    Create,
    /// [`DiskFile::write_at`].
    Write,
    /// [`DiskFile::truncate`].
    Truncate,
    /// [`DiskFile::sync_data`].
    Sync,
    /// [`FileSystem::sync`].
    SyncSystem,
    /// [`Disk::rename`].
    Rename,
    /// [`Disk::link`].
    Link,
    /// [`Disk::remove`] and [`Disk::remove_dir`].
    Remove,
}

/// How everything ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// `kill -9`: the process is gone, the system goes on; what was written is there.
    Kill,
    /// Power loss: all that was not synced is gone, contents and entries.
    Lost,
    /// Power loss: entries are there, and half of what was appended since the last sync.
    Torn,
    /// Power loss: entries and lengths are there, and zeros where something was appended since the last sync.
    Zeroed,
}

impl Crash {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Kill, Self::Lost, Self::Torn, Self::Zeroed];
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct FaultDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    contents: HashMap<u64, Content>,
    now: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    /// Which open file holds a content's lock.
    locks: HashMap<u64, u64>,
    next_id: u64,
    operations: u64,
    crash: Option<(u64, Crash)>,
    dead: bool,
    /// Files opened before the last restart are closed.
    epoch: u64,
    faults: Vec<Fault>,
    room: Option<u64>,
    short: bool,
    lying: bool,
}

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(u64),
}

struct Fault {
    op: Op,
    ending: String,
    kind: ErrorKind,
    times: u32,
}

impl FaultDisk {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations that change the disk were begun.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Everything ends in the middle of the operation with this number, counted from 1.
    pub fn crash_at(&self, operation: u64, how: Crash) {
        self.state().crash = Some((operation, how));
    }

    /// Whether it has come to that.
    pub fn has_crashed(&self) -> bool {
        self.state().dead
    }

    /// Everything ends now.
    pub fn crash(&self, how: Crash) {
        let mut state = self.state();
        (state.crash, state.dead) = (Some((0, how)), true);
    }

    /// After a crash: the disk as the next process finds it. Faults and limits are gone.
    pub fn restart(&self) {
        let mut state = self.state();
        if let Some((_, how)) = state.crash.take() {
            state.lose(how);
        }
        state.locks.clear();
        state.faults.clear();
        state.epoch += 1;
        (state.dead, state.room, state.short, state.lying) = (false, None, false, false);
    }

    /// The next `times` operations of a kind fail, on paths that end so.
    pub fn fail(&self, op: Op, ending: &str, kind: ErrorKind, times: u32) {
        self.state().faults.push(Fault {
            op,
            ending: ending.to_owned(),
            kind,
            times,
        });
    }

    /// All files together may grow by so many bytes; `None`: without a limit.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.state().room = bytes;
    }

    /// Each write takes at most half of its bytes.
    pub fn set_short_writes(&self, short: bool) {
        self.state().short = short;
    }

    /// Each sync says that it worked and does nothing.
    pub fn set_lying_sync(&self, lying: bool) {
        self.state().lying = lying;
    }

    /// Changes a file's bytes behind everybody's back.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let Some(Node::File(id)) = state.now.get(path).copied() else {
            return;
        };
        let content = state.contents.entry(id).or_default();
        change(&mut content.now);
        content.durable = content.now.clone();
    }

    /// All files, in order.
    pub fn files(&self) -> Vec<PathBuf> {
        let state = self.state();
        let files = state.now.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        files.map(|(path, _)| path.clone()).collect()
    }
}

impl State {
    /// Begins an operation. `Err` when it fails; `Ok(true)` when the process ends in the middle of it.
    fn begin(&mut self, op: Op, path: &Path) -> io::Result<bool> {
        self.check()?;
        self.operations += 1;
        if self.crash.is_some_and(|(at, _)| at == self.operations) {
            self.dead = true;
            return Ok(true);
        }
        let path = path.to_string_lossy();
        let fault = self
            .faults
            .iter_mut()
            .find(|f| f.op == op && f.times > 0 && path.ends_with(&f.ending));
        match fault {
            Some(fault) => {
                fault.times -= 1;
                Err(fault.kind.into())
            }
            None => Ok(false),
        }
    }

    /// Begins an operation that happens whole or, when the process ends, not at all.
    fn begin_whole(&mut self, op: Op, path: &Path) -> io::Result<()> {
        if self.begin(op, path)? { Err(dead()) } else { Ok(()) }
    }

    fn check(&self) -> io::Result<()> {
        if self.dead { Err(dead()) } else { Ok(()) }
    }

    fn lose(&mut self, how: Crash) {
        if how == Crash::Kill {
            return;
        }
        if how == Crash::Lost {
            self.now.clear();
            // Folders come before what is in them: what is below a lost one is lost.
            for (path, node) in &self.durable {
                if parent_is_there(&self.now, path) {
                    self.now.insert(path.clone(), *node);
                }
            }
        }
        for content in self.contents.values_mut() {
            let (kept, len) = (content.durable.len(), content.now.len());
            match how {
                Crash::Torn if len > kept => content.now.truncate(kept + (len - kept) / 2),
                Crash::Zeroed if len > kept => content.now[kept..].fill(0),
                _ => content.now = content.durable.clone(),
            }
            content.durable = content.now.clone();
        }
        self.durable = self.now.clone();
    }

    fn parent_exists(&self, path: &Path) -> io::Result<()> {
        if parent_is_there(&self.now, path) {
            Ok(())
        } else {
            Err(ErrorKind::NotFound.into())
        }
    }
}

fn parent_is_there(nodes: &BTreeMap<PathBuf, Node>, path: &Path) -> bool {
    path.parent()
        .is_none_or(|parent| parent.parent().is_none() || nodes.get(parent) == Some(&Node::Folder))
}

fn dead() -> io::Error {
    io::Error::other("the process has ended")
}

impl Disk for FaultDisk {
    fn create_dir(&self, path: &Path) -> io::Result<bool> {
        let mut state = self.state();
        match state.now.get(path) {
            Some(Node::Folder) => return Ok(false),
            Some(Node::File(_)) => return Err(ErrorKind::AlreadyExists.into()),
            None if path.parent().is_none() => return Ok(false),
            None => state.parent_exists(path)?,
        }
        state.begin_whole(Op::CreateDir, path)?;
        state.now.insert(path.to_owned(), Node::Folder);
        Ok(true)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_whole(Op::SyncDir, path)?;
        if state.lying {
            return Ok(());
        }
        let is_inside = |inner: &PathBuf| inner.parent() == Some(path);
        state.durable.retain(|inner, _| !is_inside(inner));
        let inside: Vec<_> = state
            .now
            .iter()
            .filter(|(p, _)| is_inside(p))
            .map(|(p, n)| (p.clone(), *n))
            .collect();
        state.durable.extend(inside);
        Ok(())
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.check()?;
        let id = match (state.now.get(path), how) {
            (Some(Node::Folder), _) => return Err(ErrorKind::IsADirectory.into()),
            (Some(Node::File(_)), Open::CreateNew) => return Err(ErrorKind::AlreadyExists.into()),
            (Some(Node::File(id)), _) => *id,
            (None, Open::Read | Open::Write) => return Err(ErrorKind::NotFound.into()),
            (None, Open::Create | Open::CreateNew) => {
                state.parent_exists(path)?;
                state.begin_whole(Op::Create, path)?;
                state.next_id += 1;
                let id = state.next_id;
                state.contents.insert(id, Content::default());
                state.now.insert(path.to_owned(), Node::File(id));
                id
            }
        };
        state.next_id += 1;
        let (handle, epoch) = (state.next_id, state.epoch);
        Ok(Arc::new(FaultFile {
            disk: self.clone(),
            path: path.to_owned(),
            id,
            handle,
            epoch,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_whole(Op::Rename, to)?;
        let node = state.now.remove(from).ok_or(ErrorKind::NotFound)?;
        state.now.insert(to.to_owned(), node);
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_whole(Op::Link, to)?;
        if state.now.contains_key(to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let node = *state.now.get(from).ok_or(ErrorKind::NotFound)?;
        state.now.insert(to.to_owned(), node);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_whole(Op::Remove, path)?;
        state.now.remove(path).map(|_| ()).ok_or(ErrorKind::NotFound.into())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.begin_whole(Op::Remove, path)?;
        if state.now.keys().any(|inner| inner.parent() == Some(path)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        state.now.remove(path).map(|_| ()).ok_or(ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let state = self.state();
        state.check()?;
        if state.now.get(path) != Some(&Node::Folder) {
            return Err(ErrorKind::NotFound.into());
        }
        let inside = state.now.iter().filter(|(inner, _)| inner.parent() == Some(path));
        let entry = |(inner, node): (&PathBuf, &Node)| {
            let name = inner.file_name().unwrap_or_default().to_owned();
            let len = match node {
                Node::Folder => 0,
                Node::File(id) => state.contents.get(id).map_or(0, |content| content.now.len() as u64),
            };
            Entry {
                name,
                is_dir: *node == Node::Folder,
                len,
            }
        };
        Ok(inside.map(entry).collect())
    }

    fn file_system(&self, folder: &Path) -> Option<Arc<dyn FileSystem>> {
        let (disk, folder) = (self.clone(), folder.to_owned());
        Some(Arc::new(FaultSystem { disk, folder }))
    }
}
