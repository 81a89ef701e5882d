//! Private keys in PEM form (R11), JSON web tokens (R12) and Terraform tokens (R13): what does not start with a fixed word.

use super::{Context, Find, Matcher, Rule};
use crate::chars::{ALNUM, B64URL, Set};
use crate::found::Found;
use crate::until::{Class, Pem, Until};
use crate::view::{LOOK_AHEAD, More, View};
use std::ops::Range;

/// The rules of this family.
pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "pem-private-key",
        contract: "R11",
        why: "the material of a private key, from BEGIN to END",
        find: Find::Near(&["begin "], Matcher(pem)),
        hits: &[
            (
                concat!(
                    "k\n-----BEGIN RSA PRIV",
                    "ATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIV",
                    "ATE KEY-----\nz"
                ),
                concat!(
                    "k\n-----BEGIN RSA PRIV",
                    "ATE KEY-----\n[REDACTED]\n-----END RSA PRIV",
                    "ATE KEY-----\nz"
                ),
            ),
            (
                concat!(
                    "\"-----BEGIN PRIV",
                    "ATE KEY-----\\nMIIE\\n-----END PRIV",
                    "ATE KEY-----\\n\""
                ),
                concat!(
                    "\"-----BEGIN PRIV",
                    "ATE KEY-----\\n[REDACTED]\\n-----END PRIV",
                    "ATE KEY-----\\n\""
                ),
            ),
            (
                concat!("-----BEGIN PRIV", "ATE KEY-----\n  MIIE\nnot base64: stop\n"),
                concat!("-----BEGIN PRIV", "ATE KEY-----\n  [REDACTED]\nnot base64: stop\n"),
            ),
            (
                concat!(
                    "-----BEGIN PGP PRIV",
                    "ATE KEY BLOCK-----\r\nVersion: 2\r\n\r\nlQOY\r\n=a/b1\r\n-----END PGP"
                ),
                concat!(
                    "-----BEGIN PGP PRIV",
                    "ATE KEY BLOCK-----\r\n[REDACTED]\r\n-----END PGP"
                ),
            ),
        ],
        misses: &[
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n",
        ],
    },
    Rule {
        id: "jwt",
        contract: "R12",
        why: "a JSON web token logs its bearer in",
        find: Find::Near(&["eyJ"], Matcher(jwt)),
        hits: &[
            (
                concat!("got eyJhbGciOiJSUzI1NiJ9", ".eyJzdWIiOiJrbiJ9.Qwio3pOV;"),
                "got [REDACTED];",
            ),
            (concat!("eyJhbGciOiJub25lIn0", ".eyJzdWIiOiJrbiJ9. x"), "[REDACTED] x"),
        ],
        misses: &["eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9.abc.def", "eyJ.eyJ."],
    },
    Rule {
        id: "terraform-token",
        contract: "R13",
        why: "HCP Terraform token",
        find: Find::Near(&[".atlasv1."], Matcher(terraform)),
        hits: &[(
            concat!(
                "<aB3dEfGhIjKlMn",
                ".atlasv1.0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr>"
            ),
            "<[REDACTED]>",
        )],
        misses: &["aB3dEfGhIjKlMn.atlasv1.short", "x.atlasv1."],
    },
];

static LABEL: Set = Set::new(&[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')], b" ");

fn pem(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    if !view.slice(0..anchor.start).ends_with(b"-----") || view.slice(anchor.clone()) != b"BEGIN " {
        return Ok(());
    }
    let end = view.run(anchor.end, &LABEL, 64)?;
    let label = view.slice(anchor.end..end);
    let private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    if private && view.is(end, b"-----")? {
        // Behind the line break, if there is one: it stays.
        let mut start = end + 5;
        found.hold_from(start);
        while start < end + 64
            && view
                .at(start)?
                .is_some_and(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t'))
        {
            start += 1;
        }
        let slashes = view.run(start, &BACKSLASHES, 16)?;
        if slashes > start && view.at(slashes)? == Some(b'r') {
            start = view.run(slashes + 1, &BACKSLASHES, 16)?;
            start += usize::from(view.at(start)? == Some(b'n'));
        } else if slashes > start && view.at(slashes)? == Some(b'n') {
            start = slashes + 1;
        }
        let same_line = !view
            .slice(end + 5..start)
            .iter()
            .any(|byte| matches!(byte, b'\n' | b'\\'));
        found.open(start, Until::Pem(Pem::new(same_line)));
    }
    Ok(())
}

static BACKSLASHES: Set = Set::new(&[], b"\\");

fn jwt(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let start = anchor.start;
    if !view.is(start, b"eyJ")? || !view.starts_word(start) {
        return Ok(());
    }
    found.hold_from(start);
    let header = view.run(start, &B64URL, LOOK_AHEAD)?;
    if header - start < 8 || !view.is(header, b".eyJ")? {
        return Ok(());
    }
    let claims = view.run(header + 1, &B64URL, 4 * LOOK_AHEAD)?;
    if claims - header > 4 * LOOK_AHEAD || view.at(claims)? == Some(b'.') {
        found.hide(start..claims + 1);
        found.open(claims + 1, Until::Not(Class(&B64URL)));
    }
    Ok(())
}

/// How many characters the id of a Terraform token has.
const ID: usize = 14;

fn terraform(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let Some(start) = anchor.start.checked_sub(ID).filter(|start| view.starts_word(*start)) else {
        return Ok(());
    };
    if view.run_back(anchor.start, &ALNUM, ID) != start || !view.is(anchor.start, b".atlasv1.")? {
        return Ok(());
    }
    let id = start + shown(view, start..anchor.start).unwrap_or(ID);
    found.hold_from(id);
    let end = view.run(anchor.end, &B64URL, 60)?;
    if end - anchor.end == 60 {
        found.hide(id..end);
        found.open(end, Until::Not(Class(&B64URL)));
    }
    Ok(())
}

/// How much of a word that may be an id went out before it could be told from one: nothing but on a live terminal, where
/// it shows up to what no word has, a digit or a capital behind a small letter. `None` when it is nothing but a word.
fn shown(view: &View<'_>, word: Range<usize>) -> Option<usize> {
    if !view.live {
        return Some(0);
    }
    let word = view.slice(word);
    (0..word.len()).find(|at| {
        let hump = *at > 0 && word[*at].is_ascii_uppercase() && word[*at - 1].is_ascii_lowercase();
        word[*at].is_ascii_digit() || hump
    })
}

/// From where on the end of what has arrived may turn out to be the id of a Terraform token.
pub(super) fn tail(view: &View<'_>) -> usize {
    let end = view.bytes.len();
    let infix = b".atlasv1.";
    let mut held = held(view, end, false).unwrap_or(end);
    if let Some(partial) = (1..=infix.len()).rev().find(|len| view.bytes.ends_with(&infix[..*len])) {
        held = self::held(view, end - partial, true).unwrap_or(end).min(held);
    }
    held
}

/// The same for the word that ends at a place, of which no more comes when it is `whole`.
fn held(view: &View<'_>, word_end: usize, whole: bool) -> Option<usize> {
    let first = view.run_back(word_end, &ALNUM, ID);
    let starts = if whole {
        first..(first + 1).min((word_end + 1).saturating_sub(ID))
    } else {
        first..word_end
    };
    // Behind an escape (`\n`) a word starts within a run of letters.
    let ids = starts.filter(|start| view.starts_word(*start));
    ids.filter_map(|start| match shown(view, start..word_end) {
        Some(shown) => Some(start + shown),
        None => whole.then_some(word_end),
    })
    .min()
}
