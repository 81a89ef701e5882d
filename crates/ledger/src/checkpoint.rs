//! Signed checkpoints: a C2SP tlog-checkpoint (<https://c2sp.org/tlog-checkpoint>) in a signed note (<https://c2sp.org/signed-note>).

use crate::ChainId;
use crate::key::{PublicKey, SigningKey};
use crate::note;
use crate::tree::Hash;
use std::ops::Range;

/// What the installation's key has signed about a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// First line of the note, `sitelog/<tenant>/<chain>`; also the name of the key in the signature line.
    pub origin: String,
    /// Number of frames before the checkpoint.
    pub size: u64,
    /// Root of the tree over their hashes.
    pub root: Hash,
    /// Times of the segment's first and last frame, Unix nanoseconds.
    pub times: Range<u64>,
    /// Number of frames in the segment before the checkpoint.
    pub count: u64,
    /// Whether it ends the chain.
    pub end: bool,
}

/// The origin line of a chain.
pub(crate) fn origin(chain: &ChainId) -> String {
    format!("sitelog/{chain}")
}

impl Checkpoint {
    fn text(&self) -> String {
        let Self {
            origin,
            size,
            root,
            times,
            count,
            end,
        } = self;
        let state = if *end { "sealed" } else { "open" };
        let root = note::to_base64(root);
        format!(
            "{origin}\n{size}\n{root}\ntime {} {}\nframes {count}\n{state}\n",
            times.start, times.end
        )
    }

    /// The signed note.
    pub fn sign(&self, key: &SigningKey) -> String {
        note::sign(&self.text(), &self.origin, key)
    }

    /// Reads a note whose signature by `key` is good; `None` otherwise. Signatures of others are ignored.
    pub fn open(note: &[u8], key: &PublicKey) -> Option<Self> {
        let (text, signatures) = note::split(std::str::from_utf8(note).ok()?)?;
        let checkpoint = Self::read(text)?;
        note::is_signed(text, signatures, &checkpoint.origin, key).then_some(checkpoint)
    }

    /// Reads a note's text without looking at signatures.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let origin = lines.next()?.to_owned();
        let size = lines.next()?.parse().ok()?;
        let root = note::hash_of(lines.next()?)?;
        let (from, to) = lines.next()?.strip_prefix("time ")?.split_once(' ')?;
        let times = from.parse().ok()?..to.parse().ok()?;
        let count = lines.next()?.strip_prefix("frames ")?.parse().ok()?;
        let end = match lines.next()? {
            "sealed" => true,
            "open" => false,
            _ => return None,
        };
        Some(Self {
            origin,
            size,
            root,
            times,
            count,
            end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Checkpoint;
    use crate::key::SigningKey;

    #[test]
    fn a_note_opens_with_its_key_alone_and_unchanged() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let origin = "sitelog/default/00000000000000000000000000".to_owned();
        let checkpoint = Checkpoint {
            origin,
            size: 12,
            root: [5; 32],
            times: 3..9,
            count: 11,
            end: true,
        };
        let note = checkpoint.sign(&key);
        assert_eq!(Checkpoint::open(note.as_bytes(), key.public()), Some(checkpoint));
        assert_eq!(Checkpoint::open(note.as_bytes(), other.public()), None);
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            // The line break at the very end is the only byte that carries nothing.
            let opened = Checkpoint::open(&bytes, key.public());
            assert!(opened.is_none() || at == note.len() - 1, "byte {at}");
        }
    }
}
