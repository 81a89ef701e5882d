//! All complete subtrees of a tree, from which any proof can be made: two hashes a leaf.

use super::{Consistency, Hash, Inclusion, Tree, leaf_hash, node_hash, sha256};

/// The nodes of a tree by level; level 0 holds one for each leaf, each other level one for each whole pair below.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes {
    levels: Vec<Level>,
}

/// The nodes of one height.
#[derive(Clone, Debug, Default)]
struct Level {
    /// Index of the first node that is there.
    start: u64,
    nodes: Vec<Hash>,
}

impl Level {
    fn end(&self) -> u64 {
        self.start + self.nodes.len() as u64
    }

    fn get(&self, index: u64) -> Option<Hash> {
        let at = usize::try_from(index.checked_sub(self.start)?).ok()?;
        self.nodes.get(at).copied()
    }
}

impl Nodes {
    /// Goes on from a tree of which only the right edge is known: proofs can be made for leaves behind it.
    pub(crate) fn from_tree(tree: &Tree) -> Self {
        let size = tree.size();
        // The edge has the largest subtree first.
        let mut edge = tree.edge().iter().rev();
        let level = |height: u32| match size >> height & 1 {
            0 => Level {
                start: size >> height,
                nodes: Vec::new(),
            },
            _ => Level {
                start: (size >> height) - 1,
                nodes: edge.next().copied().into_iter().collect(),
            },
        };
        let levels = (0..u64::BITS - size.leading_zeros()).map(level).collect();
        Self { levels }
    }

    /// Number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.levels.first().map_or(0, Level::end)
    }

    /// Appends a leaf.
    pub(crate) fn push(&mut self, leaf: &[u8]) {
        let mut node = leaf_hash(leaf);
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[height];
            level.nodes.push(node);
            let [.., left, right] = level.nodes.as_slice() else {
                return;
            };
            if level.end() % 2 == 1 {
                return;
            }
            node = node_hash(left, right);
        }
    }

    /// The root over the first `size` leaves; `None` when there are fewer.
    pub(crate) fn root(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(sha256(&[])),
            _ => self.subtree(0, size),
        }
    }

    /// The root over some leaves, as the recursive definition splits them: `from` is a multiple of the next power of two.
    fn subtree(&self, from: u64, to: u64) -> Option<Hash> {
        let count = to - from;
        if count.is_power_of_two() {
            let level = count.trailing_zeros();
            return self.levels.get(level as usize)?.get(from >> level);
        }
        let middle = from + split(count);
        Some(node_hash(&self.subtree(from, middle)?, &self.subtree(middle, to)?))
    }

    /// The proof that a leaf is in the tree of the first `size` (RFC 6962, 2.1.1); `None` when it is not.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Option<Inclusion> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut from, mut to) = (0, size);
        let mut path = Vec::new();
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.subtree(middle, to)?);
                to = middle;
            } else {
                path.push(self.subtree(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Some(Inclusion { index, path })
    }

    /// The proof that the tree of the first `old` leaves is the beginning of that of `size` (RFC 6962, 2.1.2).
    pub(crate) fn consistency(&self, old: u64, size: u64) -> Option<Consistency> {
        if old > size || size > self.size() {
            return None;
        }
        let mut path = Vec::new();
        if old > 0 {
            let (mut from, mut to, mut is_known) = (0, size, true);
            while old != to {
                let middle = from + split(to - from);
                if old <= middle {
                    path.push(self.subtree(middle, to)?);
                    to = middle;
                } else {
                    path.push(self.subtree(from, middle)?);
                    (from, is_known) = (middle, false);
                }
            }
            // The verifier has the root of the whole old tree, but not of a part of it.
            if !is_known {
                path.push(self.subtree(from, to)?);
            }
            path.reverse();
        }
        Some(Consistency { path })
    }
}

/// The largest power of two below a count of two or more.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}
