//! The beginning of a segment's file: which chain, which frame comes first, and the state it builds on.

use crate::ChainId;
use crate::frame::{u32_at, u64_at};
use crate::tree::{Hash, Tree, sha256};

const MAGIC: [u8; 4] = [0xf5, b'S', b'L', b'S'];
const VERSION: u8 = 1;
/// Bytes before the tree's edge.
const FIXED: usize = 64;
/// Bytes of the longest header: an edge has at most 64 hashes.
pub(crate) const MAX: usize = FIXED + 64 * 32 + 4;

/// What a segment says about itself. With it, a chain whose first segments are erased can still be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The tree before the segment's first frame; its size is that frame's index.
    pub tree: Tree,
    /// Hash of the frame before the first.
    pub previous: Hash,
}

impl SegmentHeader {
    /// The header of a chain's first segment.
    pub(crate) fn first(chain: &ChainId) -> Self {
        let ChainId { tenant, id } = chain;
        Self {
            tree: Tree::default(),
            previous: sha256(format!("sitelog chain v1\n{tenant}\n{id}\n").as_bytes()),
        }
    }

    /// The header as stored.
    pub(crate) fn encode(&self, chain: &ChainId) -> Vec<u8> {
        let edge = self.tree.edge();
        let mut bytes = Vec::with_capacity(FIXED + edge.len() * 32 + 4);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, edge.len() as u8, 0, 0]);
        bytes.extend_from_slice(&self.tree.size().to_le_bytes());
        bytes.extend_from_slice(&chain.id.to_bytes());
        bytes.extend_from_slice(&self.previous);
        edge.iter().for_each(|hash| bytes.extend_from_slice(hash));
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a header and says how long it is; `None` when it is damaged, cut off or another chain's.
    pub(crate) fn parse(bytes: &[u8], chain: &ChainId) -> Option<(Self, usize)> {
        let known = bytes.get(..4)? == MAGIC && bytes.get(4)? == &VERSION && bytes.get(6..8)? == [0, 0];
        let crc_at = FIXED + usize::from(*bytes.get(5)?) * 32;
        let covered = bytes.get(..crc_at)?;
        let sound = bytes.len() >= crc_at + 4 && crc32c::crc32c(covered) == u32_at(bytes, crc_at);
        if !known || !sound || covered.get(16..32)? != chain.id.to_bytes() {
            return None;
        }
        let edge = covered.get(FIXED..)?.as_chunks::<32>().0.to_vec();
        let tree = Tree::from_edge(u64_at(bytes, 8), edge)?;
        let previous = *covered.get(32..FIXED)?.first_chunk()?;
        Some((Self { tree, previous }, crc_at + 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sitelog_model::{TenantId, Ulid};

    fn chain() -> ChainId {
        ChainId {
            tenant: TenantId::default(),
            id: Ulid::from_parts(7, 9),
        }
    }

    proptest! {
        #[test]
        fn a_header_comes_back_and_any_flip_is_seen(size in 0u64..1000, at: prop::sample::Index, bit in 0..8) {
            let mut tree = Tree::default();
            (0..size).for_each(|n| tree.push(&[n as u8; 32]));
            let header = SegmentHeader { tree, previous: [3; 32] };
            let mut bytes = header.encode(&chain());
            prop_assert_eq!(SegmentHeader::parse(&bytes, &chain()), Some((header, bytes.len())));
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            prop_assert_eq!(SegmentHeader::parse(&bytes, &chain()), None);
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
            let _ = SegmentHeader::parse(&bytes, &chain());
        }
    }
}
