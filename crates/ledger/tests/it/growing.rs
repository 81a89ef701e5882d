//! Chains that are read while they are written: what a reader sees ends anywhere, and elsewhere at each look.

use crate::scene::{append, id, number, options};
use sitelog_ledger::disk::{Disk, DiskFile, Entry, Open, RealDisk};
use sitelog_ledger::{ChainId, Ledger};
use sitelog_model::TenantId;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Shows the segments of a finished chain as if they were being written: so many bytes more with every so-manieth operation.
struct Growing {
    step: u64,
    every: u64,
    operations: AtomicU64,
    /// Bytes written by now, over all segments.
    written: AtomicU64,
    /// First byte and length of each segment, by name.
    segments: Mutex<Vec<(OsString, u64, u64)>>,
}

struct GrowingFile {
    disk: Arc<Growing>,
    file: Arc<dyn DiskFile>,
    name: OsString,
}

impl Growing {
    /// Bytes of a segment that are there by now; `None` for other files.
    fn visible(&self, name: &OsString) -> Option<u64> {
        let grows = self
            .operations
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(self.every);
        let more = if grows { self.step } else { 0 };
        let written = self.written.fetch_add(more, Ordering::Relaxed) + more;
        let segments = self.segments.lock().unwrap();
        let (_, first, len) = segments.iter().find(|(known, ..)| known == name)?;
        Some(written.saturating_sub(*first).min(*len))
    }
}

/// The disk of one reader.
struct View(Arc<Growing>);

impl Disk for View {
    fn create_dir(&self, path: &Path) -> io::Result<bool> {
        RealDisk.create_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_dir(path)
    }
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let (disk, file) = (self.0.clone(), RealDisk.open(path, how)?);
        let name = path.file_name().unwrap_or_default().to_owned();
        Ok(Arc::new(GrowingFile { disk, file, name }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.link(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove_dir(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = RealDisk.list(path)?;
        entries.retain(|entry| self.0.visible(&entry.name).is_none_or(|visible| visible > 0));
        Ok(entries)
    }
}

impl DiskFile for GrowingFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(visible) = self.disk.visible(&self.name) else {
            return self.file.read_at(bytes, offset);
        };
        let count = visible.saturating_sub(offset).min(bytes.len() as u64);
        self.file.read_at(&mut bytes[..usize::try_from(count).unwrap()], offset)
    }
    fn len(&self) -> io::Result<u64> {
        let len = self.file.len()?;
        Ok(self.disk.visible(&self.name).unwrap_or(len))
    }
    fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }
}

/// Scenario: a chain of several segments grows by some bytes, or by more than a segment, between any two looks of its reader.
/// Guarantees: no frame is taken for damaged or missing, and none is passed over.
#[test]
fn a_chain_that_grows_between_two_looks_is_not_damaged() {
    const FRAMES: u64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let chain = ledger.create(&TenantId::default(), id(1)).unwrap();
    append(&chain, 0..FRAMES);
    chain.seal().unwrap();
    let segments = segments(folder.path(), chain.id());
    assert!(segments.len() > 3);
    let steps = (7..600).step_by(13).chain((600..6000).step_by(171));
    for (step, every) in steps.flat_map(|step| (1..12).map(move |every| (step, every))) {
        let disk = Arc::new(Growing {
            step,
            every,
            operations: AtomicU64::new(0),
            written: AtomicU64::new(0),
            segments: Mutex::new(segments.clone()),
        });
        let reader = Ledger::with_disk(Arc::new(View(disk)), folder.path(), options()).unwrap();
        let mut frames = reader.frames(chain.id()).unwrap();
        let mut found = Vec::new();
        while found.len() < FRAMES as usize {
            if let Some(frame) = frames.next() {
                let frame = frame.unwrap_or_else(|error| panic!("{error}, by {step} bytes every {every}"));
                found.push(number(frame.batch.get().payload.bytes()));
            }
        }
        assert!(found.into_iter().eq(0..FRAMES), "by {step} bytes every {every}");
    }
}

/// Name, first byte and length of each segment.
fn segments(root: &Path, chain: &ChainId) -> Vec<(OsString, u64, u64)> {
    let folder = root
        .join("tenants")
        .join(chain.tenant.as_str())
        .join(chain.id.to_string());
    let mut names: Vec<OsString> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_str().unwrap().ends_with(".seg"))
        .collect();
    names.sort();
    let mut first = 0;
    let of = |name: OsString| {
        let len = std::fs::metadata(folder.join(&name)).unwrap().len();
        first += len;
        (name, first - len, len)
    };
    names.into_iter().map(of).collect()
}
