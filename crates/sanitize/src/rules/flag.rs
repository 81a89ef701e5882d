//! The value behind a flag of a command line: `--password VALUE` (R7).

use super::site::Site;
use super::value::{self, Style};
use crate::found::Found;
use crate::keys::Sensitive;
use crate::view::{More, View};

/// Words that follow a flag in prose and help texts.
const NO_VALUES: &[&[u8]] = &[
    b"to",
    b"is",
    b"or",
    b"and",
    b"for",
    b"if",
    b"in",
    b"as",
    b"the",
    b"a",
    b"an",
    b"with",
    b"flag",
    b"flags",
    b"option",
    b"options",
    b"argument",
    b"was",
    b"were",
    b"has",
    b"must",
    b"can",
    b"cannot",
    b"should",
    b"will",
    b"requires",
    b"instead",
    b"on",
    b"not",
    b"string",
    b"strings",
    b"stringArray",
    b"value",
    b"from",
    b"are",
    b"does",
    b"via",
    b"using",
    b"at",
    b"by",
    b"this",
    b"that",
    b"it",
    b"may",
    b"but",
    b"when",
    b"which",
    b"because",
    b"since",
    b"so",
    b"then",
    b"only",
    b"also",
    b"instead.",
];

/// The value that starts at `at`, behind a flag.
pub(super) fn value(view: &View<'_>, site: &Site, at: usize, key: Sensitive, found: &mut Found) -> Result<(), More> {
    found.hold_from(at);
    if matches!(view.at(at)?, None | Some(b'-' | b'[' | b'|' | b'\\' | b'\n' | b'\r')) {
        return Ok(());
    }
    let end = view.run(at, &crate::chars::VALUE, 64)?;
    let word = view.slice(at..end);
    let last = view
        .slice(site.key.clone())
        .rsplit(|byte| *byte == b'-')
        .next()
        .unwrap_or_default();
    let names_itself = word.iter().all(|byte| !byte.is_ascii_lowercase()) && word.eq_ignore_ascii_case(last);
    if NO_VALUES.contains(&word) || names_itself {
        return Ok(());
    }
    value::hide(view, at, Style::Assigned, key.plural, found)
}
