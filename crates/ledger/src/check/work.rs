//! Inspects segments, several at once.

use super::segment::{Inspected, Task, inspect};
use super::{Check, Known};
use crate::ChainId;
use crate::error::Error;
use crate::key::PublicKey;
use crate::layout::{SegmentFile, list_segments, segment_path};
use crate::root::Root;
use crate::segment::SegmentHeader;
use crate::tree::Hash;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// More threads than this only wait for the disk.
const THREADS: usize = 8;

/// All segments to inspect.
pub(super) struct Work<'a> {
    root: &'a Root,
    key: &'a PublicKey,
    chains: &'a [ChainId],
    wanted: Vec<Vec<(u64, Hash)>>,
    /// Each with its chain's place.
    segments: Vec<(usize, SegmentFile)>,
}

/// What was inspected.
pub(super) struct Done {
    /// By chain: the number and what was found.
    pub(super) chains: Vec<Vec<(u32, Inspected)>>,
    /// The chain at which the rest was left out.
    stopped: Option<usize>,
}

impl Done {
    /// Whether this chain was not inspected to its end.
    pub(super) fn is_stopped(&self, chain: usize) -> bool {
        self.stopped.is_some_and(|stopped| stopped <= chain)
    }
}

impl<'a> Work<'a> {
    pub(super) fn new(
        root: &'a Root,
        key: &'a PublicKey,
        chains: &'a [ChainId],
        known: &[Vec<Known>],
    ) -> Result<Self, Error> {
        let mut segments = Vec::new();
        for (at, chain) in chains.iter().enumerate() {
            let files = list_segments(&*root.disk, &root.layout.chain(chain))?;
            segments.extend(files.into_iter().map(|file| (at, file)));
        }
        let wanted = |known: &Vec<Known>| known.iter().map(|known| (known.size, known.root)).collect();
        Ok(Self {
            root,
            key,
            chains,
            wanted: known.iter().map(wanted).collect(),
            segments,
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|(_, file)| file.len).sum()
    }

    fn inspect(&self, chain: usize, number: u32, header: Option<SegmentHeader>) -> Result<Option<Inspected>, Error> {
        let id = &self.chains[chain];
        let path = segment_path(&self.root.layout.chain(id), number);
        let task = Task {
            disk: &*self.root.disk,
            chain: id,
            path: &path,
            key: self.key,
            wanted: &self.wanted[chain],
        };
        inspect(&task, header)
    }

    /// Inspects a segment again, with the header that it should have.
    pub(super) fn again(&self, chain: usize, number: u32, header: SegmentHeader) -> Result<Option<Inspected>, Error> {
        self.inspect(chain, number, Some(header))
    }

    /// Inspects all; asked for the first finding only, what comes after a segment with one is left out.
    pub(super) fn run(&self, check: &Check<'_>) -> Result<Done, Error> {
        let total = self.bytes();
        let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
        let bad = AtomicUsize::new(usize::MAX);
        let results = Mutex::new(Vec::with_capacity(self.segments.len()));
        let worker = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((chain, file)) = self.segments.get(at) else {
                    return;
                };
                if at > bad.load(Ordering::Relaxed) {
                    return;
                }
                let found = self.inspect(*chain, file.number, None);
                let is_bad = match &found {
                    Ok(found) => found.as_ref().is_some_and(|found| !found.findings.is_empty()),
                    Err(_) => true,
                };
                if is_bad && (check.first_only || found.is_err()) {
                    bad.fetch_min(at, Ordering::Relaxed);
                }
                results.lock().unwrap_or_else(PoisonError::into_inner).push((at, found));
                let done = bytes.fetch_add(file.len, Ordering::Relaxed) + file.len;
                if let Some(progress) = check.progress {
                    progress(done, total);
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(THREADS));
        std::thread::scope(|scope| {
            (1..threads.min(self.segments.len())).for_each(|_| drop(scope.spawn(worker)));
            worker();
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(at, _)| *at);
        let bad = bad.into_inner();
        let mut done = Done {
            chains: self.chains.iter().map(|_| Vec::new()).collect(),
            stopped: self.segments.get(bad).map(|(chain, _)| *chain),
        };
        for (at, found) in results {
            let (chain, file) = &self.segments[at];
            if at > bad {
                break;
            }
            // One that is gone meanwhile was erased by retention; if not, its frames are missed.
            if let Some(found) = found? {
                done.chains[*chain].push((file.number, found));
            }
        }
        Ok(done)
    }
}
