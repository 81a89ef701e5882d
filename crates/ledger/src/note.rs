//! Signed notes (<https://c2sp.org/signed-note>) with a tlog-checkpoint (<https://c2sp.org/tlog-checkpoint>) in them.

use crate::key::{PublicKey, SigningKey};
use crate::tree::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// What each checkpoint says, whatever log it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log's name: `sitelog/<tenant>/<chain>`, or `sitelog/trail/<installation>`.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the RFC 6962 tree over them.
    pub root: Hash,
}

impl Head {
    /// The first three lines of a checkpoint.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, to_base64(&self.root))
    }

    /// Reads the first three lines of a checkpoint's text, without looking at signatures.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let origin = lines.next().filter(|origin| !origin.is_empty())?.to_owned();
        let (size, root) = (lines.next()?, lines.next()?);
        Some(Self {
            origin,
            size: number(size)?,
            root: hash_of(root)?,
        })
    }

    /// Reads a note whose signature by `key` is good; `None` otherwise. Signatures of others are ignored.
    pub fn open(note: &str, key: &PublicKey) -> Option<Self> {
        let (text, signatures) = split(note)?;
        let head = Self::read(text)?;
        is_signed(text, signatures, &head.origin, key).then_some(head)
    }
}

/// A note: the text, an empty line, and the signature line.
pub(crate) fn sign(text: &str, name: &str, key: &SigningKey) -> String {
    let mut signature = key.public().id(name).to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()));
    format!("{text}\n\u{2014} {name} {}\n", to_base64(&signature))
}

/// A note's text, with its last line break, and its signature lines.
pub(crate) fn split(note: &str) -> Option<(&str, &str)> {
    let at = note.rfind("\n\n")? + 1;
    Some((&note[..at], &note[at + 1..]))
}

/// The signatures made under a name, each with the 4 bytes of the key's id in front.
pub(crate) fn signatures_by<'a>(signatures: &'a str, name: &'a str) -> impl Iterator<Item = Vec<u8>> + 'a {
    signatures.lines().filter_map(move |line| {
        let (by, signature) = line.strip_prefix("\u{2014} ")?.rsplit_once(' ')?;
        BASE64
            .decode(signature)
            .ok()
            .filter(|bytes| by == name && bytes.len() > 4)
    })
}

/// Whether one of the signatures is the key's.
pub(crate) fn is_signed(text: &str, signatures: &str, name: &str, key: &PublicKey) -> bool {
    signatures_by(signatures, name).any(|bytes| {
        let (id, signature) = bytes.split_at(4);
        id == key.id(name) && key.verifies(text.as_bytes(), signature)
    })
}

/// A decimal number in its one spelling.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// A hash in base64.
pub(crate) fn hash_of(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_change_to_a_note_is_seen() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let head = Head {
            origin: "sitelog/trail/0123".to_owned(),
            size: 20,
            root: [9; 32],
        };
        let note = sign(&head.text(), &head.origin, &key);
        assert_eq!(Head::open(&note, key.public()), Some(head));
        assert_eq!(Head::open(&note, other.public()), None);
        // The last line break is the only byte that carries nothing.
        for at in 0..note.len() - 1 {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let opened = std::str::from_utf8(&bytes)
                .ok()
                .and_then(|note| Head::open(note, key.public()));
            assert_eq!(opened, None, "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read(text: String, signatures: String) {
            let key = SigningKey::generate().unwrap();
            prop_assert_eq!(Head::open(&text, key.public()), None);
            prop_assert_eq!(Head::open(&format!("a\n1\n{}\n\n{signatures}", to_base64(&[0; 32])), key.public()), None);
        }
    }
}
