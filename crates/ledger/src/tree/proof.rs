//! Proofs about a tree, verified with nothing but roots (RFC 6962, sections 2.1.1 and 2.1.2).

use super::{Hash, leaf_hash, node_hash};

/// The longest path that a proof can have.
pub(crate) const MAX_PATH: usize = 64;

/// That a leaf is in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The leaf's index.
    pub index: u64,
    /// Hashes beside its way to the root, from the leaf up.
    pub path: Vec<Hash>,
}

impl Inclusion {
    /// Whether the leaf with these bytes is in the tree of this size and root. For a chain the bytes are a frame's hash.
    pub fn verifies(&self, leaf: &[u8], size: u64, root: &Hash) -> bool {
        if self.index >= size {
            return false;
        }
        let (mut at, mut last) = (self.index, size - 1);
        let mut node = leaf_hash(leaf);
        for beside in &self.path {
            if last == 0 {
                return false;
            }
            if at % 2 == 1 || at == last {
                node = node_hash(beside, &node);
                // At the right edge a node without a sibling goes up unchanged.
                while at % 2 == 0 && at > 0 {
                    (at, last) = (at / 2, last / 2);
                }
            } else {
                node = node_hash(&node, beside);
            }
            (at, last) = (at / 2, last / 2);
        }
        last == 0 && node == *root
    }
}

/// That a tree is the beginning of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// Hashes of the subtrees in which the two differ, from the leaves up.
    pub path: Vec<Hash>,
}

impl Consistency {
    /// Whether the tree of size `old` is the beginning of the one of `size`.
    pub fn verifies(&self, old: u64, old_root: &Hash, size: u64, root: &Hash) -> bool {
        if old == 0 || old == size {
            // Everything begins with nothing, and with itself.
            return old <= size && self.path.is_empty() && (old == 0 || old_root == root);
        }
        if old > size {
            return false;
        }
        let (mut at, mut last) = (old - 1, size - 1);
        while at % 2 == 1 {
            (at, last) = (at / 2, last / 2);
        }
        let mut path = self.path.iter();
        let mut first = *old_root;
        if at > 0 {
            let Some(node) = path.next() else { return false };
            first = *node;
        }
        let mut second = first;
        for beside in path {
            if last == 0 {
                return false;
            }
            if at % 2 == 1 || at == last {
                first = node_hash(beside, &first);
                second = node_hash(beside, &second);
                while at % 2 == 0 && at > 0 {
                    (at, last) = (at / 2, last / 2);
                }
            } else {
                second = node_hash(&second, beside);
            }
            (at, last) = (at / 2, last / 2);
        }
        last == 0 && first == *old_root && second == *root
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Nodes;
    use crate::tree::tests::by_definition;
    use proptest::prelude::*;

    fn nodes(count: u64) -> (Nodes, Vec<Hash>) {
        let leaves: Vec<Hash> = (0..count).map(|n| crate::tree::sha256(&n.to_le_bytes())).collect();
        let mut nodes = Nodes::default();
        leaves.iter().for_each(|leaf| nodes.push(leaf));
        (nodes, leaves)
    }

    /// RFC 6962's PATH(m, D[n]), word for word.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() < 2 {
            return vec![];
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        match index.checked_sub(left.len()) {
            None => [path(index, left), vec![by_definition(right)]].concat(),
            Some(index) => [path(index, right), vec![by_definition(left)]].concat(),
        }
    }

    /// RFC 6962's SUBPROOF(m, D[n], b), word for word.
    fn subproof(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if is_whole { vec![] } else { vec![by_definition(leaves)] };
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        match old.checked_sub(left.len()) {
            Some(old) if old > 0 => [subproof(old, right, false), vec![by_definition(left)]].concat(),
            _ => [subproof(old, left, is_whole), vec![by_definition(right)]].concat(),
        }
    }

    #[test]
    fn all_small_trees_are_as_defined() {
        let (nodes, leaves) = nodes(40);
        for size in 1..=40u64 {
            let tree = &leaves[..size as usize];
            let root = nodes.root(size).unwrap();
            assert_eq!(root, by_definition(tree));
            for index in 0..size {
                let proof = nodes.inclusion(index, size).unwrap();
                assert_eq!(proof.path, path(index as usize, tree));
                assert!(
                    proof.verifies(&leaves[index as usize], size, &root),
                    "{index} of {size}"
                );
            }
            for old in 1..=size {
                let proof = nodes.consistency(old, size).unwrap();
                assert_eq!(proof.path, subproof(old as usize, tree, true));
                assert!(
                    proof.verifies(old, &nodes.root(old).unwrap(), size, &root),
                    "{old} to {size}"
                );
            }
        }
        assert_eq!(nodes.root(41), None);
        assert_eq!((nodes.inclusion(3, 3), nodes.inclusion(3, 41)), (None, None));
    }

    proptest! {
        #[test]
        fn an_edge_is_enough_for_what_comes_behind_it(first in 0u64..200, more in 1u64..200, at: prop::sample::Index) {
            let (all, leaves) = nodes(first + more);
            let mut tree = crate::tree::Tree::default();
            leaves[..first as usize].iter().for_each(|leaf| tree.push(leaf));
            let mut rest = Nodes::from_tree(&tree);
            leaves[first as usize..].iter().for_each(|leaf| rest.push(leaf));
            let (index, size) = (first + at.index(more as usize) as u64, first + more);
            prop_assert_eq!(rest.size(), size);
            prop_assert_eq!(rest.root(size), all.root(size));
            prop_assert_eq!(rest.inclusion(index, size), all.inclusion(index, size));
        }

        #[test]
        fn a_proof_proves_nothing_else(size in 2u64..600, at: prop::sample::Index, old: prop::sample::Index, bit in 0..256usize) {
            let (nodes, leaves) = nodes(size);
            let root = nodes.root(size).unwrap();
            let index = at.index(size as usize) as u64;
            let proof = nodes.inclusion(index, size).unwrap();
            prop_assert_eq!(&proof.path, &path(index as usize, &leaves));
            let leaf = &leaves[index as usize];
            prop_assert!(proof.verifies(leaf, size, &root));
            for other in 0..size {
                let moved = Inclusion { index: other, path: proof.path.clone() };
                prop_assert_eq!(moved.verifies(leaf, size, &root), other == index);
            }
            prop_assert!(!proof.verifies(&leaves[(index as usize + 1) % leaves.len()], size, &root));
            for hash in 0..proof.path.len() {
                let mut changed = proof.clone();
                changed.path[hash][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!changed.verifies(leaf, size, &root));
                changed.path.remove(hash);
                prop_assert!(!changed.verifies(leaf, size, &root));
            }
            let old = old.index(size as usize - 1) as u64 + 1;
            let old_root = nodes.root(old).unwrap();
            let proof = nodes.consistency(old, size).unwrap();
            prop_assert_eq!(&proof.path, &subproof(old as usize, &leaves, true));
            prop_assert!(proof.verifies(old, &old_root, size, &root));
            for hash in 0..proof.path.len() {
                let mut changed = proof.clone();
                changed.path[hash][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!changed.verifies(old, &old_root, size, &root));
                changed.path.remove(hash);
                prop_assert!(!changed.verifies(old, &old_root, size, &root));
            }
            prop_assert!(!proof.verifies(old, &nodes.root(old - 1).unwrap(), size, &root));
        }

        #[test]
        fn any_path_is_refused_or_read(path: Vec<[u8; 32]>, index: u64, size: u64, old: u64) {
            let inclusion = Inclusion { index, path: path.clone() };
            prop_assert!(!inclusion.verifies(b"x", size, &[7; 32]), "included");
            let is_trivial = old == 0 || old == size;
            let consistency = Consistency { path };
            prop_assert!(is_trivial || !consistency.verifies(old, &[1; 32], size, &[7; 32]), "consistent");
        }
    }
}
