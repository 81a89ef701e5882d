//! A file read in large pieces, and looked at without copies.

use crate::disk::{DiskFile, read_full_at};
use std::io;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

pub(super) struct Window<'a> {
    file: &'a dyn DiskFile,
    /// Bytes of the file that are looked at.
    len: u64,
    buffer: Vec<u8>,
    at: u64,
}

impl<'a> Window<'a> {
    pub(super) fn new(file: &'a dyn DiskFile, len: u64) -> Self {
        Self {
            file,
            len,
            buffer: Vec::new(),
            at: 0,
        }
    }

    /// Bytes from an offset on; fewer only where the file ends.
    pub(super) fn get(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = count.min(left);
        let holds = offset
            .checked_sub(self.at)
            .and_then(|skip| usize::try_from(skip).ok())
            .filter(|skip| skip.saturating_add(count) <= self.buffer.len());
        let skip = match holds {
            Some(skip) => skip,
            None => {
                self.buffer.resize(count.max(CHUNK).min(left), 0);
                let read = read_full_at(self.file, &mut self.buffer, offset)?;
                self.buffer.truncate(read);
                self.at = offset;
                0
            }
        };
        let end = (skip + count).min(self.buffer.len());
        Ok(&self.buffer[skip..end])
    }
}
