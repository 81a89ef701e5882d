//! Enters what a killed process could not: each chain's beginning and end, once.

use super::{Entry, Log, Part, Patience, Trail};
use crate::ChainId;
use crate::checkpoint::Checkpoint;
use crate::disk::{DiskFile, Open};
use crate::error::Error;
use crate::frame::Kind;
use crate::layout::{Layout, WRITER_LOCK};
use crate::recover::make_durable;
use crate::root::Root;
use crate::tree::Hash;
use crate::walk::{Step, Walk};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Chains held at once: each is an open file, and nobody should wait long for one.
const GROUP: usize = 16;

/// What the trail says of each chain.
#[derive(Default)]
struct Known(HashMap<ChainId, KnownChain>);

#[derive(Clone, Copy, Default)]
struct KnownChain {
    is_sealed: bool,
    erased: u64,
}

impl Known {
    /// Reads on to the trail's end. What is in no whole batch is not entered.
    fn read(&mut self, log: &mut Log) -> Result<(), Error> {
        let mut batch = Vec::new();
        loop {
            match log.next()? {
                Part::Entry(entry) => batch.push(entry),
                Part::Checkpoint { .. } => batch.drain(..).for_each(|entry| self.take(&entry)),
                Part::Bad { .. } | Part::End => return Ok(()),
            }
        }
    }

    fn take(&mut self, entry: &Entry) {
        let known = self.0.entry(entry.chain().clone()).or_default();
        match entry {
            Entry::Sealed { .. } => known.is_sealed = true,
            Entry::Erased { upto, .. } => known.erased = known.erased.max(*upto),
            Entry::Begun { .. } => {}
        }
    }
}

/// Enters the chains of all tenants that are not entered, and says how many entries that took. Chains that are being
/// written are left to their writers.
pub(crate) fn settle(root: &Root, chains: &[ChainId]) -> Result<u64, Error> {
    let mut log = Log::open(&*root.disk, &root.layout.trail())?;
    let mut known = Known::default();
    known.read(&mut log)?;
    let is_sealed = |chain: &&ChainId| known.0.get(*chain).is_some_and(|known| known.is_sealed);
    let open: Vec<&ChainId> = chains.iter().filter(|chain| !is_sealed(chain)).collect();
    let mut entered = 0;
    for group in open.chunks(GROUP) {
        entered += settle_group(root, group, &mut known, &mut log)?;
    }
    Ok(entered)
}

/// A chain that is held, and what is to be said of it.
struct Held<'a> {
    chain: &'a ChainId,
    ends: Ends,
    _lock: Arc<dyn DiskFile>,
}

fn settle_group(root: &Root, chains: &[&ChainId], known: &mut Known, log: &mut Log) -> Result<u64, Error> {
    let mut held = Vec::new();
    for &chain in chains {
        let Some(_lock) = hold(root, chain)? else { continue };
        let folder = root.layout.chain(chain);
        let ends = ends(root, chain, &folder)?;
        if ends.sealed.is_none() && (known.0.contains_key(chain) || ends.first.is_none()) {
            continue;
        }
        if root.syncs() {
            // The trail must never know more than the chain.
            make_durable(&*root.disk, &folder)?;
        }
        held.push(Held { chain, ends, _lock });
    }
    if held.is_empty() {
        return Ok(0);
    }
    let trail = root.trail()?;
    let mut locked = trail.lock(Patience::Long)?;
    log.rewind(&*root.disk)?;
    known.read(log)?;
    let mut entries = Vec::new();
    for Held { chain, ends, .. } in &held {
        let now = known.0.get(chain).copied();
        match (&ends.sealed, ends.first) {
            (Some(sealed), _) if !now.is_some_and(|known| known.is_sealed) => entries.push(sealed.clone()),
            (None, Some(first)) if now.is_none() => {
                let chain = (*chain).clone();
                entries.push(Entry::Begun { chain, first });
            }
            _ => {}
        }
    }
    locked.append(&entries)?;
    Ok(entries.len() as u64)
}

/// Enters, durably, that retention is about to erase these chains' frames up to an index; a chain that has ended leaves its
/// head behind.
pub(crate) fn erasing(root: &Root, chains: &[(ChainId, u64)]) -> Result<(), Error> {
    let trail = root.trail()?;
    let mut log = Log::open(&*root.disk, &root.layout.trail())?;
    let mut known = Known::default();
    known.read(&mut log)?;
    let mut heads = Vec::new();
    for (chain, _) in chains {
        if known.0.get(chain).is_some_and(|known| known.is_sealed) {
            continue;
        }
        // Somebody who seals it this very moment enters it.
        if let Some(lock) = hold(root, chain)? {
            let ends = ends(root, chain, &root.layout.chain(chain))?;
            heads.extend(ends.sealed.map(|sealed| (sealed, lock)));
        }
    }
    let mut locked = trail.lock(Patience::Long)?;
    log.rewind(&*root.disk)?;
    known.read(&mut log)?;
    let is_sealed = |chain: &ChainId| known.0.get(chain).is_some_and(|known| known.is_sealed);
    let mut entries: Vec<Entry> = heads
        .into_iter()
        .filter(|(head, _)| !is_sealed(head.chain()))
        .map(|(head, _)| head)
        .collect();
    for (chain, upto) in chains {
        if known.0.get(chain).is_none_or(|known| known.erased < *upto) {
            let (chain, upto) = (chain.clone(), *upto);
            entries.push(Entry::Erased { chain, upto });
        }
    }
    locked.append(&entries)?;
    if root.syncs() { locked.sync() } else { Ok(()) }
}

/// [`erasing`] for a chain that this process writes: its head is its writer's to enter, and nobody has to read the trail for it.
pub(crate) fn erasing_live(root: &Root, chain: &ChainId, upto: u64) -> Result<(), Error> {
    let trail = root.trail()?;
    let mut locked = trail.lock(Patience::Long)?;
    let chain = chain.clone();
    locked.append(&[Entry::Erased { chain, upto }])?;
    if root.syncs() { locked.sync() } else { Ok(()) }
}

/// Takes a chain's lock without leaving a trace; `None` when its writer has it, or when there is no chain.
fn hold(root: &Root, chain: &ChainId) -> Result<Option<Arc<dyn DiskFile>>, Error> {
    let path = root.layout.chain(chain).join(WRITER_LOCK);
    let file = match root.disk.open(&path, Open::Read) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(Error::io("open", &path))?,
    };
    let is_held = file.try_lock().map_err(Error::io("lock", &path))?;
    Ok(is_held.then_some(file))
}

/// The two ends of a chain.
struct Ends {
    /// Hash of frame 0, while it is there.
    first: Option<Hash>,
    /// The entry for its signed end.
    sealed: Option<Entry>,
}

fn ends(root: &Root, chain: &ChainId, folder: &Path) -> Result<Ends, Error> {
    let mut walk = Walk::new(root.disk.clone(), chain, folder.to_owned(), 0);
    let first = loop {
        match walk.step()? {
            Step::Segment(_) => {}
            Step::Frame(found) => break (found.header.index == 0).then_some(found.header.hash),
            Step::Damage(_) | Step::End { .. } => break None,
        }
    };
    let mut walk = Walk::near(root.disk.clone(), chain, folder.to_owned(), u64::MAX)?;
    let mut sealed = None;
    loop {
        let found = match walk.step()? {
            Step::Frame(found) => found,
            Step::End { .. } => return Ok(Ends { first, sealed }),
            Step::Segment(_) | Step::Damage(_) => continue,
        };
        if found.header.kind != Kind::End {
            continue;
        }
        let note = walk.payload(&found)?;
        let checkpoint = note.and_then(|note| Checkpoint::open(&note, root.key().ok()?.public()));
        sealed = checkpoint.map(|Checkpoint { size, root, .. }| Entry::Sealed {
            chain: chain.clone(),
            size,
            root,
            last: found.header.hash,
        });
    }
}

impl Layout {
    /// The folder of the installation's trail.
    pub(crate) fn trail(&self) -> std::path::PathBuf {
        self.root().join("trail")
    }
}

impl Root {
    /// The installation's trail.
    pub(crate) fn trail(&self) -> Result<Trail<'_>, Error> {
        Ok(Trail {
            disk: &self.disk,
            folder: self.layout.trail(),
            key: self.key()?,
            counters: &self.counters,
        })
    }
}
