//! Checks the trail, and keeps what it says of each chain.

use super::finding::{Finding, Place, Remark, Remarkable, Wrong};
use crate::ChainId;
use crate::disk::Disk;
use crate::error::Error;
use crate::key::PublicKey;
use crate::note::Head;
use crate::trail::{self, Entry, Log, Part};
use crate::tree::{Hash, Nodes, Tree};
use std::collections::BTreeMap;
use std::path::Path;

/// What the trail says of a chain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChainHeads {
    /// Hash of its first frame, and index of the entry.
    pub(crate) begun: Option<(Hash, u64)>,
    /// Its end.
    pub(crate) sealed: Option<SealedHead>,
    /// Frames below this may be gone.
    pub(crate) erased: u64,
}

/// A chain's end, as it was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealedHead {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) last: Hash,
    /// Index of the entry.
    pub(crate) entry: u64,
}

/// The trail as read and checked.
#[derive(Default)]
pub(crate) struct Heads {
    pub(crate) exists: bool,
    pub(crate) chains: BTreeMap<ChainId, ChainHeads>,
    /// All that is signed.
    pub(crate) nodes: Nodes,
    /// The last checkpoint, and its note.
    pub(crate) head: Option<(Head, String)>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) remarks: Vec<Remark>,
}

struct Reading<'a> {
    heads: Heads,
    key: &'a PublicKey,
    origin: String,
    tree: Tree,
    /// Entries up to here are signed.
    signed: u64,
    /// Entries behind the last checkpoint.
    pending: Vec<Entry>,
    /// Whether the tree is the one of the entries: not behind damage.
    is_whole: bool,
}

impl Heads {
    /// Reads all of the trail.
    pub(crate) fn read(disk: &dyn Disk, folder: &Path, key: &PublicKey) -> Result<Self, Error> {
        let mut log = Log::open(disk, folder)?;
        let mut reading = Reading {
            heads: Self {
                exists: log.exists(),
                ..Self::default()
            },
            key,
            origin: trail::origin(key),
            tree: Tree::default(),
            signed: 0,
            pending: Vec::new(),
            is_whole: true,
        };
        let mut whole_upto = 0;
        loop {
            match log.next()? {
                Part::Entry(entry) => {
                    reading.tree.push_entry(entry.to_string().as_bytes());
                    reading.pending.push(entry);
                }
                Part::Checkpoint { edge, note } => {
                    reading.checkpoint(edge, note);
                    whole_upto = log.offset();
                }
                Part::Bad { .. } => {
                    let at = log.offset();
                    let Some((edge, note)) = log.next_checkpoint()? else {
                        reading.unsigned(&log.from(whole_upto)?, at);
                        break;
                    };
                    reading.damaged(at, edge, note);
                    whole_upto = log.offset();
                }
                Part::End => {
                    reading.unsigned(&log.from(whole_upto)?, whole_upto);
                    break;
                }
            }
        }
        Ok(reading.heads)
    }
}

impl Reading<'_> {
    fn wrong(&mut self, entry: u64, wrong: Wrong) {
        let place = Place {
            frame: Some(entry),
            ..Place::default()
        };
        self.heads.findings.push(Finding { place, wrong });
    }

    /// Bytes behind the last checkpoint: the beginning of a batch, or damage.
    fn unsigned(&mut self, rest: &[u8], at: u64) {
        let bytes = rest.len() as u64;
        if !trail::may_be_torn(rest, &self.origin) {
            self.wrong(self.signed, Wrong::TrailDamaged { at });
        } else if bytes > 0 {
            let what = Remarkable::TrailTorn { bytes };
            let place = Place::default();
            self.heads.remarks.push(Remark { place, what });
        }
    }

    fn checkpoint(&mut self, edge: Vec<Hash>, note: String) {
        let (from, size) = (self.signed, self.tree.size());
        let says = Head::read(&note);
        let fits = |head: &Head| (head.size, head.root) == (size, self.tree.root()) && edge == self.tree.edge();
        if self.is_whole && !says.as_ref().is_some_and(fits) {
            self.wrong(from, Wrong::TrailDiffers { entries: from..size });
        }
        match Head::open(&note, self.key).filter(|head| head.origin == self.origin) {
            Some(head) => self.heads.head = Some((head, note)),
            None => self.wrong(from, Wrong::TrailSignature),
        }
        // What is signed counts; the trail goes on as signed, so that one change is found once.
        if let Some(tree) = says.and_then(|head| Tree::from_edge(head.size, edge)) {
            self.tree = tree;
        }
        self.take();
    }

    /// Reads on behind damage.
    fn damaged(&mut self, at: u64, edge: Vec<Hash>, note: String) {
        self.wrong(self.tree.size(), Wrong::TrailDamaged { at });
        self.is_whole = false;
        self.checkpoint(edge, note);
        self.is_whole = true;
    }

    fn take(&mut self) {
        for entry in std::mem::take(&mut self.pending) {
            let index = self.heads.nodes.size();
            self.heads.nodes.push(entry.to_string().as_bytes());
            let chain = entry.chain().clone();
            let known = self.heads.chains.entry(chain.clone()).or_default();
            let mut is_conflict = false;
            match entry {
                Entry::Begun { first, .. } => {
                    is_conflict = known.begun.is_some();
                    known.begun.get_or_insert((first, index));
                }
                Entry::Sealed { size, root, last, .. } => {
                    let sealed = SealedHead {
                        size,
                        root,
                        last,
                        entry: index,
                    };
                    is_conflict = known.sealed.is_some();
                    known.sealed.get_or_insert(sealed);
                }
                Entry::Erased { upto, .. } => known.erased = known.erased.max(upto),
            }
            if is_conflict {
                let place = Place {
                    chain: Some(chain),
                    ..Place::default()
                };
                let wrong = Wrong::TrailConflict;
                self.heads.findings.push(Finding { place, wrong });
            }
        }
        self.signed = self.tree.size();
    }
}
