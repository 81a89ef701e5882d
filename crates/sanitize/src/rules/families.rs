//! All rules, family by family. Declared values and the rules that need a value's structure have no table of their own.

use super::{Context, Find, Matcher, Rule, blocks, commands, headers, infrastructure, key_value, people, tokens, urls};
use crate::found::Found;
use crate::view::{More, View};
use std::ops::Range;

static DECLARED: &[Rule] = &[Rule {
    id: "declared",
    contract: "R1",
    why: "a value that somebody called a secret",
    find: Find::Declared,
    hits: &[],
    misses: &[],
}];

static STRUCTURE: &[Rule] = &[
    Rule {
        id: "sensitive-key",
        contract: "R6",
        why: "a value under a key that is called password, token or the like is one",
        find: Find::Near(&["curl"], Matcher(nothing)),
        hits: &[],
        misses: &[],
    },
    Rule {
        id: "infrastructure-secret",
        contract: "R18",
        why: "Terraform and Pulumi mark what is a secret",
        find: Find::Near(infrastructure::WORDS, Matcher(infrastructure::mark)),
        hits: infrastructure::HITS,
        misses: infrastructure::MISSES,
    },
];

/// What these rules look for shows in the structure of a value only; their words say that it is worth a look.
fn nothing(_: &View<'_>, _: Range<usize>, _: &Context<'_>, _: &mut Found) -> Result<(), More> {
    Ok(())
}

/// The place of `sensitive-key` in the list.
pub(crate) const SENSITIVE_KEY: u16 = 1;
/// The place of `infrastructure-secret` in the list.
pub(crate) const INFRASTRUCTURE: u16 = 2;

/// The place of `key-value` in the list.
pub(crate) const KEY_VALUE: u16 = 3;

/// All rules that come with sitelog, in the order in which explanations number them.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let families: [&'static [Rule]; 9] = [
        DECLARED,
        STRUCTURE,
        key_value::RULES,
        headers::RULES,
        urls::RULES,
        commands::RULES,
        blocks::RULES,
        tokens::RULES,
        people::RULES,
    ];
    families.into_iter().flatten()
}
