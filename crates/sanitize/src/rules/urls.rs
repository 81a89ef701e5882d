//! Credentials in URLs (R9).

use super::{Context, Find, Matcher, Rule};
use crate::chars::{AUTHORITY, KEY, PATH, SCHEME};
use crate::found::Found;
use crate::placeholder;
use crate::until::{Class, Until};
use crate::view::{LOOK_AHEAD, More, View};
use std::ops::Range;

/// The rules of this family.
pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "url-password",
        contract: "R9",
        why: "the password before the host of a URL",
        find: Find::Near(&["://", ":\\/\\/"], Matcher(userinfo)),
        hits: &[
            (
                "dial mysql://root:edWi@db:3306/x failed",
                "dial mysql://root:[REDACTED]@db:3306/x failed",
            ),
            ("redis://:p@ss@h", "redis://:[REDACTED]@h"),
        ],
        misses: &[
            "https://h.example.test/p@1?x=1 redis://c:6379",
            "https://u:@h/",
            "https://u:${PW}@h",
            "http://[::1]:80/",
        ],
    },
    Rule {
        id: "url-signature",
        contract: "R9",
        why: "a signature in a query opens what it signs",
        find: Find::Near(&["sig=", "signature=", "awsaccesskeyid="], Matcher(signature)),
        hits: &[
            (
                "https://b/o?X-Goog-Signature=dc61&gen=1",
                "https://b/o?X-Goog-Signature=[REDACTED]&gen=1",
            ),
            ("https://b/o?sv=1&sig=a%2Fb%3D", "https://b/o?sv=1&sig=[REDACTED]"),
        ],
        misses: &["sig=abc", "design=1", "?sig= x"],
    },
    Rule {
        id: "slack-hook",
        contract: "R9",
        why: "who knows the path of a Slack hook can post to it",
        find: Find::Near(&["hooks.slack.com/services/"], Matcher(slack)),
        hits: &[(
            "https://hooks.slack.com/services/T0/B0/xyz ok",
            "https://hooks.slack.com/services/[REDACTED] ok",
        )],
        misses: &["https://hooks.slack.com/services/ x"],
    },
];

fn userinfo(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    if view.run_back(anchor.start, &SCHEME, 32) == anchor.start {
        return Ok(());
    }
    let mut colon = None;
    let mut last = None;
    let mut at = anchor.end;
    while at < anchor.end + LOOK_AHEAD {
        match view.at(at)? {
            Some(byte) if AUTHORITY.has(byte) => match byte {
                b':' if colon.is_none() => {
                    colon = Some(at);
                    found.hold_from(at + 1);
                }
                b'@' => last = Some(at),
                _ => {}
            },
            _ => break,
        }
        at += 1;
    }
    if let (Some(colon), Some(last)) = (colon, last)
        && colon < last
        && !placeholder::is_placeholder(view.slice(colon + 1..last))
    {
        found.hide(colon + 1..last);
    }
    Ok(())
}

const NAMES: &[&[u8]] = &[
    b"sig",
    b"signature",
    b"x-amz-signature",
    b"x-goog-signature",
    b"awsaccesskeyid",
];
static QUERY: crate::chars::Set = crate::chars::Set::except(b"&#;,\"'`<>\\)]}| \t\r\n\0\x0b\x0c");

fn signature(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let mut start = view.run_back(anchor.end - 1, &KEY, 32);
    if view.slice(start..anchor.end).starts_with(b"u0026") {
        start += 5;
    }
    let name = view.slice(start..anchor.end - 1).to_ascii_lowercase();
    let in_query = matches!(view.before(start), Some(b'?' | b'&' | b'#' | b';')) || view.escape_before(start) == 6;
    if !in_query || !NAMES.contains(&name.as_slice()) {
        return Ok(());
    }
    found.hold_from(anchor.end);
    let end = view.run(anchor.end, &QUERY, placeholder::LONGEST)?;
    if !placeholder::is_placeholder(view.slice(anchor.end..end))
        && !view.is(anchor.end, placeholder::MARKER.as_bytes())?
    {
        found.open(anchor.end, Until::Not(Class(&QUERY)));
    }
    Ok(())
}

fn slack(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    if view.at(anchor.end)?.is_some_and(|byte| PATH.has(byte)) {
        found.open(anchor.end, Until::Not(Class(&PATH)));
    }
    Ok(())
}
