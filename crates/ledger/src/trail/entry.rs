//! An entry of the trail: one line of text.

use crate::ChainId;
use crate::note::{hash_of, number, to_base64};
use crate::tree::Hash;
use sitelog_model::{TenantId, Ulid};
use std::fmt;

/// One entry. Its line, without the line break, is the leaf of the trail's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A chain's first frames are durable.
    Begun {
        /// The chain.
        chain: ChainId,
        /// Hash of its first frame.
        first: Hash,
    },
    /// A chain has ended, durably.
    Sealed {
        /// The chain.
        chain: ChainId,
        /// Number of frames before the last one, the checkpoint that ends the chain.
        size: u64,
        /// Root over their hashes.
        root: Hash,
        /// Hash of the last frame.
        last: Hash,
    },
    /// Retention erases, or has erased, the beginning of a chain.
    Erased {
        /// The chain.
        chain: ChainId,
        /// Frames below this index may be gone.
        upto: u64,
    },
}

impl Entry {
    /// Whose news it is.
    pub fn chain(&self) -> &ChainId {
        match self {
            Self::Begun { chain, .. } | Self::Sealed { chain, .. } | Self::Erased { chain, .. } => chain,
        }
    }

    /// Reads a line; `None` when it is not one that [`Entry`]'s `Display` writes.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (kind, chain) = (words.next()?, chain_of(words.next()?)?);
        let entry = match kind {
            "begun" => Self::Begun {
                chain,
                first: hash_of(words.next()?)?,
            },
            "sealed" => Self::Sealed {
                chain,
                size: number(words.next()?)?,
                root: hash_of(words.next()?)?,
                last: hash_of(words.next()?)?,
            },
            "erased" => Self::Erased {
                chain,
                upto: number(words.next()?)?,
            },
            _ => return None,
        };
        words.next().is_none().then_some(entry)
    }
}

/// A chain as its `Display` writes it.
pub(crate) fn chain_of(text: &str) -> Option<ChainId> {
    let (tenant, id) = text.split_once('/')?;
    let chain = ChainId {
        tenant: TenantId::new(tenant).ok()?,
        id: Ulid::from_string(id).ok()?,
    };
    // Only the canonical spelling: the parser would take lower case, too.
    (chain.to_string() == text).then_some(chain)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun { chain, first } => write!(f, "begun {chain} {}", to_base64(first)),
            Self::Sealed {
                chain,
                size,
                root,
                last,
            } => write!(f, "sealed {chain} {size} {} {}", to_base64(root), to_base64(last)),
            Self::Erased { chain, upto } => write!(f, "erased {chain} {upto}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        (
            0..3u8,
            "[a-zA-Z0-9_-]{1,64}",
            any::<u128>(),
            any::<u64>(),
            any::<[u8; 32]>(),
            any::<[u8; 32]>(),
        )
            .prop_map(|(kind, tenant, id, size, root, last)| {
                let id = Ulid::from_bytes(id.to_be_bytes());
                let tenant = TenantId::new(tenant).unwrap();
                let chain = ChainId { tenant, id };
                match kind {
                    0 => Entry::Begun { chain, first: root },
                    1 => Entry::Sealed {
                        chain,
                        size,
                        root,
                        last,
                    },
                    _ => Entry::Erased { chain, upto: size },
                }
            })
    }

    proptest! {
        #[test]
        fn an_entry_has_one_spelling(entry in entry(), at: prop::sample::Index, byte: u8) {
            let line = entry.to_string();
            prop_assert_eq!(Entry::parse(&line), Some(entry.clone()));
            let mut bytes = line.clone().into_bytes();
            bytes[at.index(line.len())] = byte;
            let changed = String::from_utf8_lossy(&bytes);
            prop_assert!(changed == line || Entry::parse(&changed) != Some(entry));
        }

        #[test]
        fn any_line_is_refused_or_comes_back(line: String) {
            if let Some(entry) = Entry::parse(&line) {
                prop_assert_eq!(entry.to_string(), line);
            }
        }
    }
}
