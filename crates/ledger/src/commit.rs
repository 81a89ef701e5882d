//! Group commit: everything that a chain has written so far becomes durable with one sync.

mod committer;
mod cost;

pub use committer::{Commits, Committer};

use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// How far a chain is written and durable. Shared by the writer, the committer and the cursors of the live chain.
#[derive(Default)]
pub(crate) struct Commit {
    state: Mutex<State>,
    /// Signals waiters that `durable` moved, or that nothing will move any more.
    moved: Condvar,
    wakes: Mutex<Vec<Wake>>,
}

#[derive(Default)]
struct State {
    /// Frames and bytes written.
    written: Mark,
    /// Frames and bytes durable.
    durable: Mark,
    /// Files and folders to sync before `written` is durable.
    files: Vec<Arc<dyn DiskFile>>,
    folders: Vec<PathBuf>,
    /// Something is to be synced, and the committer knows.
    is_dirty: bool,
    /// The committer is at it.
    is_busy: bool,
    /// No more frames will come.
    ended: bool,
    failure: Option<String>,
}

/// A length in frames and bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

/// What one commit makes durable.
struct Group {
    mark: Mark,
    /// Bytes that are not durable yet.
    bytes: u64,
    files: Vec<Arc<dyn DiskFile>>,
    folders: Vec<PathBuf>,
}

impl Group {
    fn sync(&self, disk: &dyn Disk) -> io::Result<()> {
        self.files.iter().try_for_each(|file| file.sync_data())?;
        self.folders.iter().try_for_each(|folder| disk.sync_dir(folder))
    }

    /// How many syncs that takes.
    fn syncs(&self) -> usize {
        self.files.len() + self.folders.len()
    }
}

impl Commit {
    /// Begins at an end that is durable.
    pub(crate) fn at(mark: Mark) -> Self {
        let state = State {
            written: mark,
            durable: mark,
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            ..Self::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves plain numbers behind: they are still right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn written(&self) -> u64 {
        self.lock().written.frames
    }

    pub(crate) fn durable(&self) -> u64 {
        self.lock().durable.frames
    }

    /// Bytes that are written and not durable.
    pub(crate) fn ahead(&self) -> u64 {
        let state = self.lock();
        state.written.bytes - state.durable.bytes
    }

    pub(crate) fn has_ended(&self) -> bool {
        let state = self.lock();
        state.ended && state.durable == state.written || state.failure.is_some()
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    pub(crate) fn subscribe(&self, wake: Wake) {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner).push(wake);
    }

    /// Notes a frame that was written without a sync: it is as durable as was asked.
    pub(crate) fn wrote_unsynced(&self, bytes: u64) {
        let mut state = self.lock();
        state.written.frames += 1;
        state.written.bytes += bytes;
        state.durable = state.written;
        drop(state);
        self.tell();
    }

    /// Notes a frame that was written, and the file that must be synced for it. `enlist` is called when the committer does not
    /// know of the chain.
    pub(crate) fn wrote(&self, bytes: u64, file: &Arc<dyn DiskFile>, enlist: impl FnOnce()) {
        let mut state = self.lock();
        state.written.frames += 1;
        state.written.bytes += bytes;
        if !state.files.iter().any(|known| Arc::ptr_eq(known, file)) {
            state.files.push(file.clone());
        }
        if !state.is_dirty {
            state.is_dirty = true;
            // With the lock held: whoever waits for the frame finds the chain enlisted.
            enlist();
        }
    }

    /// Notes folders whose entries must be durable before the next frame is.
    pub(crate) fn add_folders(&self, folders: impl IntoIterator<Item = PathBuf>) {
        self.lock().folders.extend(folders);
    }

    /// Says that no more frames will come.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.tell();
    }

    /// Gives the chain up.
    pub(crate) fn fail(&self, why: String) {
        self.lock().failure.get_or_insert(why);
        self.tell();
    }

    /// Waits until so many frames are durable; `urge` tells the committer that somebody does.
    pub(crate) fn wait(&self, frames: u64, urge: impl Fn()) -> Result<(), Error> {
        let reached = |state: &State| state.durable.frames >= frames;
        self.wait_until(reached, urge).map_err(Error::NotDurable)
    }

    /// Waits until at most `limit` bytes wait for durability, and says why that will never be.
    pub(crate) fn wait_for_room(&self, limit: u64, urge: impl Fn()) -> Result<(), String> {
        if let Some(why) = self.failure() {
            return Err(why);
        }
        self.wait_until(|state| state.written.bytes - state.durable.bytes <= limit, urge)
    }

    fn wait_until(&self, reached: impl Fn(&State) -> bool, urge: impl Fn()) -> Result<(), String> {
        let mut state = self.lock();
        loop {
            if reached(&state) {
                return Ok(());
            }
            if let Some(why) = &state.failure {
                return Err(why.clone());
            }
            urge();
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the committer has nothing to do for this chain any more.
    pub(crate) fn wait_idle(&self, urge: impl Fn()) {
        let mut state = self.lock();
        while state.is_busy || state.is_dirty && state.failure.is_none() {
            urge();
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What is to be synced now; `None` when the chain has failed. [`Commit::idle`] follows.
    fn take(&self) -> Option<Group> {
        let mut state = self.lock();
        state.is_dirty = false;
        if state.failure.is_some() {
            return None;
        }
        state.is_busy = true;
        Some(Group {
            mark: state.written,
            bytes: state.written.bytes - state.durable.bytes,
            files: std::mem::take(&mut state.files),
            folders: std::mem::take(&mut state.folders),
        })
    }

    /// Notes that everything up to a mark is durable.
    fn reached(&self, mark: Mark) {
        self.lock().durable = mark;
        self.tell();
    }

    /// The committer is done with what it took.
    fn idle(&self) {
        self.lock().is_busy = false;
        self.moved.notify_all();
    }

    fn tell(&self) {
        self.moved.notify_all();
        let wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wakes.iter().for_each(|wake| wake());
    }
}
