//! The plan as it is shown: a headline for each resource, and a block of what changes, of which only names are read.

use super::super::address::Address;
use super::super::course::{Course, Planned};
use super::super::word::Word;
use super::hook::deposed;
use crate::Fact;

/// How many names of one block are kept.
const MOST_NAMES: usize = 200;

/// What headlines say, and the engine's word for why where the sentence says it.
const HEADLINES: [(&str, Word, Option<&str>); 12] = [
    (" will be created", Word::Create, None),
    (" will be read during apply", Word::Read, None),
    (" will be updated in-place", Word::Update, None),
    (" is tainted, so must be replaced", Word::Replace, Some("tainted")),
    (" is tainted, so it must be replaced", Word::Replace, Some("tainted")),
    (" will be replaced, as requested", Word::Replace, Some("requested")),
    (
        " will be replaced due to changes in replace_triggered_by",
        Word::Replace,
        Some("replace_triggered_by"),
    ),
    (" must be replaced", Word::Replace, None),
    (" will be destroyed", Word::Delete, None),
    (" will be imported", Word::Import, None),
    (" will no longer be managed by ", Word::Forget, None),
    (" will be removed from ", Word::Forget, None),
];

/// A resource's part of the plan, while it is read.
#[derive(Debug)]
pub(super) struct Block {
    address: String,
    deposed: Option<String>,
    word: Word,
    reason: Option<String>,
    importing: bool,
    previous: Option<String>,
    diff: Vec<String>,
}

/// What a line that begins with a number sign is.
#[derive(Debug)]
pub(super) enum Headline<'a> {
    /// A resource's part begins.
    Planned(Block),
    /// A resource was found changed.
    Drifted(Address<'a>, Word),
}

impl<'a> Headline<'a> {
    /// Reads `  # ADDRESS will be created`; `drift` is whether changes outside are being listed.
    pub(crate) fn of(line: &'a str, drift: bool) -> Option<Self> {
        let headline = line.strip_prefix("  # ").or_else(|| line.strip_prefix(" # "))?;
        let (address, rest) = Address::first(headline)?;
        let (deposed, rest) = deposed(rest);
        if let Some(new) = rest.strip_prefix(" has moved to ") {
            let new = Address::all(new)?;
            if drift {
                return Some(Self::Drifted(new, Word::Move));
            }
            let mut block = Block::of(new.whole, None, Word::Move, None);
            block.previous = Some(address.whole.to_owned());
            return Some(Self::Planned(block));
        }
        match rest {
            " has changed" => return Some(Self::Drifted(address, Word::Update)),
            " has been deleted" => return Some(Self::Drifted(address, Word::Delete)),
            _ => {}
        }
        let (_, word, reason) = HEADLINES.iter().find(|(sentence, ..)| rest.starts_with(sentence))?;
        Some(Self::Planned(Block::of(address.whole, deposed, word.clone(), *reason)))
    }
}

impl Block {
    fn of(address: &str, deposed: Option<&str>, word: Word, reason: Option<&str>) -> Self {
        Self {
            address: address.to_owned(),
            deposed: deposed.map(str::to_owned),
            word,
            reason: reason.map(str::to_owned),
            importing: false,
            previous: None,
            diff: Vec::new(),
        }
    }

    /// Reads a line of it; says whether it is the last.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        if let Some(remark) = line
            .trim_start()
            .strip_prefix("# (")
            .and_then(|rest| rest.strip_suffix(')'))
        {
            if line.starts_with("  # ") {
                self.remark(remark);
            }
        } else if let Some(name) = changed(line) {
            let names = matches!(self.word, Word::Update | Word::Replace);
            if names && self.diff.len() < MOST_NAMES && self.diff.iter().all(|known| known != name) {
                self.diff.push(name.to_owned());
            }
        }
        line == "    }"
    }

    fn remark(&mut self, remark: &str) {
        if remark.starts_with("imported from ") || remark == "will be imported first" {
            self.importing = true;
        } else if let Some(previous) = remark.strip_prefix("moved from ") {
            self.previous = Some(previous.to_owned());
        } else if remark.starts_with("because ") && self.reason.is_none() {
            self.reason = Some(remark.to_owned());
        }
    }

    /// It was read to its end.
    pub(crate) fn facts(self, course: &mut Course, out: &mut Vec<Fact>) {
        let planned = Planned {
            address: Address::or_name(&self.address),
            deposed: self.deposed.as_deref(),
            word: self.word,
            reason: self.reason.as_deref(),
            importing: self.importing,
            previous: self.previous.as_deref(),
            diff: self.diff,
        };
        course.planned(planned, None, out);
    }
}

/// The name in a line of the block's first level that changes: six spaces, a sign, a name, `=` or `{`.
fn changed(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("      ")?;
    let rest = ["~ ", "+ ", "- "].iter().find_map(|sign| rest.strip_prefix(sign))?;
    let (name, rest) = rest.split_once(' ')?;
    let rest = rest.trim_start();
    let named = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    (named && (rest.starts_with('=') || rest.starts_with('{'))).then_some(name)
}
