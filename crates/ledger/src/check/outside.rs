//! Checkpoints that were kept elsewhere: what a machine's owner cannot take back.

use super::finding::{Finding, Memory, Place, Remark, Remarkable, Wrong};
use super::heads::Heads;
use super::{Known, Report};
use crate::ChainId;
use crate::key::PublicKey;
use crate::note::{self, Head};
use crate::trail::{self, chain_of};

/// A signed checkpoint that was kept elsewhere: of a chain, or of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    note: String,
    head: Head,
}

impl Outside {
    /// Reads all notes in a text, as a witness's file has them one behind the other. `Err` says in which line it stops
    /// being that.
    pub fn read(text: &str) -> Result<Vec<Self>, usize> {
        let mut found = Vec::new();
        let (mut lines, mut at) = (text.split_inclusive('\n').enumerate().peekable(), 0);
        while lines.peek().is_some() {
            let begun = at;
            // The text up to the empty line, that line, and the signatures.
            let mut is_signed = false;
            while let Some((_, line)) = lines.next_if(|(_, line)| !is_signed || line.starts_with('\u{2014}')) {
                at += line.len();
                is_signed |= line.starts_with('\u{2014}');
            }
            let note = &text[begun..at];
            if note.trim().is_empty() {
                continue;
            }
            let line = 1 + text[..begun].matches('\n').count();
            let (body, signatures) = note::split(note).ok_or(line)?;
            let head = Head::read(body)
                .filter(|_| signatures.starts_with('\u{2014}'))
                .ok_or(line)?;
            let note = note.to_owned();
            found.push(Self { note, head });
        }
        Ok(found)
    }

    /// What it says.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The whole signed note.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The chain it is of.
    pub fn chain(&self) -> Option<ChainId> {
        chain_of(self.head.origin.strip_prefix("sitelog/")?)
    }

    fn is_signed(&self, key: &PublicKey) -> bool {
        Head::open(&self.note, key).is_some()
    }
}

/// What is known of a chain: its entered head, and what was kept elsewhere.
pub(super) fn known(chain: &ChainId, heads: &Heads, outside: &[Outside], key: &PublicKey) -> Vec<Known> {
    let sealed = heads.chains.get(chain).and_then(|heads| heads.sealed);
    let sealed = sealed.map(|sealed| Known {
        size: sealed.size,
        root: sealed.root,
        memory: Memory::Trail,
    });
    let of_chain = outside
        .iter()
        .filter(|outside| outside.chain().as_ref() == Some(chain) && outside.is_signed(key));
    let outside = of_chain.map(|outside| Known {
        size: outside.head.size,
        root: outside.head.root,
        memory: Memory::Outside,
    });
    sealed.into_iter().chain(outside).collect()
}

/// Compares the trail with what was kept elsewhere, and says which of that is not ours.
pub(super) fn compare(heads: &Heads, outside: &[Outside], key: &PublicKey, chains: &[ChainId], report: &mut Report) {
    let origin = trail::origin(key);
    for outside in outside {
        let Head { origin: of, size, root } = &outside.head;
        if !outside.is_signed(key) {
            report.installation(Wrong::OutsideSignature { origin: of.clone() });
        } else if *of != origin {
            if outside.chain().is_none_or(|chain| !chains.contains(&chain)) {
                let (place, origin) = (Place::default(), of.clone());
                let what = Remarkable::OutsideUnused { origin };
                report.remarks.push(Remark { place, what });
            }
        } else {
            let (found, known) = (heads.nodes.size(), *size);
            let wrong = match heads.nodes.root(known) {
                None => Wrong::TrailCutOff { found, known },
                Some(own) if own != *root => Wrong::TrailReplaced,
                Some(_) => continue,
            };
            let place = Place {
                frame: Some(known.min(found)),
                ..Place::default()
            };
            report.findings.push(Finding { place, wrong });
        }
    }
}
