//! Proofs as text (<https://c2sp.org/tlog-proof>): one hash a line.

use super::proof::MAX_PATH;
use super::{Hash, Inclusion};
use crate::note::{hash_of, number, to_base64};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Hashes as lines of base64.
pub(crate) fn lines(path: &[Hash]) -> String {
    path.iter().map(|hash| to_base64(hash) + "\n").collect()
}

impl Inclusion {
    /// The proof with the signed checkpoint of the tree it is about.
    pub fn to_text(&self, note: &str) -> String {
        format!("{FIRST_LINE}\nindex {}\n{}\n{note}", self.index, lines(&self.path))
    }

    /// Reads a proof and the note behind it; extra data, which is not signed, is passed over.
    pub fn read(text: &str) -> Option<(Self, &str)> {
        let (proof, note) = text.split_once("\n\n")?;
        let mut lines = proof.lines().peekable();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = number(lines.next()?.strip_prefix("index ")?)?;
        let path: Option<Vec<Hash>> = lines.map(hash_of).collect();
        let path = path.filter(|path| path.len() <= MAX_PATH)?;
        Some((Self { index, path }, note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_proof_comes_back(index: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..64), note in "[a-z]{1,9}\n1\nx\n\n.{1,9}\n") {
            let proof = Inclusion { index, path };
            let text = proof.to_text(&note);
            prop_assert_eq!(Inclusion::read(&text), Some((proof, note.as_str())));
        }

        #[test]
        fn any_text_is_refused_or_read(text: String, lines in "(c2sp.org/tlog-proof@v1\n|index [0-9]{1,3}\n|extra a\n|\n|[a-zA-Z0-9+/=]{44}\n){0,9}") {
            let _ = (Inclusion::read(&text), Inclusion::read(&lines));
        }
    }
}
