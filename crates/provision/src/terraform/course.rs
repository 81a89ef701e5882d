//! The course of each resource, from what is told of it: what was planned, what runs, what is done.
//!
//! Both readers, of messages and of text, tell it the same few things; the facts come from here, so that they agree.

mod settle;
mod steps;

use super::address::Address;
use super::word::Word;
use crate::{Diagnostic, Fact, Level, What};
use std::collections::HashMap;

/// How many addresses are remembered, and how many bytes of them. Past that, resources are told as they come, without
/// what was known of them: a replacement is then a deletion and a creation.
const MOST_ADDRESSES: usize = 250_000;
const MOST_BYTES: usize = 64 << 20;

/// What is remembered of the resources of one operation.
#[derive(Debug, Default)]
pub(super) struct Course {
    known: HashMap<Box<str>, Known>,
    bytes: usize,
    /// Planned things that no message of their own reports, in their order.
    quiet: Vec<(Box<str>, Word)>,
    /// How many imports were told.
    imports_told: u64,
    /// Addresses that are being refreshed, where nothing says when that ends.
    refreshing: Vec<Box<str>>,
}

/// What is known of one address.
#[derive(Debug, Default)]
struct Known {
    /// Announced as replaced.
    replace: bool,
    /// Announced to be taken over, and not told yet that it is.
    importing: bool,
    /// What is announced, where it is something else.
    planned: Option<Word>,
    /// What runs; a leftover object of an address can go while the address itself changes.
    running: Vec<Running>,
    /// Halves of a replacement that are done.
    created: bool,
    deleted: bool,
    /// A provisioner was started on it, and failed where that is said.
    provisioned: bool,
    provisioner_failed: bool,
    /// It was told as failed.
    failed: bool,
    /// Keys that change, where the plan says it.
    diff: Vec<String>,
}

/// One thing that runs.
#[derive(Debug)]
struct Running {
    word: Word,
    /// The key of a deposed object: the one a replacement left behind.
    deposed: Option<Box<str>>,
}

/// A change that the plan announces.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub(crate) address: Address<'a>,
    /// The key of the deposed object that it is about, where that is said.
    pub(crate) deposed: Option<&'a str>,
    pub(crate) word: Word,
    /// The engine's word or sentence for why.
    pub(crate) reason: Option<&'a str>,
    /// Whether it is taken over first.
    pub(crate) importing: bool,
    /// What it was called before.
    pub(crate) previous: Option<&'a str>,
    /// Keys that change.
    pub(crate) diff: Vec<String>,
}

impl Course {
    /// Remembers an address, if there is room.
    fn know(&mut self, address: &str) -> Option<&mut Known> {
        if !self.known.contains_key(address) {
            if self.known.len() >= MOST_ADDRESSES || self.bytes + address.len() > MOST_BYTES {
                return None;
            }
            self.bytes += address.len();
            self.known.insert(address.into(), Known::default());
        }
        self.known.get_mut(address)
    }

    /// Whether something runs on an address.
    pub(crate) fn runs(&self, address: &str) -> bool {
        self.known.get(address).is_some_and(|known| !known.running.is_empty())
    }

    /// Whether this is what runs on an address.
    pub(crate) fn runs_so(&self, address: &str, word: &Word) -> bool {
        self.known
            .get(address)
            .is_some_and(|known| known.running.iter().any(|running| running.word == *word))
    }

    /// A provisioner begins.
    pub(crate) fn provisioning(&mut self, address: &str) {
        if let Some(known) = self.know(address) {
            known.provisioned = true;
        }
    }

    /// A provisioner failed.
    pub(crate) fn provisioner_failed(&mut self, address: &str) {
        if let Some(known) = self.know(address) {
            known.provisioned = true;
            known.provisioner_failed = true;
        }
    }

    /// A resource is not as the state has it: changed or gone outside.
    pub(crate) fn drifted(&mut self, address: &Address<'_>, word: &Word, time: Option<u64>, out: &mut Vec<Fact>) {
        let said = match word {
            Word::Delete => "deleted outside",
            Word::Move => "moved",
            _ => "changed outside",
        };
        let diagnostic = Diagnostic {
            level: Level::Notice,
            message: format!("drift detected: {said}"),
            address: Some(address.whole.to_owned()),
            ephemeral: false,
        };
        out.push(fact(What::Diagnostic(diagnostic), time));
    }
}

/// A fact without a number: these engines have none.
pub(super) fn fact(what: What, time: Option<u64>) -> Fact {
    Fact {
        what,
        time,
        sequence: None,
    }
}

/// A line that a provisioner wrote.
pub(super) fn provisioner_said(address: &str, line: &str, time: Option<u64>) -> Fact {
    let diagnostic = Diagnostic {
        level: Level::Info,
        message: line.to_owned(),
        address: Some(address.to_owned()),
        ephemeral: true,
    };
    fact(What::Diagnostic(diagnostic), time)
}
