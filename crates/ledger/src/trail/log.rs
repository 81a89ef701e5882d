//! Reads the trail from its beginning: entries, and the checkpoints between them.

use super::{ENTRIES, Entry};
use crate::disk::{Disk, DiskFile, Open, read_full_at};
use crate::error::Error;
use crate::note;
use crate::tree::Hash;
use memchr::{memchr, memchr_iter, memmem};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// The longest thing in the trail, an edge line with its note, is shorter.
const LONGEST: usize = 64 << 10;

/// What comes next in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// An entry.
    Entry(Entry),
    /// A checkpoint of all entries so far: the tree's right edge, and the signed note.
    Checkpoint { edge: Vec<Hash>, note: String },
    /// No whole line, or none that belongs here; so many bytes are left in the file.
    Bad { left: u64 },
    /// The end.
    End,
}

/// A reader of the trail's file.
pub(crate) struct Log {
    file: Option<Arc<dyn DiskFile>>,
    path: PathBuf,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are read.
    used: usize,
    /// Offset of the buffer's end in the file.
    upto: u64,
    /// Offset behind the last checkpoint.
    whole: u64,
}

impl Log {
    /// A trail that is not there is empty.
    pub(crate) fn open(disk: &dyn Disk, folder: &Path) -> Result<Self, Error> {
        let path = folder.join(ENTRIES);
        let file = match disk.open(&path, Open::Read) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            other => Some(other.map_err(Error::io("open", &path))?),
        };
        Ok(Self {
            file,
            path,
            buffer: Vec::new(),
            used: 0,
            upto: 0,
            whole: 0,
        })
    }

    /// Whether there is a trail.
    pub(crate) fn exists(&self) -> bool {
        self.file.is_some()
    }

    /// Where the next part begins in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.upto - (self.buffer.len() - self.used) as u64
    }

    /// Reads on. After [`Part::Bad`] nothing further can be read.
    pub(crate) fn next(&mut self) -> Result<Part, Error> {
        self.fill()?;
        let rest = &self.buffer[self.used..];
        if rest.is_empty() {
            return Ok(Part::End);
        }
        let (part, len) = match closing(rest) {
            Some((edge, note, len)) => {
                let note = note.to_owned();
                (Part::Checkpoint { edge, note }, len)
            }
            None => match entry(rest) {
                Some((entry, len)) => (Part::Entry(entry), len),
                None => {
                    let left = self.left()?;
                    return Ok(Part::Bad { left });
                }
            },
        };
        self.used += len;
        if matches!(part, Part::Checkpoint { .. }) {
            self.whole = self.offset();
        }
        Ok(part)
    }

    /// All bytes from an offset on.
    pub(crate) fn from(&self, offset: u64) -> Result<Vec<u8>, Error> {
        let Some(file) = &self.file else { return Ok(Vec::new()) };
        let read = file.len().and_then(|len| {
            let mut bytes = vec![0; usize::try_from(len.saturating_sub(offset)).unwrap_or(0)];
            let count = read_full_at(&**file, &mut bytes, offset)?;
            bytes.truncate(count);
            Ok(bytes)
        });
        read.map_err(Error::io("read", &self.path))
    }

    /// After [`Part::Bad`]: goes behind the next whole checkpoint, if there is one; else to the end.
    pub(crate) fn next_checkpoint(&mut self) -> Result<Option<(Vec<Hash>, String)>, Error> {
        loop {
            self.fill()?;
            let rest = &self.buffer[self.used..];
            let Some(at) = memmem::find(rest, b"\nedge") else {
                let has_more = self.left()? > rest.len() as u64;
                // The words searched for may lie across two pieces.
                self.used = self.buffer.len().saturating_sub(if has_more { 4 } else { 0 });
                if has_more {
                    continue;
                }
                return Ok(None);
            };
            self.used += at + 1;
            self.fill()?;
            if let Some((edge, note, len)) = closing(&self.buffer[self.used..]) {
                let note = note.to_owned();
                self.used += len;
                return Ok(Some((edge, note)));
            }
        }
    }

    /// Goes back behind the last whole batch: what came after it may have been cut and written anew.
    pub(crate) fn rewind(&mut self, disk: &dyn Disk) -> Result<(), Error> {
        // It may not have been there.
        let file = disk
            .open(&self.path, Open::Read)
            .map_err(Error::io("open", &self.path))?;
        self.file = Some(file);
        self.upto = self.whole;
        self.buffer.clear();
        self.used = 0;
        Ok(())
    }

    fn left(&self) -> Result<u64, Error> {
        let len = self.file.as_ref().map_or(Ok(0), |file| file.len());
        Ok(len
            .map_err(Error::io("read", &self.path))?
            .saturating_sub(self.offset()))
    }

    fn fill(&mut self) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.buffer.len() - self.used >= LONGEST {
            return Ok(());
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let kept = self.buffer.len();
        let len = file.len().map_err(Error::io("read", &self.path))?;
        let more = usize::try_from(len.saturating_sub(self.upto))
            .unwrap_or(CHUNK)
            .min(CHUNK);
        self.buffer.resize(kept + more, 0);
        let count =
            read_full_at(&**file, &mut self.buffer[kept..], self.upto).map_err(Error::io("read", &self.path))?;
        self.buffer.truncate(kept + count);
        self.upto += count as u64;
        Ok(())
    }
}

fn entry(bytes: &[u8]) -> Option<(Entry, usize)> {
    let end = memchr(b'\n', bytes)?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((Entry::parse(line)?, end + 1))
}

/// What closes a batch, at the beginning of some bytes: the edge, the note, and how many bytes they take.
pub(super) fn closing(bytes: &[u8]) -> Option<(Vec<Hash>, &str, usize)> {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    if !bytes.starts_with(b"edge") {
        return None;
    }
    // The edge, origin, size, root, nothing, signature.
    let mut ends = memchr_iter(b'\n', bytes);
    let edge_end = ends.next()?;
    let end = ends.nth(4)? + 1;
    let line = std::str::from_utf8(&bytes[4..edge_end]).ok()?;
    let note = std::str::from_utf8(&bytes[edge_end + 1..end]).ok()?;
    let edge: Option<Vec<Hash>> = line.split(' ').skip(1).map(note::hash_of).collect();
    let (text, signature) = note::split(note)?;
    // One signature line, and the three lines of a checkpoint without extensions.
    let is_whole = text.lines().count() == 3 && signature.starts_with('\u{2014}') && line.starts_with(' ');
    is_whole.then_some((edge?, note, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>, text in "(edge( [a-zA-Z0-9+/=]{44}){0,3}\n|a\n|1\n|\n|\u{2014} a b\n){0,12}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Some((_, _, len)) = closing(bytes) {
                    prop_assert!(len <= bytes.len());
                }
                let _ = entry(bytes);
            }
        }
    }
}
