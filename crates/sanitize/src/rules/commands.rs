//! Secrets on command lines and in SQL (R7).

use super::site::quote_at;
use super::value::{self, Style, skip_space};
use super::{Context, Find, Matcher, Rule};
use crate::chars::Set;
use crate::found::Found;
use crate::placeholder;
use crate::until::Until;
use crate::view::{More, View};
use std::ops::Range;

/// The rules of this family.
pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "curl-user",
        contract: "R7",
        why: "`curl -u name:password`",
        find: Find::Near(&[" -u", "--user"], Matcher(curl)),
        hits: &[
            ("curl -s -u amy:kn2n https://x", "curl -s -u amy:[REDACTED] https://x"),
            ("curl --user 'amy:k n' x", "curl --user 'amy:[REDACTED]' x"),
            ("curl -uamy:kn2n x", "curl -uamy:[REDACTED] x"),
        ],
        misses: &["docker run -u 1000:1000 x", "curl -u amy x", "curl -u amy:$PW x"],
    },
    Rule {
        id: "sql-identified",
        contract: "R7",
        why: "`IDENTIFIED BY 'password'`",
        find: Find::Near(&["identified by ", "identified with "], Matcher(identified)),
        hits: &[
            ("GRANT x IDENTIFIED BY 'wymX';", "GRANT x IDENTIFIED BY '[REDACTED]';"),
            ("IDENTIFIED BY 'a''b' x", "IDENTIFIED BY '[REDACTED]' x"),
            ("IDENTIFIED BY '''b' x", "IDENTIFIED BY '[REDACTED]' x"),
            (
                "identified with p as \"a\"\"b\";",
                "identified with p as \"[REDACTED]\";",
            ),
        ],
        misses: &["identified by name", "IDENTIFIED BY '';", "identified by `ref` in it"],
    },
];

static BLANK: Set = Set::new(&[], b" \t");
static NAME: Set = Set::except(b": \t\r\n\"'`\\|;<>");
static WORD: Set = Set::except(b" \t\r\n\"'`|;<>");

fn curl(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let line = view
        .line_start(anchor.start)
        .unwrap_or(anchor.start.saturating_sub(crate::view::LOOK_BACK / 2));
    let curl = view.memo.curl.before(line..anchor.start, 4, |range| {
        let words = view.slice(range.clone()).windows(4);
        words
            .rev()
            .position(|word| word == b"curl")
            .map(|at| range.end - 4 - at)
    });
    if curl.is_none() {
        return Ok(());
    }
    let mut at = view.run(anchor.end, &BLANK, 16)?;
    if at == anchor.end && view.at(at)? == Some(b'=') {
        at += 1;
    }
    let quote = quote_at(view, at)?;
    at += quote.map_or(0, |quote| quote.len());
    let colon = view.run(at, &NAME, 128)?;
    if colon == at || view.at(colon)? != Some(b':') {
        return Ok(());
    }
    found.hold_from(colon + 1);
    let end = view.run(colon + 1, &WORD, placeholder::LONGEST)?;
    if !placeholder::is_placeholder(view.slice(colon + 1..end)) {
        found.open(
            colon + 1,
            quote.map_or(Until::Not(crate::until::Class(&WORD)), Until::Text),
        );
    }
    Ok(())
}

fn identified(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let mut at = skip_space(view, anchor.end, false)?;
    if view.before(anchor.end - 1) == Some(b'h') {
        // `IDENTIFIED WITH plugin BY 'password'`.
        at = view.run(at, &WORD, 64)?;
        at = skip_space(view, at, false)?;
        if !(view.is(at, b"BY ")? || view.is(at, b"by ")? || view.is(at, b"AS ")? || view.is(at, b"as ")?) {
            return Ok(());
        }
        at = skip_space(view, at + 3, false)?;
    }
    if quote_at(view, at)?.is_some_and(|quote| quote.mark != b'`') {
        value::hide(view, at, Style::Assigned, false, found)
    } else {
        Ok(())
    }
}
