//! Rules that users add: a literal and a regular expression behind it.

use crate::found::Found;
use crate::settings::UserRule;
use crate::view::{More, View};
use regex::bytes::Regex;

/// The most bytes that a user's pattern is matched against.
const WINDOW: usize = 1024;

/// Why a user's rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadRule {
    /// The id is taken.
    #[error("rule id {0:?} is used twice")]
    Twice(String),
    /// The literal is too short to be looked for.
    #[error("rule {0:?}: starts_with has fewer than 3 bytes")]
    Short(String),
    /// The pattern is no regular expression.
    #[error("rule {id:?}: pattern is no regular expression: {why}")]
    Pattern {
        /// The rule.
        id: String,
        /// What the parser says.
        why: String,
    },
    /// A rule that is turned off does not exist.
    #[error("no rule has the id {0:?} that is turned off")]
    Unknown(String),
}

/// Compiles a user's pattern.
pub(super) fn compile(rule: &UserRule) -> Result<Regex, BadRule> {
    if rule.starts_with.len() < 3 {
        return Err(BadRule::Short(rule.id.clone()));
    }
    let bad = |error: regex::Error| BadRule::Pattern {
        id: rule.id.clone(),
        why: error.to_string(),
    };
    regex::bytes::RegexBuilder::new(&format!("^(?:{})", rule.pattern))
        .size_limit(1 << 20)
        .build()
        .map_err(bad)
}

/// Matches a pattern behind its literal, which stands from `start` to `end`.
pub(super) fn check(view: &View<'_>, regex: &Regex, start: usize, end: usize, found: &mut Found) -> Result<(), More> {
    found.hold_from(start);
    let rest = view.bytes.get(end..).unwrap_or_default();
    let window = &rest[..rest.len().min(WINDOW)];
    let line = window
        .iter()
        .position(|byte| *byte == b'\n')
        .map(|newline| &window[..newline]);
    if line.is_none() && window.len() < WINDOW && !view.ended {
        return Err(More);
    }
    if let Some(hit) = regex.find(line.unwrap_or(window)) {
        found.hide(start..end + hit.end());
    }
    Ok(())
}
