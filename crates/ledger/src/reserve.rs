//! Room put aside on the disk, so that a full one does not cost a chain its end: who did it and whether it worked.

use crate::disk::{Disk, Open, write_all_at};
use std::path::Path;

/// The file's name in a chain's folder.
pub(crate) const RESERVE: &str = "reserve";
/// Enough for the closing notes, a span, a gap record and a checkpoint.
const BYTES: usize = 32 << 10;

/// Puts room aside. A disk on which there is none left leaves the chain as it would be without.
pub(crate) fn put_aside(disk: &dyn Disk, folder: &Path) {
    let path = folder.join(RESERVE);
    let written = disk
        .open(&path, Open::Create)
        .and_then(|file| write_all_at(&*file, &[0; BYTES], 0));
    if written.is_err() {
        give_back(disk, folder);
    }
}

/// Gives the room back to the disk, for what is written next. Says whether there was any.
pub(crate) fn give_back(disk: &dyn Disk, folder: &Path) -> bool {
    disk.remove(&folder.join(RESERVE)).is_ok()
}
