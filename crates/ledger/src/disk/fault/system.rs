//! The faulty disk as a file system that can be synced as a whole.

use super::{FaultDisk, Op, dead};
use crate::disk::FileSystem;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) struct FaultSystem {
    pub(super) disk: FaultDisk,
    pub(super) folder: PathBuf,
}

impl FileSystem for FaultSystem {
    fn id(&self) -> u64 {
        Arc::as_ptr(&self.disk.0) as u64
    }

    /// A process that ends in the middle of it leaves every second content durable, and no entry.
    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let dies = state.begin(Op::SyncSystem, &self.folder)?;
        if !state.lying {
            let contents = state.contents.iter_mut();
            let synced = contents.filter(|(id, _)| !dies || id.is_multiple_of(2));
            synced.for_each(|(_, content)| content.durable = content.now.clone());
        }
        if dies {
            return Err(dead());
        }
        if !state.lying {
            state.durable = state.now.clone();
        }
        Ok(())
    }
}
