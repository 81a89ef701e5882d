//! An open file of the faulty disk.

use super::{Content, DiskFile, FaultDisk, Op, State, dead};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::MutexGuard;

pub(super) struct FaultFile {
    pub(super) disk: FaultDisk,
    pub(super) path: PathBuf,
    pub(super) id: u64,
    pub(super) handle: u64,
    pub(super) epoch: u64,
}

impl FaultFile {
    /// The disk, unless the process that opened this file has ended.
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        state.check()?;
        if state.epoch == self.epoch {
            Ok(state)
        } else {
            Err(dead())
        }
    }

    fn content<'a>(&self, state: &'a mut State) -> &'a mut Content {
        state.contents.entry(self.id).or_default()
    }
}

impl DiskFile for FaultFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state()?;
        let dies = state.begin(Op::Write, &self.path)?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let mut count = if dies || state.short {
            bytes.len().div_ceil(2)
        } else {
            bytes.len()
        };
        let len = self.content(&mut state).now.len();
        if let Some(room) = state.room {
            let allowed = (len - offset.min(len)) + usize::try_from(room).unwrap_or(usize::MAX);
            count = count.min(allowed);
            if count == 0 && !bytes.is_empty() {
                return Err(ErrorKind::StorageFull.into());
            }
            state.room = Some(room - (offset + count).saturating_sub(len) as u64);
        }
        let now = &mut self.content(&mut state).now;
        now.resize(len.max(offset + count), 0);
        now[offset..offset + count].copy_from_slice(&bytes[..count]);
        if dies { Err(dead()) } else { Ok(count) }
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state()?;
        let now = &self.content(&mut state).now;
        let rest = now
            .get(usize::try_from(offset).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.content(&mut *self.state()?).now.len() as u64)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let mut state = self.state()?;
        state.begin_whole(Op::Truncate, &self.path)?;
        let now = &mut self.content(&mut state).now;
        let before = now.len();
        now.resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        let freed = before.saturating_sub(now.len()) as u64;
        state.room = state.room.map(|room| room + freed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state()?;
        state.begin_whole(Op::Sync, &self.path)?;
        if !state.lying {
            let content = self.content(&mut state);
            content.durable = content.now.clone();
        }
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.state()?;
        Ok(*state.locks.entry(self.id).or_insert(self.handle) == self.handle)
    }
}

impl Drop for FaultFile {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.epoch == self.epoch && state.locks.get(&self.id) == Some(&self.handle) {
            state.locks.remove(&self.id);
        }
    }
}
