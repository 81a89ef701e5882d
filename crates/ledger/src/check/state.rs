//! What each frame must fit, also where frames before it are lost.

use crate::segment::SegmentHeader;
use crate::tree::{Hash, LOST, Tree};

/// The chain's state behind the frames read so far.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Index of the next frame.
    pub(super) next: u64,
    /// The tree with all hashes as written; unknown once one is lost.
    tree: Option<Tree>,
    /// The tree as recovery continues it, with [`LOST`] for what is damaged; only when something is.
    lost: Option<Tree>,
    /// Hash of the frame before; unknown when that one is lost.
    pub(super) previous: Option<Hash>,
    /// Time of the frame before.
    pub(super) time: u64,
}

/// Whether a signed or entered root is the one of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is.
    Yes,
    /// It is, with what was damaged as damaged.
    Lost,
    /// Nobody can say: hashes are lost.
    Unknown,
    /// It is not.
    No,
}

impl State {
    pub(super) fn at(header: SegmentHeader) -> Self {
        Self {
            next: header.tree.size(),
            tree: Some(header.tree),
            lost: None,
            previous: Some(header.previous),
            time: 0,
        }
    }

    /// Takes a frame in.
    pub(super) fn push(&mut self, hash: &Hash, time: u64) {
        for tree in [&mut self.tree, &mut self.lost].into_iter().flatten() {
            tree.push(hash);
        }
        (self.next, self.previous, self.time) = (self.next + 1, Some(*hash), time);
    }

    /// Takes in that a frame's payload is damaged; its header is sound and tells its hash.
    pub(super) fn push_damaged(&mut self, hash: &Hash, time: u64) {
        let lost = self.lost.take().or_else(|| self.tree.clone());
        self.push(hash, time);
        self.lost = lost.map(|mut tree| {
            tree.push(&LOST);
            tree
        });
    }

    /// Takes in that frames up to an index are lost with their headers.
    pub(super) fn skip(&mut self, upto: u64) {
        self.lost = self.lost.take().or_else(|| self.tree.clone());
        if let Some(lost) = &mut self.lost {
            (self.next..upto).for_each(|_| lost.push(&LOST));
        }
        (self.next, self.tree, self.previous) = (upto, None, None);
    }

    /// Compares with a root over all frames so far.
    pub(super) fn fits(&self, root: &Hash) -> Fit {
        let is = |tree: &Option<Tree>| tree.as_ref().map(|tree| tree.root() == *root);
        match (is(&self.tree), is(&self.lost)) {
            (Some(true), _) => Fit::Yes,
            (_, Some(true)) => Fit::Lost,
            (None, _) => Fit::Unknown,
            (Some(false), _) => Fit::No,
        }
    }

    /// A signature has settled which of the two trees it is.
    pub(super) fn settle(&mut self, fit: Fit) {
        match fit {
            Fit::Yes => self.lost = None,
            Fit::Lost => self.tree = self.lost.take(),
            Fit::Unknown | Fit::No => {}
        }
    }

    /// Compares with the header of the segment that follows.
    pub(super) fn fits_header(&self, header: &SegmentHeader) -> Fit {
        if self.next != header.tree.size() || self.previous.is_some_and(|previous| previous != header.previous) {
            return Fit::No;
        }
        self.fits(&header.tree.root())
    }

    /// The header that the next segment must have, while that is known.
    pub(super) fn header(&self) -> Option<SegmentHeader> {
        let (tree, previous) = (self.tree.clone()?, self.previous?);
        Some(SegmentHeader { tree, previous })
    }
}
