//! Rules that users add: a regular expression that begins with something fixed, by which it is found.

use super::families;
use crate::found::Found;
use crate::settings::{Settings, UserRule};
use crate::view::{More, View};
use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::literal::Extractor;

/// The most bytes that a match has.
const WINDOW: usize = 1024;
/// What a pattern may ask of the text around it: a whole character.
const AROUND: usize = 4;
/// The longest pattern, bytes.
const LONGEST: usize = 1000;
/// The most memory that a compiled pattern takes, bytes.
const COMPILED: usize = 1 << 20;
/// So many different beginnings a pattern may have, each cut to so many bytes.
const BEGINNINGS: (usize, usize) = (64, 8);
/// The shortest beginning by which a pattern is found, bytes.
const SHORTEST: usize = 3;

/// Which of the settings is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The rule at this place of `rules`.
    Rule(usize),
    /// The id at this place of `off`.
    Off(usize),
}

/// Why a user's rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadRule {
    /// The id is empty, or not of letters, digits, `-`, `_` and `.`.
    #[error("rule id {id:?}: write letters, digits, - _ and . only")]
    Id {
        /// The place.
        at: Culprit,
        /// The id.
        id: String,
    },
    /// The id is taken.
    #[error("rule id {id:?} is used twice; choose another one")]
    Twice {
        /// The place.
        at: Culprit,
        /// The id.
        id: String,
    },
    /// The pattern cannot be used.
    #[error("rule {id:?}: pattern {why}")]
    Pattern {
        /// The place.
        at: Culprit,
        /// The rule.
        id: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// An example of the user's does not hold.
    #[error("rule {id:?}: {kind} example {number} is {what}; correct the example or the pattern")]
    Example {
        /// The place.
        at: Culprit,
        /// The rule.
        id: String,
        /// `hit` or `miss`.
        kind: &'static str,
        /// Which one, counted from 1: its text may be secret.
        number: usize,
        /// What it is instead.
        what: &'static str,
    },
    /// A rule that is turned off does not exist.
    #[error("no rule has the id {id:?}; did you mean {nearest:?}? `sitelog redact --rules` lists all")]
    Unknown {
        /// The place.
        at: Culprit,
        /// The id.
        id: String,
        /// The id that looks most like it.
        nearest: String,
    },
}

impl BadRule {
    /// Which of the settings is bad.
    pub fn at(&self) -> Culprit {
        match self {
            Self::Id { at, .. }
            | Self::Twice { at, .. }
            | Self::Pattern { at, .. }
            | Self::Example { at, .. }
            | Self::Unknown { at, .. } => *at,
        }
    }
}

/// A user's pattern, ready to be looked for.
pub(super) struct Pattern {
    /// What a match begins with: one of these.
    pub(super) beginnings: Vec<Vec<u8>>,
    regex: Regex,
}

/// The ids of all rules: sitelog's, then the user's.
pub(super) fn ids(settings: &Settings) -> Result<Vec<String>, BadRule> {
    let mut ids: Vec<String> = families::all().map(|rule| rule.id.to_owned()).collect();
    for (place, rule) in settings.rules.iter().enumerate() {
        let (at, id) = (Culprit::Rule(place), rule.id.clone());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if id.is_empty() || !id.bytes().all(plain) {
            return Err(BadRule::Id { at, id });
        }
        if ids.contains(&id) {
            return Err(BadRule::Twice { at, id });
        }
        ids.push(id);
    }
    let unknown = settings.off.iter().position(|id| !ids.contains(id));
    if let Some((place, id)) = unknown.and_then(|place| Some((place, settings.off.get(place)?))) {
        let likeness = |known: &&String| (strsim::jaro_winkler(known, id) * 1000.0) as u32;
        return Err(BadRule::Unknown {
            at: Culprit::Off(place),
            id: id.clone(),
            nearest: ids.iter().max_by_key(likeness).cloned().unwrap_or_default(),
        });
    }
    Ok(ids)
}

/// Compiles a user's pattern and tries it on the user's examples.
pub(super) fn compile(rule: &UserRule, place: usize) -> Result<Pattern, BadRule> {
    let at = Culprit::Rule(place);
    let pattern = pattern(&rule.pattern).map_err(|why| BadRule::Pattern {
        at,
        id: rule.id.clone(),
        why,
    })?;
    let wrong = |kind, number: usize, what| {
        let id = rule.id.clone();
        Err(BadRule::Example {
            at,
            id,
            kind,
            number: number + 1,
            what,
        })
    };
    let hits = |text: &String| text.lines().any(|line| pattern.regex.is_match(line));
    if let Some(number) = rule.hits.iter().position(|text| !hits(text)) {
        return wrong("hit", number, "no hit");
    }
    if let Some(number) = rule.misses.iter().position(hits) {
        return wrong("miss", number, "a hit");
    }
    Ok(pattern)
}

fn pattern(text: &str) -> Result<Pattern, String> {
    if text.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes; make two rules of it"));
    }
    let first_line = |error: &dyn std::fmt::Display| {
        // The parser draws the pattern with a mark below it; its last line says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.trim_start_matches("error: ").to_owned()
    };
    let bad = |error: regex_syntax::Error| format!("is no regular expression: {}", first_line(&error));
    let syntax = regex_syntax::ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(text)
        .map_err(bad)?;
    if syntax.properties().minimum_len().unwrap_or(0) == 0 {
        return Err("matches nothing at all, which is everywhere; make a part of it necessary".to_owned());
    }
    let mut extractor = Extractor::new();
    extractor.limit_total(BEGINNINGS.0).limit_literal_len(BEGINNINGS.1);
    let beginnings = extractor.extract(&syntax);
    let beginnings = beginnings.literals().unwrap_or_default();
    let mut beginnings: Vec<Vec<u8>> = beginnings.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    beginnings.sort();
    // What begins with another one is found by that.
    beginnings.dedup_by(|longer, shorter| longer.starts_with(shorter));
    if beginnings.is_empty() || beginnings.iter().any(|literal| literal.len() < SHORTEST) {
        return Err(format!(
            "has to begin with {SHORTEST} fixed characters or more, such as `acme_`"
        ));
    }
    let config = Regex::config()
        .nfa_size_limit(Some(COMPILED))
        .hybrid_cache_capacity(COMPILED)
        .utf8_empty(false);
    let regex = Regex::builder().configure(config).build_from_hir(&syntax);
    let regex = regex.map_err(|_| format!("takes more than {COMPILED} bytes of memory; make it simpler"))?;
    Ok(Pattern { beginnings, regex })
}

/// Matches a pattern whose beginning stands at `start`; never over the end of a line.
pub(super) fn check(view: &View<'_>, pattern: &Pattern, start: usize, found: &mut Found) -> Result<(), More> {
    found.hold_from(start);
    let rest = view.bytes.get(start..).unwrap_or_default();
    let rest = &rest[..rest.len().min(WINDOW + AROUND)];
    let newline = memchr::memchr(b'\n', rest);
    if newline.is_none() && rest.len() < WINDOW + AROUND && !view.ended {
        return Err(More);
    }
    // What stands before decides whether a word begins here.
    let before = view.bytes[..start]
        .iter()
        .rev()
        .take(AROUND)
        .position(|byte| *byte == b'\n');
    let from = start - before.unwrap_or(AROUND.min(start));
    let line = &view.bytes[from..start + newline.unwrap_or(rest.len())];
    let window = (start - from)..line.len().min(start - from + WINDOW);
    let input = Input::new(line).span(window).anchored(Anchored::Yes);
    if let Some(hit) = pattern.regex.find(input) {
        found.hide(start..from + hit.end());
    }
    Ok(())
}
