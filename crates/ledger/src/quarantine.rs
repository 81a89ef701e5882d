//! Damaged bytes are kept beside the chain: nobody can say today what they will be needed for.

use crate::disk::{Disk, DiskFile, Open, read_full_at, write_all_at};
use crate::layout::QUARANTINE;
use std::io;
use std::ops::Range;
use std::path::Path;

/// Bytes copied at once.
const CHUNK: usize = 1 << 20;

/// Copies a range of a segment to the chain's quarantine, once.
///
/// # Errors
/// The disk's. Callers go on without the copy: the bytes are no frame, and a full disk must not keep a chain closed.
pub(crate) fn keep(
    disk: &dyn Disk,
    folder: &Path,
    segment: u32,
    file: &dyn DiskFile,
    bytes: &Range<u64>,
) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let folder = folder.join(QUARANTINE);
    disk.create_dir(&folder)?;
    let path = folder.join(format!("{segment:08}-{}-{}.bad", bytes.start, bytes.end));
    let copy = match disk.open(&path, Open::CreateNew) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        other => other?,
    };
    let mut at = bytes.start;
    while at < bytes.end {
        let mut chunk = vec![0; usize::try_from(bytes.end - at).unwrap_or(CHUNK).min(CHUNK)];
        let count = read_full_at(file, &mut chunk, at)?;
        write_all_at(&*copy, &chunk[..count], at - bytes.start)?;
        if count == 0 {
            break;
        }
        at += count as u64;
    }
    Ok(())
}
