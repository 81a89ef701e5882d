//! All disk access goes through this seam, so that tests can make the disk fail at any operation.

#[cfg(any(test, feature = "fault-disk"))]
pub mod fault;
mod real;

pub use real::RealDisk;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A file system, as far as the ledger needs one.
pub trait Disk: Send + Sync + 'static {
    /// Makes a folder (mode 0700); `false` when it was there. Its entry is durable after [`Disk::sync_dir`] of its parent.
    ///
    /// # Errors
    /// The system's; a missing parent is `NotFound`.
    fn create_dir(&self, path: &Path) -> io::Result<bool>;

    /// Makes the entries of a folder durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Opens a file (mode 0600 when it makes one).
    ///
    /// # Errors
    /// The system's.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames a file over another.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, which must be free.
    ///
    /// # Errors
    /// The system's; a name in use is `AlreadyExists`.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// The system's.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// What a folder holds, in no order.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// The file system that a folder is on; `None` where it cannot be synced as a whole with its errors told.
    fn file_system(&self, _folder: &Path) -> Option<Arc<dyn FileSystem>> {
        None
    }
}

/// A file system, open: what goes wrong with it from now on is told to it.
pub trait FileSystem: Send + Sync {
    /// Two of the same number are the same file system.
    fn id(&self) -> u64;

    /// Makes all contents and entries durable.
    ///
    /// # Errors
    /// The system's: something that was written since the last call, by whomever, may be lost for good.
    fn sync(&self) -> io::Result<()>;
}

/// An open file. Its lock, if taken, goes with it, also when the process is killed.
#[expect(clippy::len_without_is_empty, reason = "a file is no collection")]
pub trait DiskFile: Send + Sync {
    /// Writes some of `bytes` at an offset and says how many.
    ///
    /// # Errors
    /// The system's.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Reads some bytes at an offset and says how many; 0 at the end.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Length in bytes.
    ///
    /// # Errors
    /// The system's.
    fn len(&self) -> io::Result<u64>;

    /// Cuts the file to a length.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Makes the content durable.
    ///
    /// # Errors
    /// The system's. After one, what was written before may be lost for good.
    fn sync_data(&self) -> io::Result<()>;

    /// Takes the exclusive lock; `false` when another open file has it.
    ///
    /// # Errors
    /// The system's.
    fn try_lock(&self) -> io::Result<bool>;
}

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// For reading.
    Read,
    /// For reading and writing; it must be there.
    Write,
    /// For reading and writing; made when missing.
    Create,
    /// For reading and writing; it must not be there.
    CreateNew,
}

/// One entry of a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Length of a file in bytes.
    pub len: u64,
}

/// Writes all bytes, however short the single writes are.
pub(crate) fn write_all_at(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or_default();
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until `bytes` is full or the file ends, and says how many were read.
pub(crate) fn read_full_at(file: &dyn DiskFile, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut count = 0;
    while count < bytes.len() {
        match file.read_at(&mut bytes[count..], offset + count as u64) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// Reads a whole small file; at most `limit` bytes.
pub(crate) fn read_file(file: &dyn DiskFile, limit: u64) -> io::Result<Vec<u8>> {
    let len = file.len()?.min(limit);
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    let count = read_full_at(file, &mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}
