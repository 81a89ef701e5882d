//! The value behind a key in text: where it starts, whether it counts, and what ends it (R7).

use super::site::quote_at;
use crate::chars::{VALUE, is_blank, is_space};
use crate::found::{Found, Mark};
use crate::placeholder;
use crate::until::{Container, Quote, Until, placeholder_string};
use crate::view::{LOOK_AHEAD, More, View};

/// How a value stands to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Behind `=`, `:=`, `=>`, or a flag: it always counts.
    Assigned,
    /// Behind a quoted key and `:`: JSON, or a literal of a programming language.
    Json(Quote),
    /// Behind an unquoted key and `: `: it counts by its looks.
    Colon {
        /// Nothing stands before the key on its line.
        starts_line: bool,
        /// The key stands in a literal: `{a: 1, password: 'x'}`.
        in_literal: bool,
    },
}

/// A value this long counts behind `: ` (R7).
const LONG: usize = 20;

/// Looks at the value that starts at `at`, and hides it.
pub(super) fn hide(view: &View<'_>, at: usize, style: Style, plural: bool, found: &mut Found) -> Result<(), More> {
    found.hold_from(at);
    if let Style::Json(key_quote) = style {
        match view.at(at)? {
            Some(b'[' | b'{') if key_quote.mark == b'"' && !placeholder_at(view, at)? => {
                found.open(at, Until::Container(Container::new(key_quote.slashes, !plural)));
                return Ok(());
            }
            Some(b'0'..=b'9' | b'-') => return number(view, at, key_quote, plural, found),
            _ => {}
        }
    }
    if matches!((style, view.at(at)?), (Style::Assigned, Some(b'[' | b'{'))) {
        let next = skip_space(view, at + 1, true)?;
        if view.at(next)? == Some(b'"') {
            found.open(at, Until::Container(Container::new(0, !plural)));
            return Ok(());
        }
    }
    let prefixed = matches!(
        view.at(at)?,
        Some(b'$' | b'b' | b'r' | b'u' | b'f' | b'@' | b'L' | b'N' | b'E')
    );
    let start = if prefixed && quote_at(view, at + 1)?.is_some() {
        at + 1
    } else {
        at
    };
    match quote_at(view, start)? {
        Some(quote) => quoted(view, start + quote.len(), quote, style, found),
        None => unquoted(view, at, style, plural, found),
    }
}

fn quoted(view: &View<'_>, at: usize, quote: Quote, style: Style, found: &mut Found) -> Result<(), More> {
    found.hold_from(at);
    let json = matches!(style, Style::Json(_)) && quote.mark == b'"';
    let until = if json { Until::Quote(quote) } else { Until::Text(quote) };
    if !json && quote.slashes == 0 && view.at(at)? == Some(quote.mark) {
        match view.at(at + 1)? {
            // Three quotes: of a language that has them, or a doubled one at the start.
            Some(third) if third == quote.mark => found.open(at, until),
            // Doubled in a quoted text around, as CSV does.
            Some(byte) if byte.is_ascii_alphanumeric() => found.open(at + 1, Until::Quote(quote)),
            _ => {}
        }
        return Ok(());
    }
    if placeholder_string(view, at, quote)? {
        return Ok(());
    }
    if let Style::Colon {
        starts_line: false,
        in_literal: false,
    } = style
    {
        let mut len = 0;
        while len < LONG {
            match view.at(at + len)? {
                None | Some(b'\n') => return Ok(()),
                Some(byte) if byte == quote.mark => return Ok(()),
                Some(b'0'..=b'9') => break,
                Some(_) => len += 1,
            }
        }
    }
    found.open(at, until);
    Ok(())
}

fn number(view: &View<'_>, at: usize, key_quote: Quote, plural: bool, found: &mut Found) -> Result<(), More> {
    let end = view.run(at, &VALUE, LOOK_AHEAD)?;
    let text = view.slice(at..end);
    if is_number(text) && key_quote.mark == b'"' {
        if !plural {
            found.hide_as(at..end, Mark::Quoted(key_quote.slashes.min(255) as u8));
        }
    } else if !(plural && is_number(text)) {
        found.open(at, Until::Value { in_json: false });
    }
    Ok(())
}

fn unquoted(view: &View<'_>, at: usize, style: Style, plural: bool, found: &mut Found) -> Result<(), More> {
    if placeholder_at(view, at)? {
        return Ok(());
    }
    let first = view.at(at)?;
    if first.is_none_or(|byte| !VALUE.has(byte))
        || matches!(style, Style::Json(_)) && matches!(first, Some(b'[' | b'{'))
    {
        return Ok(());
    }
    // Only a number behind a plural, or a word behind a colon, is looked at as a whole.
    if plural || matches!(style, Style::Colon { .. }) {
        let end = view.run(at, &VALUE, placeholder::LONGEST)?;
        let value = view.slice(at..end);
        if plural && is_number(value) {
            return Ok(());
        }
        if let Style::Colon { starts_line, .. } = style
            && !looks_secret(value)
            && !(starts_line && only_word(view, end)?)
        {
            return Ok(());
        }
    }
    found.open(
        at,
        Until::Value {
            in_json: view.in_json_string(at),
        },
    );
    Ok(())
}

/// Whether a placeholder stands at `at` and nothing of a value behind it.
fn placeholder_at(view: &View<'_>, at: usize) -> Result<bool, More> {
    let Some(first) = view.at(at)? else { return Ok(true) };
    if !placeholder::may_start(first) {
        return Ok(false);
    }
    // A placeholder ends on its own line; only then is it known what stands there.
    let rest = &view.bytes[at..view.bytes.len().min(at + placeholder::LONGEST)];
    let Some(len) = placeholder::prefix(rest) else {
        let decided = view.ended || rest.len() == placeholder::LONGEST || !could_be_placeholder(rest);
        return if decided { Ok(false) } else { Err(More) };
    };
    Ok(view.at(at + len)?.is_none_or(|byte| !VALUE.has(byte) || byte == b'\\'))
}

/// Whether more bytes can make a placeholder of a text that is none yet.
fn could_be_placeholder(text: &[u8]) -> bool {
    let names = [
        &b"[redacted]"[..],
        b"[secret]",
        b"[sensitive]",
        b"(sensitive value)",
        b"true",
        b"false",
        b"null",
    ];
    let starts = names.iter().any(|name| {
        name.get(..text.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(text))
    });
    let bracketed = [&b"${{"[..], b"${", b"{{", b"<"]
        .iter()
        .any(|open| text.starts_with(open) || open.starts_with(text));
    starts || text == b"$" || text == b"*" || text == b"**" || (bracketed && memchr::memchr(b'\n', text).is_none())
}

/// A digit, or long: what an earlier pass put in does not count (R15).
fn looks_secret(value: &[u8]) -> bool {
    let digit = value.iter().any(u8::is_ascii_digit);
    if digit || value.len() < LONG {
        return digit;
    }
    let marker = placeholder::MARKER.as_bytes();
    let marks = value
        .windows(marker.len() - 1)
        .filter(|part| *part == &marker[..marker.len() - 1])
        .count();
    value.len() - marks * (marker.len() - 1) >= LONG
}

/// Whether nothing but blanks follows on the line.
fn only_word(view: &View<'_>, from: usize) -> Result<bool, More> {
    let mut at = from;
    while at < from + LOOK_AHEAD {
        match view.at(at)? {
            Some(byte) if is_blank(byte) || byte == b'\r' => at += 1,
            other => return Ok(other.is_none_or(|byte| byte == b'\n')),
        }
    }
    Ok(false)
}

/// Whether a whole value is a number.
pub(super) fn is_number(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| {
        text.starts_with(['-', '+', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            && text.parse::<f64>().is_ok()
    })
}

/// Skips white space in a line, or any where `lines`.
pub(super) fn skip_space(view: &View<'_>, from: usize, lines: bool) -> Result<usize, More> {
    let mut at = from;
    while at < from + LOOK_AHEAD
        && view
            .at(at)?
            .is_some_and(|byte| is_blank(byte) || (lines && is_space(byte)))
    {
        at += 1;
    }
    Ok(at)
}
