//! What a killed process or a power loss leaves at the trail's end, told apart from what somebody changed.

use super::Entry;
use crate::note::{hash_of, number};

/// Characters of a signature in base64: 4 bytes of key id and 64 of Ed25519.
const SIGNATURE: usize = 92;

/// Whether bytes behind the last whole batch are the beginning of one, perhaps with zeros where the rest was to be.
pub(crate) fn may_be_torn(rest: &[u8], origin: &str) -> bool {
    let end = rest.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let has_zeros = end < rest.len();
    let mut lines = rest[..end].split(|byte| *byte == b'\n').peekable();
    let mut expected = Line::Entry;
    while let Some(line) = lines.next() {
        let is_cut = lines.peek().is_none();
        if is_cut {
            // Zeros may have taken the place of its end; nothing else can.
            return has_zeros || line.len() < expected.longest(origin);
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return false;
        };
        let Some(next) = expected.next(line, origin) else {
            return false;
        };
        expected = next;
    }
    true
}

#[derive(Clone, Copy)]
enum Line {
    Entry,
    Origin,
    Size,
    Root,
    Nothing,
    Signature,
}

impl Line {
    /// What comes after a whole line; `None` when it is not the expected one.
    fn next(self, line: &str, origin: &str) -> Option<Self> {
        match self {
            Self::Entry if Entry::parse(line).is_some() => Some(Self::Entry),
            Self::Entry => {
                let mut hashes = line.strip_prefix("edge ")?.split(' ');
                hashes.all(|hash| hash_of(hash).is_some()).then_some(Self::Origin)
            }
            Self::Origin => (line == origin).then_some(Self::Size),
            Self::Size => number(line).map(|_| Self::Root),
            Self::Root => hash_of(line).map(|_| Self::Nothing),
            Self::Nothing => line.is_empty().then_some(Self::Signature),
            Self::Signature => None,
        }
    }

    /// A cut line is shorter than this.
    fn longest(self, origin: &str) -> usize {
        match self {
            // An edge has at most 64 hashes.
            Self::Entry => 5 + 64 * 45,
            Self::Origin => origin.len() + 1,
            Self::Size => 21,
            Self::Root => 45,
            Self::Nothing => 1,
            Self::Signature => "\u{2014} ".len() + origin.len() + 1 + SIGNATURE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChainId;
    use crate::key::SigningKey;
    use crate::note::{self, Head};
    use proptest::prelude::*;
    use sitelog_model::{TenantId, Ulid};

    /// A batch of one entry.
    fn batch() -> (String, String) {
        let chain = ChainId {
            tenant: TenantId::default(),
            id: Ulid::from_parts(7, 9),
        };
        let (key, root) = (SigningKey::generate().unwrap(), [1; 32]);
        let origin = crate::trail::origin(key.public());
        let head = Head {
            origin: origin.clone(),
            size: 1,
            root,
        };
        let entry = Entry::Erased { chain, upto: 3 };
        let edge = note::to_base64(&root);
        (
            format!("{entry}\nedge {edge}\n{}", note::sign(&head.text(), &origin, &key)),
            origin,
        )
    }

    #[test]
    fn each_beginning_may_be_torn_and_a_changed_byte_may_not() {
        let (batch, origin) = batch();
        for len in 0..batch.len() - 1 {
            let mut rest = batch.as_bytes()[..len].to_vec();
            assert!(may_be_torn(&rest, &origin), "{len} bytes");
            rest.resize(batch.len(), 0);
            assert!(may_be_torn(&rest, &origin), "{len} bytes and zeros");
        }
        // Without its last line break a batch is not whole.
        let mut rest = batch.into_bytes();
        *rest.last_mut().unwrap() = b'x';
        assert!(!may_be_torn(&rest, &origin));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(rest: Vec<u8>) {
            let _ = may_be_torn(&rest, "sitelog/trail/0");
        }
    }
}
