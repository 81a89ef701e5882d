//! A small append-only file of checked records: one write and one sync for each time something is appended.

use crate::disk::{Disk, DiskFile, Open, read_file, write_all_at};
use crate::error::Error;
use crate::frame::u32_at;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a file's header: magic and tag, then their checksum.
const HEADER: usize = 12;
/// A file that has grown beyond this is written anew when its owner can say what still counts.
const LARGE: u64 = 64 << 10;
const MAX_FILE: u64 = 64 << 20;

/// What a file says: its tag and its records; a torn last record is not among them.
pub(crate) struct Stored {
    pub(crate) tag: [u8; 4],
    pub(crate) records: Vec<Vec<u8>>,
    len: u64,
}

/// The open file, with one writer.
pub(crate) struct RecordLog {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    head: [u8; 8],
    file: Option<Arc<dyn DiskFile>>,
    len: u64,
    syncs: bool,
    /// The file's entry in its folder, and that folder's, are durable.
    settled: bool,
}

impl RecordLog {
    /// Opens a log for writing, with what it holds; it is made at the first record.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        path: PathBuf,
        magic: [u8; 4],
        tag: [u8; 4],
        syncs: bool,
    ) -> Result<(Self, Option<Stored>), Error> {
        let mut head = [0; 8];
        head[..4].copy_from_slice(&magic);
        head[4..].copy_from_slice(&tag);
        let stored = read(&*disk, &path, magic)?;
        let mut log = Self {
            disk,
            path,
            head,
            file: None,
            len: 0,
            syncs,
            settled: false,
        };
        if let Some(stored) = stored.as_ref().filter(|stored| stored.tag == tag) {
            log.file = Some(
                log.disk
                    .open(&log.path, Open::Write)
                    .map_err(Error::io("open", &log.path))?,
            );
            log.len = stored.len;
        }
        Ok((log, stored))
    }

    /// Makes the file if it is missing, so that others see that it exists. It is durable with the first record only: a run
    /// that delivers nothing should not wait for a disk, and a file that a power loss takes said nothing yet.
    pub(crate) fn make(&mut self, records: &[Vec<u8>]) -> Result<(), Error> {
        if self.file.is_some() {
            return Ok(());
        }
        let made = self.create(&self.path, records);
        let (file, len) = made.map_err(Error::io("create", &self.path))?;
        (self.file, self.len, self.settled) = (Some(file), len, false);
        Ok(())
    }

    fn create(&self, path: &Path, records: &[Vec<u8>]) -> io::Result<(Arc<dyn DiskFile>, u64)> {
        let mut bytes = self.head.to_vec();
        bytes.extend_from_slice(&crc32c::crc32c(&self.head).to_le_bytes());
        records.iter().for_each(|body| bytes.extend_from_slice(&record(body)));
        let file = self.disk.open(path, Open::Create)?;
        file.truncate(0)?;
        write_all_at(&*file, &bytes, 0)?;
        Ok((file, bytes.len() as u64))
    }

    /// Whether there is a file to append to; without one, an append makes a new one.
    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    pub(crate) fn is_large(&self) -> bool {
        self.len > LARGE
    }

    /// Appends a record, durably. After an error the log is as it was before, or has the record.
    pub(crate) fn append(&mut self, body: &[u8]) -> Result<(), Error> {
        self.append_all(&[body.to_vec()])
    }

    /// Appends records, durably, with one write. After an error the log is as it was before, or has the first of them.
    pub(crate) fn append_all(&mut self, bodies: &[Vec<u8>]) -> Result<(), Error> {
        match self.write(bodies)? {
            Some(file) => self.sync(&*file),
            None => Ok(()),
        }
    }

    /// Appends a record that survives the death of the process; a power loss may take it.
    pub(crate) fn append_unsynced(&mut self, body: &[u8]) -> Result<(), Error> {
        self.write(&[body.to_vec()]).map(drop)
    }

    /// Makes what was appended durable.
    pub(crate) fn make_durable(&mut self) -> Result<(), Error> {
        match self.file.clone() {
            Some(file) => self.sync(&*file),
            None => Ok(()),
        }
    }

    /// Writes records at the end and says what has to be synced for them.
    fn write(&mut self, bodies: &[Vec<u8>]) -> Result<Option<Arc<dyn DiskFile>>, Error> {
        let Some(file) = self.file.clone() else {
            return self.rewrite(bodies).map(|()| None);
        };
        let records: Vec<u8> = bodies.iter().flat_map(|body| record(body)).collect();
        let written = write_all_at(&*file, &records, self.len);
        if let Err(error) = written {
            // Whatever stays of it is overwritten by what comes next.
            drop(file.truncate(self.len));
            return Err(Error::io("write", &self.path)(error));
        }
        self.len += records.len() as u64;
        Ok(Some(file))
    }

    /// Replaces the file by one with these records only, durably.
    pub(crate) fn rewrite(&mut self, records: &[Vec<u8>]) -> Result<(), Error> {
        let beside = self.path.with_extension("new");
        let written = self.create(&beside, records);
        let synced = written.and_then(|(file, len)| {
            if self.syncs {
                file.sync_data()?;
            }
            self.disk.rename(&beside, &self.path)?;
            Ok((file, len))
        });
        let (file, len) = synced.map_err(Error::io("write", &self.path))?;
        (self.file, self.len, self.settled) = (Some(file), len, false);
        self.settle()
    }

    fn sync(&mut self, file: &dyn DiskFile) -> Result<(), Error> {
        if self.syncs
            && let Err(error) = file.sync_data()
        {
            // A second sync of the same pages would mean nothing: the next record goes into a new file.
            self.file = None;
            return Err(Error::io("sync", &self.path)(error));
        }
        self.settle()
    }

    fn settle(&mut self) -> Result<(), Error> {
        if !self.syncs || self.settled {
            return Ok(());
        }
        for folder in self.path.ancestors().skip(1).take(2) {
            self.disk.sync_dir(folder).map_err(Error::io("sync", folder))?;
        }
        self.settled = true;
        Ok(())
    }
}

/// Reads a log without opening it for writing; `None` when there is none, or not even its header is whole.
pub(crate) fn read(disk: &dyn Disk, path: &Path, magic: [u8; 4]) -> Result<Option<Stored>, Error> {
    let file = match disk.open(path, Open::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(Error::io("open", path))?,
    };
    let bytes = read_file(&*file, MAX_FILE).map_err(Error::io("read", path))?;
    Ok(parse(&bytes, magic))
}

/// Reads a log's bytes. Never panics, whatever they are.
fn parse(bytes: &[u8], magic: [u8; 4]) -> Option<Stored> {
    let head: &[u8; 8] = bytes.first_chunk()?;
    if bytes.len() < HEADER || head[..4] != magic || crc32c::crc32c(head) != u32_at(bytes, 8) {
        return None;
    }
    let mut records = Vec::new();
    let mut at = HEADER;
    while let Some(length) = bytes.get(at..at + 4) {
        let (start, end) = (at + 4, at + 4 + u32_at(length, 0) as usize);
        let Some(body) = bytes.get(start..end) else { break };
        let checked = bytes
            .get(end..end + 4)
            .is_some_and(|crc| u32_at(crc, 0) == crc32c::crc32c(&bytes[at..end]));
        if !checked {
            break;
        }
        records.push(body.to_vec());
        at = end + 4;
    }
    let tag = [head[4], head[5], head[6], head[7]];
    Some(Stored {
        tag,
        records,
        len: at as u64,
    })
}

fn record(body: &[u8]) -> Vec<u8> {
    let mut record = (body.len() as u32).to_le_bytes().to_vec();
    record.extend_from_slice(body);
    record.extend_from_slice(&crc32c::crc32c(&record).to_le_bytes());
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::fault::FaultDisk;
    use proptest::prelude::*;

    const MAGIC: [u8; 4] = *b"TEST";

    fn bytes_of(records: &[Vec<u8>]) -> Vec<u8> {
        let disk = Arc::new(FaultDisk::new());
        let (mut log, _) = RecordLog::open(disk.clone(), "log".into(), MAGIC, [0; 4], false).unwrap();
        log.make(&[]).unwrap();
        records.iter().for_each(|body| log.append(body).unwrap());
        read_file(&*disk.open(Path::new("log"), Open::Read).unwrap(), MAX_FILE).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_cut_off_costs_the_last_records_only(
            records: Vec<Vec<u8>>,
            cut: prop::sample::Index,
        ) {
            let whole = bytes_of(&records);
            let cut = cut.index(whole.len() + 1);
            match parse(&whole[..cut], MAGIC) {
                None => prop_assert!(cut < HEADER),
                Some(stored) => prop_assert_eq!(&stored.records[..], &records[..stored.records.len()]),
            }
            prop_assert_eq!(parse(&whole, MAGIC).map(|stored| stored.records), Some(records));
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
            let _ = parse(&bytes, MAGIC);
        }
    }
}
