//! Group commit: one thread a chain makes everything written so far durable with one sync.

use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// How far a chain is written and durable. Shared by the writer, the sync thread and the cursors of the live chain.
#[derive(Default)]
pub(crate) struct Commit {
    state: Mutex<State>,
    /// Signals waiters that `durable` moved, or that nothing will move any more.
    moved: Condvar,
    /// Signals the sync thread that there is work.
    work: Condvar,
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
    /// Since when the oldest undurable frame waits.
    since: Option<Instant>,
    /// Somebody waits: do not linger.
    urgent: bool,
    /// No more frames will come.
    ended: bool,
    /// The thread shall end once everything is durable.
    stop: bool,
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
    files: Vec<Arc<dyn DiskFile>>,
    folders: Vec<PathBuf>,
}

impl Group {
    fn sync(&self, disk: &dyn Disk) -> io::Result<()> {
        self.files.iter().try_for_each(|file| file.sync_data())?;
        self.folders.iter().try_for_each(|folder| disk.sync_dir(folder))
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

    /// Notes a frame that was written, and what must be synced for it.
    pub(crate) fn wrote(&self, frames: u64, bytes: u64, file: &Arc<dyn DiskFile>, syncs: bool) {
        let mut state = self.lock();
        state.written.frames += frames;
        state.written.bytes += bytes;
        if syncs {
            if !state.files.iter().any(|known| Arc::ptr_eq(known, file)) {
                state.files.push(file.clone());
            }
            if state.since.is_none() {
                state.since = Some(Instant::now());
                self.work.notify_one();
            }
        } else {
            state.durable = state.written;
            drop(state);
            self.tell();
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

    /// Lets the sync thread end.
    pub(crate) fn stop(&self) {
        self.lock().stop = true;
        self.work.notify_all();
    }

    /// Waits until so many frames are durable.
    pub(crate) fn wait(&self, frames: u64) -> Result<(), Error> {
        let mut state = self.lock();
        loop {
            if state.durable.frames >= frames {
                return Ok(());
            }
            if let Some(why) = &state.failure {
                return Err(Error::NotDurable(why.clone()));
            }
            state.urgent = true;
            self.work.notify_one();
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until at most `limit` bytes wait for durability, and says why that will never be.
    pub(crate) fn wait_for_room(&self, limit: u64) -> Result<(), String> {
        let mut state = self.lock();
        loop {
            if let Some(why) = &state.failure {
                return Err(why.clone());
            }
            if state.written.bytes - state.durable.bytes <= limit {
                return Ok(());
            }
            state.urgent = true;
            self.work.notify_one();
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The sync thread's work, until it is told to stop and everything is durable. `begun` is called once, after the first
    /// commit.
    pub(crate) fn run(&self, disk: &dyn Disk, linger: Duration, begun: impl FnOnce()) {
        let mut begun = Some(begun);
        while let Some(group) = self.next_group(linger) {
            let synced = group.sync(disk);
            match synced {
                Ok(()) => {
                    self.lock().durable = group.mark;
                    self.tell();
                    if let Some(begun) = begun.take() {
                        begun();
                    }
                }
                // The system may have dropped the dirty pages: a second sync would succeed and mean nothing.
                Err(error) => return self.fail(format!("sync failed: {error}")),
            }
        }
    }

    fn next_group(&self, linger: Duration) -> Option<Group> {
        let mut state = self.lock();
        loop {
            if state.failure.is_some() {
                return None;
            }
            let Some(since) = state.since else {
                if state.stop {
                    return None;
                }
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = linger.saturating_sub(since.elapsed());
            if !(state.urgent || state.stop || left.is_zero()) {
                state = self
                    .work
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
                continue;
            }
            state.since = None;
            state.urgent = false;
            return Some(Group {
                mark: state.written,
                files: std::mem::take(&mut state.files),
                folders: std::mem::take(&mut state.folders),
            });
        }
    }

    fn tell(&self) {
        self.moved.notify_all();
        let wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wakes.iter().for_each(|wake| wake());
    }
}
