//! The rules, one table per family: what each finds, why, and examples that it must and must not hit.

pub(crate) mod beside;
mod blocks;
mod commands;
pub(crate) mod compiled;
mod element;
mod families;
mod flag;
mod headers;
mod infrastructure;
mod key_value;
mod people;
mod site;
mod tokens;
mod urls;
mod user;
mod value;

pub use families::all;
pub(crate) use families::{INFRASTRUCTURE, SENSITIVE_KEY};
pub use user::{BadRule, Culprit};

use crate::chars::Set;
use crate::found::Found;
use crate::view::{More, View};
use std::ops::Range;

/// A matcher: called for an anchor that stands at a range of the view.
pub(crate) type Check = fn(&View<'_>, Range<usize>, &Context<'_>, &mut Found) -> Result<(), More>;

/// What a matcher may ask about.
pub(crate) struct Context<'a> {
    /// The sensitive keys.
    pub(crate) keys: &'a crate::keys::Keys,
}

/// One thing that is looked for.
#[derive(Debug)]
pub struct Rule {
    /// Its id, by which it is turned off and named in explanations.
    pub id: &'static str,
    /// The rule of the contract (`RULES.md`) that it serves.
    pub contract: &'static str,
    /// Why it is there.
    pub why: &'static str,
    /// How it finds what it hides.
    pub find: Find,
    /// Texts that it hits, each with what is left.
    pub hits: &'static [(&'static str, &'static str)],
    /// Texts that look like a hit and are none.
    pub misses: &'static [&'static str],
}

/// How a rule finds what it hides.
#[derive(Debug)]
pub enum Find {
    /// The values that were declared.
    Declared,
    /// A token: a literal, then runs of characters. All of it is hidden.
    Token(&'static [Part]),
    /// A matcher, called wherever one of these words stands, in upper or lower case.
    Near(&'static [&'static str], Matcher),
    /// A matcher, called wherever this byte stands.
    At(u8, Matcher),
}

/// A matcher that is code.
#[derive(Clone, Copy)]
pub struct Matcher(pub(crate) Check);

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Matcher")
    }
}

/// A part of a token.
#[derive(Debug)]
pub enum Part {
    /// These characters.
    Lit(&'static str),
    /// Between `min` and `max` characters of a set.
    Run(&'static Set, usize, usize),
}
