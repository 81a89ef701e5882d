//! Email addresses in free text (R8), when the option asks for it.

use super::{Context, Find, Matcher, Rule};
use crate::chars::{DOMAIN, LOCAL};
use crate::found::Found;
use crate::view::{More, View};
use std::ops::Range;

/// The rules of this family.
pub(super) static RULES: &[Rule] = &[Rule {
    id: "email",
    contract: "R8",
    why: "an address is a person",
    find: Find::At(b'@', Matcher(email)),
    hits: &[
        ("to: amy.poe@example.test ok", "to: [REDACTED] ok"),
        ("<a+b@x.co.uk>", "<[REDACTED]>"),
    ],
    misses: &[
        "git@git.example.test:a/b.git",
        "x@y.service",
        "root@localhost",
        "a@1.2.3.4",
        "@scope/pkg",
        "user@host.x9",
    ],
}];

/// The longest local part (RFC 5321).
const LONGEST: usize = 64;
const UNITS: &[&[u8]] = &[
    b"service", b"socket", b"timer", b"mount", b"slice", b"scope", b"target", b"path", b"device", b"swap",
];

fn email(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let mut start = view.run_back(anchor.start, &LOCAL, LONGEST);
    start += view
        .slice(start..anchor.start)
        .iter()
        .take_while(|byte| **byte == b'.')
        .count();
    if start == anchor.start || view.before(start) == Some(b':') && view.slice(start.saturating_sub(3)..start) == b"://"
    {
        return Ok(());
    }
    found.hold_from(start);
    let mut end = view.run(anchor.end, &DOMAIN, 253)?;
    let colon = view.at(end)? == Some(b':')
        && view
            .at(end + 1)?
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"/~._".contains(&byte));
    while matches!(view.before(end), Some(b'.' | b'-')) && end > anchor.end {
        end -= 1;
    }
    let domain = view.slice(anchor.end..end);
    let Some(dot) = domain.iter().rposition(|byte| *byte == b'.') else {
        return Ok(());
    };
    let top = &domain[dot + 1..];
    let dotted = dot > 0 && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    if dotted && !colon && !UNITS.contains(&top) {
        found.hide(start..end);
    }
    Ok(())
}

/// From where on the end of what has arrived may turn out to be the local part of an address.
pub(super) fn tail(view: &View<'_>) -> usize {
    view.run_back(view.bytes.len(), &LOCAL, LONGEST)
}
