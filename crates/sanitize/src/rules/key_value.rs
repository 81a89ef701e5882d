//! A sensitive key and its value in text (R7), and in JSON that is part of a text (R6).

use super::site::{Site, quote_at, quote_before};
use super::value::{self, Style, skip_space};
use super::{Context, Find, Matcher, Rule, element, flag};
use crate::chars::{KEY, VALUE, is_blank};
use crate::found::Found;
use crate::keys::{self, KeyKind, Sensitive};
use crate::until::{Document, Until};
use crate::view::{More, View};
use std::ops::Range;

/// The rules of this family.
pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "key-value",
        contract: "R7",
        why: "a value behind a key that is called password, token or the like is one",
        find: Find::Near(keys::ANCHORS, Matcher(check)),
        hits: &[
            ("TOKEN=H9tnelI5 MODE=x", "TOKEN=[REDACTED] MODE=x"),
            (
                "+ export SIGNING_KEY=\"zOr6 eQc\" && run",
                "+ export SIGNING_KEY=\"[REDACTED]\" && run",
            ),
            ("secret_key = 'uofx'\n", "secret_key = '[REDACTED]'\n"),
            ("token := \"a\\\"b\"", "token := \"[REDACTED]\""),
            (":password => 'x y'", ":password => '[REDACTED]'"),
            ("'api_key': 'x', 'a': 1", "'api_key': '[REDACTED]', 'a': 1"),
            ("app --password kn2n --port 1", "app --password [REDACTED] --port 1"),
            ("[\"--token\", \"abc\"]", "[\"--token\", \"[REDACTED]\"]"),
            ("client_secret: zVdX\n", "client_secret: [REDACTED]\n"),
            ("use password: hunter2 now", "use password: [REDACTED] now"),
            ("<password>a b</password>", "<password>[REDACTED]</password>"),
            (
                "<n:password>\n a\n</n:password>",
                "<n:password>\n [REDACTED]\n</n:password>",
            ),
            (
                "<password enc='x'>abc</password>",
                "<password enc='x'>[REDACTED]</password>",
            ),
            (
                "  - name: DB_PASSWORD\n    value: a1\n  - name: TZ\n    value: u\n",
                "  - name: DB_PASSWORD\n    value: [REDACTED]\n  - name: TZ\n    value: u\n",
            ),
            (
                "- name: \"X_TOKEN\"\r\n  value: \"a b\"\r\n",
                "- name: \"X_TOKEN\"\r\n  value: \"[REDACTED]\"\r\n",
            ),
            ("CREATE USER x PASSWORD 'y'", "CREATE USER x PASSWORD '[REDACTED]'"),
            ("PASSWORD 'a''b' VALID", "PASSWORD '[REDACTED]' VALID"),
            ("WITH PASSWORD = N'a''b', X", "WITH PASSWORD = N'[REDACTED]', X"),
            ("SELECT PASSWORD('it''s')", "SELECT PASSWORD('[REDACTED]')"),
            (r"DB_PASSWORD='it'\''s' x", "DB_PASSWORD='[REDACTED]' x"),
            (r#"DB_PASSWORD='it'"'"'s' x"#, "DB_PASSWORD='[REDACTED]' x"),
            ("password: 'it''s'\n", "password: '[REDACTED]'\n"),
            (
                "\"a\",\"password=\"\"k n\"\"\"",
                "\"a\",\"password=\"\"[REDACTED]\"\"\"",
            ),
            (
                "{\"tokens\":[\"a\",1],\"n\":2}",
                "{\"tokens\":[\"[REDACTED]\",1],\"n\":2}",
            ),
            ("{\"token\": 4711}", "{\"token\": \"[REDACTED]\"}"),
            (
                r#"{"m":"{\"pwd\":\"a\\\"b\",\"x\":1}"}"#,
                r#"{"m":"{\"pwd\":\"[REDACTED]\",\"x\":1}"}"#,
            ),
            (
                r#"{"m":"cd x\npassword=abc\nls"}"#,
                r#"{"m":"cd x\npassword=[REDACTED]\nls"}"#,
            ),
            (
                "{\"name\": \"DB_PASSWORD\", \"value\": \"x\"}",
                "{\"name\": \"DB_PASSWORD\", \"value\": \"[REDACTED]\"}",
            ),
            ("X_TOKEN,,,abc123,TZ,,,UTC", "X_TOKEN,,,[REDACTED],TZ,,,UTC"),
            ("curl -H \"X-Api-Key: abcdef\" u", "curl -H \"X-Api-Key: [REDACTED]\" u"),
            (
                "passwords = [\"a\", \"b\"]",
                "passwords = [\"[REDACTED]\", \"[REDACTED]\"]",
            ),
            ("\u{1b}]0;password=hunter2\u{7}x", "\u{1b}]0;password=[REDACTED]\u{7}x"),
            ("secret access key: abc123", "secret access key: [REDACTED]"),
            ("username=klee99", "username=[REDACTED]"),
            ("x?access_token=abc&y=1", "x?access_token=[REDACTED]&y=1"),
            (
                "  ~ password = \"old\" -> \"new\"",
                "  ~ password = \"[REDACTED]\" -> \"[REDACTED]\"",
            ),
        ],
        misses: &[
            "password must contain a digit; token expired; no secrets here",
            "token=$TOKEN password=*** key={{ x }} secret=[REDACTED] api_key=${{ secrets.KEY }}",
            "max_tokens=100 token_type=bearer secret_name=x password_policy=on monkey=1",
            "unexpected token: \"}\" in line",
            "password: [secret]\n",
            "username: klee99",
            "if token == other",
            "use --password to set it",
            "--password-stdin x",
            "Using --password via the CLI is insecure",
            "x <password> text </b>\nmore",
            "pwd=<pwd> and more",
            "- name: DB_PASSWORD\n  valueFrom: x\n",
            "password=(sensitive value)",
            "\"token\": null, \"password\": \"\", \"secret\": true",
            "password='' token=\"\" x, secret: '', next",
        ],
    },
    Rule {
        id: "escaped-key",
        contract: "R6",
        why: "a key of JSON may be written with escapes",
        find: Find::Near(&["\\u00"], Matcher(escaped)),
        hits: &[
            (r#"{"pass\u0077ord": "x"}"#, r#"{"pass\u0077ord": "[REDACTED]"}"#),
            (
                r#"{"m":"{\"\\u0074oken\":\"x\"}"}"#,
                r#"{"m":"{\"\\u0074oken\":\"[REDACTED]\"}"}"#,
            ),
        ],
        misses: &[r#"{"a\u0077b": "x"}"#, r"\u003ctoken\u003e"],
    },
];

fn check(view: &View<'_>, anchor: Range<usize>, context: &Context<'_>, found: &mut Found) -> Result<(), More> {
    match Site::lead(view, anchor.end)? {
        None => return Ok(()),
        Some(b' ' | b'\t') if !blank_leads(view, &anchor)? => return Ok(()),
        Some(b'=') if in_hidden_value(view, anchor.end, found) => return Ok(()),
        Some(_) => {}
    }
    let Some(mut site) = Site::around(view, &anchor)? else {
        return Ok(());
    };
    let Some(sensitive) = site.classify(view, context.keys) else {
        return Ok(());
    };
    if !matches!(sensitive.kind, KeyKind::Secret | KeyKind::Identifier) {
        return Ok(());
    }
    match site.quote {
        Some(quote) => after_quoted(view, &site, quote, sensitive, found),
        None => after_plain(view, &site, sensitive, found),
    }
}

/// Whether a value may follow the blanks behind a key: prose follows most.
fn blank_leads(view: &View<'_>, anchor: &Range<usize>) -> Result<bool, More> {
    let end = view.run(anchor.end, &KEY, keys::LONGEST)?;
    let next = skip_space(view, end, false)?;
    if matches!(view.at(next)?, Some(b'=' | b':' | b'\'' | b'E' | b'N' | b'\r' | b'\n')) {
        return Ok(true);
    }
    let start = view.run_back(anchor.start, &KEY, keys::LONGEST);
    let flag = view.slice(start..end).windows(2).any(|two| two == b"--");
    Ok(flag || element::is_named(view, start))
}

/// Whether `=` and an unquoted value follow inside of a value that is hidden: one that ends where that does.
fn in_hidden_value(view: &View<'_>, from: usize, found: &Found) -> bool {
    let is = |at: usize, allowed: &dyn Fn(u8) -> bool| view.bytes.get(at).is_some_and(|byte| allowed(*byte));
    found.spans.cover_value(from)
        && is(from, &|byte| byte == b'=')
        && found.spans.cover_value(from + 1)
        && is(from + 1, &|byte| VALUE.has(byte) && !b"`\\[{=~".contains(&byte))
        && is(from + 2, &|byte| !b"\"'`\\".contains(&byte))
}

/// A quoted key with `\u` escapes in it: `"pass\u0077ord"`.
fn escaped(view: &View<'_>, anchor: Range<usize>, context: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let Some((site, quote)) = Site::escaped(view, &anchor)? else {
        return Ok(());
    };
    let raw = String::from_utf8_lossy(view.slice(site.key.clone())).replace(&"\\".repeat(quote.slashes + 1), "\\");
    match context.keys.classify(crate::json::decoded(&raw).as_bytes()) {
        Some(key) if matches!(key.kind, KeyKind::Secret | KeyKind::Identifier) => {
            after_quoted(view, &site, quote, key, found)
        }
        _ => Ok(()),
    }
}

fn after_quoted(
    view: &View<'_>,
    site: &Site,
    quote: crate::until::Quote,
    key: Sensitive,
    found: &mut Found,
) -> Result<(), More> {
    let at = skip_space(view, site.after, true)?;
    match view.at(at)? {
        Some(b':') if view.at(at + 1)? != Some(b'=') => {
            let value = skip_space(view, at + 1, true)?;
            value::hide(view, value, Style::Json(quote), key.plural, found)
        }
        Some(b':') | Some(b'=') if key.kind == KeyKind::Secret || view.at(at)? == Some(b'=') => {
            assigned(view, at, key, found)
        }
        Some(b',') => {
            let next = skip_space(view, at + 1, true)?;
            let flag = view.slice(site.key.clone()).starts_with(b"--");
            if flag {
                return value::hide(view, next, Style::Assigned, key.plural, found);
            }
            match named_value(view, site, next)? {
                Some(value) => value::hide(view, value, Style::Json(quote), key.plural, found)?,
                None if quote.mark == b'"' && is_name(view, site) => {
                    found.open(at, Until::Document(Document::new(quote.slashes, Some(key))));
                }
                None => {}
            }
            Ok(())
        }
        Some(b'v' | b'V') if key.kind == KeyKind::Secret && at > site.after => {
            yaml_value(view, site, site.after, key, found)
        }
        _ => Ok(()),
    }
}

/// `{"name": "<sensitive>", "value": x}`: where `x` starts, when `next` is the key `value` and the key is the value of `name`.
fn named_value(view: &View<'_>, site: &Site, next: usize) -> Result<Option<usize>, More> {
    let Some(quote) = quote_before(view, site.key.start).filter(|_| is_name(view, site)) else {
        return Ok(None);
    };
    if quote_at(view, next)? != Some(quote) {
        return Ok(None);
    }
    let word = next + quote.len();
    if !(view.is(word, b"value")? || view.is(word, b"Value")?) || quote_at(view, word + 5)? != Some(quote) {
        return Ok(None);
    }
    let colon = skip_space(view, word + 5 + quote.len(), true)?;
    Ok(if view.at(colon)? == Some(b':') {
        Some(skip_space(view, colon + 1, true)?)
    } else {
        None
    })
}

/// Whether a quoted text is the value of a key `name` or `key`.
fn is_name(view: &View<'_>, site: &Site) -> bool {
    let Some(quote) = quote_before(view, site.key.start) else {
        return false;
    };
    let before = view
        .slice(site.key.start.saturating_sub(32)..site.key.start - quote.len())
        .trim_ascii_end();
    let Some(before) = before.strip_suffix(b":") else {
        return false;
    };
    let before = before.trim_ascii_end().strip_suffix(&[quote.mark]).unwrap_or_default();
    let before = &before[..before.len() - quote.slashes.min(before.len())];
    let names = [&b"name"[..], b"key", b"Name", b"Key"];
    names.iter().any(|name| before.ends_with(name))
}

fn after_plain(view: &View<'_>, site: &Site, key: Sensitive, found: &mut Found) -> Result<(), More> {
    let at = site.after;
    let secret = key.kind == KeyKind::Secret;
    if secret && element::is_named(view, site.key.start) {
        return element::text(view, site, found);
    }
    let sign = skip_space(view, at, false)?;
    match view.at(sign)? {
        Some(b'=') => assigned(view, sign, key, found),
        Some(b'\r' | b'\n') if secret => yaml_value(view, site, sign, key, found),
        // How Pulumi dumps a structure into its debug log: `KEY,,,value,`.
        Some(b',') if secret && sign == at && view.is(at, b",,,")? => {
            let style = Style::Colon {
                starts_line: false,
                in_literal: false,
            };
            value::hide(view, at + 3, style, key.plural, found)
        }
        Some(b':') if secret => {
            if view.at(sign + 1)? == Some(b'=') {
                return assigned(view, sign, key, found);
            }
            let value = skip_space(view, sign + 1, false)?;
            if value == sign + 1 {
                let bracket = view.at(value)? == Some(b'[') && sign == at;
                if bracket {
                    found.hold_from(value + 1);
                    let marker = crate::placeholder::MARKER.as_bytes();
                    if !view.is(value, marker)? && !view.is(value + 1, marker)? {
                        found.open(value + 1, Until::Bracket);
                    }
                }
                return Ok(());
            }
            let start = site.start;
            let header = view.slice(site.key.clone()).contains(&b'-');
            if let Some(quote) = quote_before(view, start).filter(|_| header) {
                return quoted_header(view, value, quote, found);
            }
            let style = Style::Colon {
                starts_line: view.starts_line(start),
                in_literal: in_literal(view, start),
            };
            value::hide(view, value, style, key.plural, found)
        }
        Some(b'\'' | b'E' | b'N') if secret && sign > at && is_word(view, &site.key, b"password") => {
            let quote = sign + usize::from(view.at(sign)? != Some(b'\''));
            match view.at(quote)? {
                Some(b'\'') => value::hide(view, quote, Style::Assigned, key.plural, found),
                _ => Ok(()),
            }
        }
        Some(b'(') if secret && sign == at && is_word(view, &site.key, b"password") => match view.at(at + 1)? {
            Some(b'\'' | b'"') => value::hide(view, at + 1, Style::Assigned, key.plural, found),
            _ => Ok(()),
        },
        // Also where other text touches the flag: that may be hidden, and a second pass would see the flag alone.
        Some(_) if secret && sign > at && view.slice(site.key.clone()).windows(2).any(|two| two == b"--") => {
            flag::value(view, site, sign, key, found)
        }
        _ => Ok(()),
    }
}

/// `"X-Api-Key: value"`: all up to the quote.
fn quoted_header(view: &View<'_>, at: usize, quote: crate::until::Quote, found: &mut Found) -> Result<(), More> {
    found.hold_from(at);
    if !crate::until::placeholder_string(view, at, quote)? {
        found.open(at, Until::Line(Some(quote)));
    }
    Ok(())
}

/// Behind `=`, `:=` or `=>`: blanks on both sides, or on none.
fn assigned(view: &View<'_>, sign: usize, key: Sensitive, found: &mut Found) -> Result<(), More> {
    let long = match (view.at(sign)?, view.at(sign + 1)?) {
        (Some(b':'), Some(b'=')) | (Some(b'='), Some(b'>')) => true,
        (Some(b'='), Some(b'=' | b'~')) => return Ok(()),
        _ => false,
    };
    if long && key.kind == KeyKind::Identifier {
        return Ok(());
    }
    let end = sign + 1 + usize::from(long);
    let value = skip_space(view, end, false)?;
    let blank_before = view.before(sign).is_some_and(is_blank);
    if !long && blank_before != (value > end) {
        return Ok(());
    }
    value::hide(view, value, Style::Assigned, key.plural, found)?;
    replaced(view, value, found)
}

/// `"old" -> "new"` of a plan: the new value as well.
fn replaced(view: &View<'_>, value: usize, found: &mut Found) -> Result<(), More> {
    if view.at(value)? != Some(b'"') {
        return Ok(());
    }
    let quote = crate::until::Quote { mark: b'"', slashes: 0 };
    let mut end = value + 1;
    while end < value + crate::view::LOOK_BACK && view.at(end)?.is_some_and(|byte| byte != b'"' && byte != b'\n') {
        end += 1 + usize::from(view.at(end)? == Some(b'\\'));
    }
    for arrow in [&b"\" -> "[..], b"\" => "] {
        if view.is(end, arrow)? && quote_at(view, end + arrow.len())? == Some(quote) {
            return value::hide(view, end + arrow.len(), Style::Assigned, false, found);
        }
    }
    Ok(())
}

/// `name: DB_PASSWORD` and, on the next line, `value: x`, as in the environment of a container.
fn yaml_value(view: &View<'_>, site: &Site, line_end: usize, key: Sensitive, found: &mut Found) -> Result<(), More> {
    let start = site.start - usize::from(site.quote.is_some());
    let Some(line) = view.line_start(start) else {
        return Ok(());
    };
    let before = view.slice(line..start).trim_ascii();
    let before = before.strip_prefix(b"-").unwrap_or(before).trim_ascii_start();
    if ![&b"name:"[..], b"key:", b"Name:", b"Key:"].contains(&before) {
        return Ok(());
    }
    let next = skip_space(view, line_end, true)?;
    if view.is(next, b"value: ")? || view.is(next, b"Value: ")? {
        let value = skip_space(view, next + 6, false)?;
        value::hide(view, value, Style::Assigned, key.plural, found)?;
    }
    Ok(())
}

fn is_word(view: &View<'_>, key: &Range<usize>, word: &[u8]) -> bool {
    view.slice(key.clone()).eq_ignore_ascii_case(word)
}

/// Whether a key follows `{`, `,` or `(` as in a literal.
fn in_literal(view: &View<'_>, at: usize) -> bool {
    let head = view.slice(at.saturating_sub(8)..at).trim_ascii_end();
    head.last().is_some_and(|byte| b"{,(".contains(byte))
}
