//! Proves the frames of one chain of a bundle.

use super::{BundleChain, BundleError};
use crate::bundle::line::{ChainLine, FrameLine, StartLine, TrailLine};
use crate::check::{Memory, Wrong};
use crate::checkpoint::{Checkpoint, origin};
use crate::frame::{Header, Kind, Parsed, parse_frame};
use crate::frames::{Frame, decoded};
use crate::key::PublicKey;
use crate::note::{Head, from_base64, hash_of};
use crate::segment::SegmentHeader;
use crate::trail::{self, Entry, chain_of};
use crate::tree::{Hash, Inclusion, Tree};
use crate::{ChainId, Outside};

/// A chain whose frames are being read.
pub(super) struct Proving {
    chain: ChainId,
    checkpoint: Checkpoint,
    note: String,
    /// Frames that are still to come.
    left: u64,
    frames: u64,
    /// The state so far, where all frames are there.
    whole: Option<(Tree, Hash)>,
    entry: Option<(Entry, Outside)>,
}

impl Proving {
    pub(super) fn begin(line: ChainLine, key: &PublicKey, hint: &str, at: u64) -> Result<Self, BundleError> {
        let wrong = |why| BundleError::Line { line: at, why };
        let chain = chain_of(&line.chain).ok_or(wrong("it names no chain"))?;
        let Some(checkpoint) = Checkpoint::open(line.checkpoint.as_bytes(), key) else {
            let hint = hint.to_owned();
            return Err(BundleError::Signature { hint });
        };
        if checkpoint.origin != origin(&chain) {
            return Err(wrong("its checkpoint is another chain's"));
        }
        let start = line
            .start
            .map(|start| begins(start, &chain).ok_or(wrong("its beginning is none")));
        let entry = line.trail.map(|line| {
            let entry = entered(&line, &chain, key).ok_or(wrong("its place in the trail is not proven"))?;
            match &entry.0 {
                Entry::Sealed { size, root, .. } if (*size, *root) != (checkpoint.size, checkpoint.root) => {
                    Err(wrong("the trail knows another end of the chain"))
                }
                _ => Ok(entry),
            }
        });
        Ok(Self {
            whole: start.transpose()?.map(|start| (start.tree, start.previous)),
            entry: entry.transpose()?,
            chain,
            checkpoint,
            note: line.checkpoint,
            left: line.frames,
            frames: 0,
        })
    }

    fn wrong(&self, frame: u64, wrong: Wrong) -> BundleError {
        BundleError::Frame {
            chain: Box::new(self.chain.clone()),
            frame,
            wrong: Box::new(wrong),
        }
    }

    pub(super) fn frame(
        &mut self,
        line: FrameLine,
        at: u64,
        on_frame: &mut dyn FnMut(&ChainId, Frame),
    ) -> Result<(), BundleError> {
        let no_frame = |why| BundleError::Line { line: at, why };
        self.left = self.left.checked_sub(1).ok_or(no_frame("it is one frame too many"))?;
        let bytes = from_base64(&line.bytes).ok_or(no_frame("it holds no base64"))?;
        let (header, payload) = match parse_frame(&bytes) {
            Parsed::Frame(header, payload) if header.frame_len() == bytes.len() as u64 => (header, payload),
            Parsed::Bad(why) => return Err(no_frame(why)),
            _ => return Err(no_frame("it holds more or less than a frame")),
        };
        let index = header.index;
        match (&mut self.whole, line.proof) {
            (Some((tree, previous)), None) => {
                let is_next = index == tree.size() && header.follows(previous, payload);
                tree.push(&header.hash);
                *previous = header.hash;
                if !is_next {
                    return Err(self.wrong(index, Wrong::HashChain));
                }
                self.whole(&header, payload)?;
            }
            (None, Some(proof)) => {
                let path: Option<Vec<Hash>> = proof.path.iter().map(|hash| hash_of(hash)).collect();
                let path = path.ok_or(no_frame("its proof holds no hashes"))?;
                let previous = hash_of(&proof.previous).ok_or(no_frame("its proof holds no hashes"))?;
                let Checkpoint { size, root, .. } = &self.checkpoint;
                let is_in = Inclusion { index, path }.verifies(&header.hash, *size, root);
                if !is_in || !header.follows(&previous, payload) {
                    return Err(self.wrong(index, Wrong::HashChain));
                }
            }
            _ => {
                return Err(no_frame(
                    "it has a proof where it needs none, or none where it needs one",
                ));
            }
        }
        self.frames += 1;
        if header.kind.is_batch() {
            match decoded(&self.chain, &header, payload.to_vec()) {
                Some(frame) => on_frame(&self.chain, frame),
                None => return Err(no_frame("its payload cannot be decompressed")),
            }
        }
        Ok(())
    }

    /// Compares with the checkpoint and the trail where that can be done.
    fn whole(&self, header: &Header, payload: &[u8]) -> Result<(), BundleError> {
        let Some((tree, _)) = &self.whole else { return Ok(()) };
        let Checkpoint { size, root, end, .. } = &self.checkpoint;
        let index = header.index;
        if tree.size() == *size && tree.root() != *root {
            return Err(self.wrong(index, Wrong::CheckpointDiffers));
        }
        // Behind the frames that are signed, only the checkpoint itself can come.
        if index >= *size && !(index == *size && *end && header.kind == Kind::End && payload == self.note.as_bytes()) {
            return Err(self.wrong(index, Wrong::BehindTheEnd));
        }
        let memory = Memory::Trail;
        match &self.entry {
            Some((Entry::Begun { first, .. }, _)) if index == 0 && *first != header.hash => {
                Err(self.wrong(index, Wrong::ChainDiffers { memory }))
            }
            Some((Entry::Sealed { last, .. }, _)) if index == *size && *last != header.hash => {
                Err(self.wrong(index, Wrong::ChainDiffers { memory }))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn end(self, at: u64) -> Result<BundleChain, BundleError> {
        let is_there = self.left == 0
            && self
                .whole
                .as_ref()
                .is_none_or(|(tree, _)| tree.size() >= self.checkpoint.size);
        if !is_there {
            return Err(BundleError::Line {
                line: at,
                why: "frames of the chain above are missing",
            });
        }
        Ok(BundleChain {
            chain: self.chain,
            frames: self.frames,
            is_whole: self.whole.is_some(),
            checkpoint: self.checkpoint,
            trail: self.entry.map(|(_, trail)| trail),
        })
    }
}

fn begins(start: StartLine, chain: &ChainId) -> Option<SegmentHeader> {
    let edge: Option<Vec<Hash>> = start.edge.iter().map(|hash| hash_of(hash)).collect();
    let (tree, previous) = (Tree::from_edge(start.size, edge?)?, hash_of(&start.previous)?);
    let header = SegmentHeader { tree, previous };
    (start.size > 0 || header == SegmentHeader::first(chain)).then_some(header)
}

/// The entry, if it is the chain's and is in the signed trail.
fn entered(line: &TrailLine, chain: &ChainId, key: &PublicKey) -> Option<(Entry, Outside)> {
    let entry = Entry::parse(&line.entry).filter(|entry| entry.chain() == chain)?;
    let (proof, note) = Inclusion::read(&line.proof)?;
    let Head { origin, size, root } = Head::open(note, key)?;
    let is_in = origin == trail::origin(key) && proof.verifies(line.entry.as_bytes(), size, &root);
    let mut trail = Outside::read(note).ok()?;
    is_in.then(|| trail.pop()).flatten().map(|trail| (entry, trail))
}
