//! The Merkle tree over a chain's frame hashes (RFC 6962, section 2.1), kept as its right edge: log n hashes.

mod nodes;
mod proof;
mod text;

pub(crate) use nodes::Nodes;
pub use proof::{Consistency, Inclusion};
pub(crate) use text::lines;

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The leaf that stands for a frame whose hash is lost.
pub(crate) const LOST: Hash = [0; 32];

/// A tree to which leaves are appended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Roots of the complete subtrees, largest first: one for each bit set in `size`.
    edge: Vec<Hash>,
}

impl Tree {
    /// The tree of which size and right edge are known; `None` when they do not fit.
    pub fn from_edge(size: u64, edge: Vec<Hash>) -> Option<Self> {
        (edge.len() == size.count_ones() as usize).then_some(Self { size, edge })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, largest first.
    pub fn edge(&self) -> &[Hash] {
        &self.edge
    }

    /// Appends a frame's hash as a leaf.
    pub fn push(&mut self, leaf: &Hash) {
        self.push_entry(leaf);
    }

    /// Appends a leaf of any length.
    pub fn push_entry(&mut self, leaf: &[u8]) {
        let mut node = leaf_hash(leaf);
        // Each trailing one bit of the size is a complete subtree that the new one completes further.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.edge.pop() else { break };
            node = node_hash(&left, &node);
        }
        self.edge.push(node);
        self.size += 1;
    }

    /// The root of all leaves.
    pub fn root(&self) -> Hash {
        let mut nodes = self.edge.iter().rev();
        let Some(last) = nodes.next() else { return hash(&[]) };
        nodes.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The node over a leaf's bytes.
pub(crate) fn leaf_hash(leaf: &[u8]) -> Hash {
    hash(&[&[0], leaf])
}

/// The node over two others.
pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    to_hash(context.finish().as_ref())
}

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    to_hash(digest(&SHA256, bytes).as_ref())
}

fn to_hash(bytes: &[u8]) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::{Hash, Tree, hash};

    /// RFC 6962's recursive definition, word for word.
    pub(super) fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash(&[]),
            [leaf] => hash(&[&[0], leaf]),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                hash(&[&[1], &by_definition(&leaves[..split]), &by_definition(&leaves[split..])])
            }
        }
    }

    #[test]
    fn the_root_is_the_one_of_the_definition() {
        let leaves: Vec<Hash> = (0..70u8).map(|n| [n; 32]).collect();
        let mut tree = Tree::default();
        for count in 0..=leaves.len() {
            assert_eq!(tree.root(), by_definition(&leaves[..count]), "{count} leaves");
            let again = Tree::from_edge(tree.size(), tree.edge().to_vec());
            assert_eq!(again.as_ref(), Some(&tree));
            if let Some(leaf) = leaves.get(count) {
                tree.push(leaf);
            }
        }
    }

    #[test]
    fn an_edge_of_the_wrong_size_is_refused() {
        assert_eq!(Tree::from_edge(3, vec![[0; 32]]), None);
    }
}
