//! HTTP headers that carry credentials (R10).

use super::site::{Site, quote_at, quote_before};
use super::value::{self, Style, skip_space};
use super::{Context, Find, Matcher, Rule};
use crate::chars::{ALNUM, BEARER, KEY, VALUE};
use crate::found::Found;
use crate::keys::{self, KeyKind};
use crate::placeholder;
use crate::until::{Class, Pairs, Quote, Until};
use crate::view::{LOOK_BACK, More, View};
use std::ops::Range;

/// The rules of this family.
pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "authorization-header",
        contract: "R10",
        why: "what follows the scheme of an Authorization header is a credential",
        find: Find::Near(&["authorization"], Matcher(authorization)),
        hits: &[
            (
                "authorization: Bearer 6Bmwjv3q\nvia: p",
                "authorization: Bearer [REDACTED]\nvia: p",
            ),
            (
                "-H \"Proxy-Authorization: Basic YTpi\" u",
                "-H \"Proxy-Authorization: Basic [REDACTED]\" u",
            ),
            (
                "map[Authorization:[token abc]]",
                "map[Authorization:[token [REDACTED]]]",
            ),
            (
                "{\"Authorization\":\"Bearer abc\",\"a\":1}",
                "{\"Authorization\":\"Bearer [REDACTED]\",\"a\":1}",
            ),
            ("Authorization: 0123abc\n", "Authorization: [REDACTED]\n"),
            (
                "x {authorization: Bearer abc1, accept: y}",
                "x {authorization: Bearer [REDACTED], accept: y}",
            ),
        ],
        misses: &[
            "authorization is required",
            "Authorization: Bearer $TOKEN\n",
            "use authorization: Bearer token auth",
            "async_require_authorization::{service, layer9}",
            "header::AUTHORIZATION => \"abcdefghijklmnopqrstuvwxyz\"",
            "[`Authorization`]: https://example.test/a-long-address-of-a-page",
        ],
    },
    Rule {
        id: "cookie-header",
        contract: "R10",
        why: "cookies are sessions",
        find: Find::Near(&["cookie"], Matcher(cookie)),
        hits: &[
            ("cookie: a=rkhg; b=2\nvia: p", "cookie: [REDACTED]\nvia: p"),
            ("-H 'Set-Cookie: s=1; Path=/' x", "-H 'Set-Cookie: [REDACTED]' x"),
            ("{\"cookie\":\"a=b\"}", "{\"cookie\":\"[REDACTED]\"}"),
            ("Cookie: ***; b=c1\n", "Cookie: ***; [REDACTED]\n"),
        ],
        misses: &[
            "cookie: none taken",
            "cookies are off",
            "use crate::cookie::service9::CookieService;",
        ],
    },
    Rule {
        id: "otlp-headers",
        contract: "R10",
        why: "exporters take their credentials from OTEL_EXPORTER_OTLP_HEADERS",
        find: Find::Near(&["headers"], Matcher(otlp_headers)),
        hits: &[
            (
                "OTEL_EXPORTER_OTLP_HEADERS=api-key=abc,x=1 y",
                "OTEL_EXPORTER_OTLP_HEADERS=api-key=[REDACTED],x=[REDACTED] y",
            ),
            (
                "OTEL_EXPORTER_OTLP_LOGS_HEADERS=\"a=Bearer b\"",
                "OTEL_EXPORTER_OTLP_LOGS_HEADERS=\"a=[REDACTED]\"",
            ),
        ],
        misses: &["OTEL_EXPORTER_OTLP_HEADERS is unset", "headers=a=b"],
    },
    Rule {
        id: "bearer",
        contract: "R10",
        why: "a bearer credential of 20 characters or more",
        find: Find::Near(&["bearer ", "bearer\t"], Matcher(bearer)),
        hits: &[
            ("sent bearer 6Bmwjv3q2mohD0sIy6je ok", "sent bearer [REDACTED] ok"),
            ("Bearer   6Bmwjv3q2mohD0sIy6je ok", "Bearer   [REDACTED] ok"),
        ],
        misses: &["the bearer token has expired", "Bearer short1"],
    },
];

/// Schemes whose credential is one word.
const ONE_WORD: &[&[u8]] = &[
    b"bearer",
    b"basic",
    b"token",
    b"apikey",
    b"api-key",
    b"negotiate",
    b"ntlm",
    b"ssws",
    b"splunk",
    b"geniekey",
    b"jwt",
    b"bot",
];
/// Schemes with parameters.
const MANY_WORDS: &[&[u8]] = &[
    b"digest",
    b"oauth",
    b"hawk",
    b"aws4-hmac-sha256",
    b"hmac",
    b"signature",
    b"hoba",
    b"mutual",
    b"scram-sha-256",
];
/// Words of prose behind the name of a scheme.
const PROSE: &[&[u8]] = &[
    b"token",
    b"tokens",
    b"auth",
    b"authentication",
    b"header",
    b"headers",
    b"scheme",
    b"is",
    b"required",
    b"missing",
];

/// The value of a header: where it starts, the quote that ends it, whether a bracket does.
struct Value {
    start: usize,
    quote: Option<Quote>,
    bracket: bool,
    starts_line: bool,
}

fn header(view: &View<'_>, anchor: &Range<usize>, context: &Context<'_>, kind: KeyKind) -> Result<Option<Value>, More> {
    if view.at(anchor.end)?.is_some_and(|next| ALNUM.has(next)) {
        return Ok(None);
    }
    match Site::lead(view, anchor.end)? {
        None => return Ok(None),
        Some(b' ' | b'\t') => {
            let blanks = skip_space(view, view.run(anchor.end, &KEY, keys::LONGEST)?, false)?;
            if !matches!(view.at(blanks)?, Some(b':' | b'=')) {
                return Ok(None);
            }
        }
        Some(_) => {}
    }
    let Some(site) = Site::around(view, anchor)? else {
        return Ok(None);
    };
    if context
        .keys
        .classify(view.slice(site.key.clone()))
        .is_none_or(|key| key.kind != kind)
    {
        return Ok(None);
    }
    // A link of Markdown: [`Authorization`]: https://…
    if site.quote.is_some_and(|quote| quote.mark == b'`') && view.before(site.after) == Some(b']') {
        return Ok(None);
    }
    let sign = skip_space(view, site.after, false)?;
    // In source code `::` parts the names of a path, and is no separator.
    let in_path = view.slice(0..site.key.start).ends_with(b"::");
    let mut start = match view.at(sign)? {
        Some(b':') if sign == site.after && view.at(sign + 1)? == Some(b':') => return Ok(None),
        Some(b':') => sign + 1,
        Some(b'=') if in_path => return Ok(None),
        Some(b'=') => sign + 1 + usize::from(view.at(sign + 1)? == Some(b'>')),
        _ => return Ok(None),
    };
    start = skip_space(view, start, site.quote.is_some())?;
    let mut quote = if site.quote.is_none() {
        quote_before(view, site.key.start)
    } else {
        None
    };
    let bracket = view.at(start)? == Some(b'[') && !view.is(start, placeholder::MARKER.as_bytes())?;
    start += usize::from(bracket);
    if let Some(own) = quote_at(view, start)? {
        start += own.len();
        quote = Some(own);
    }
    let starts_line = view.starts_line(site.key.start);
    Ok(Some(Value {
        start,
        quote,
        bracket: bracket && quote.is_none(),
        starts_line,
    }))
}

fn authorization(view: &View<'_>, anchor: Range<usize>, context: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let Some(value) = header(view, &anchor, context, KeyKind::Authorization)? else {
        return Ok(());
    };
    found.hold_from(value.start);
    let until = |one_word: bool| match (value.quote, value.bracket) {
        (Some(quote), _) => Until::Line(Some(quote)),
        (None, true) => Until::Bracket,
        (None, false) if value.starts_line || !one_word => Until::Line(None),
        (None, false) => Until::Value { in_json: false },
    };
    let end = view.run(value.start, &VALUE, 128)?;
    let scheme = view.slice(value.start..end).to_ascii_lowercase();
    let one_word = ONE_WORD.contains(&scheme.as_slice());
    if one_word || MANY_WORDS.contains(&scheme.as_slice()) {
        let start = skip_space(view, end, false)?;
        let next = view.slice(start..view.run(start, &VALUE, 64)?);
        let prose = PROSE.contains(&next) && value.quote.is_none() && !value.bracket;
        if start > end && !prose && !is_placeholder(view, start)? {
            found.open(start, until(one_word));
            return Ok(());
        }
        if start > end || value.quote.is_some() || value.bracket {
            return Ok(());
        }
    }
    if value.quote.is_some() || value.bracket {
        if !is_placeholder(view, value.start)? {
            found.open(value.start, until(true));
        }
        return Ok(());
    }
    let style = Style::Colon {
        starts_line: value.starts_line,
        in_literal: false,
    };
    let hits = found.opens.len();
    value::hide(view, value.start, style, false, found)?;
    if found.opens.len() > hits && value.starts_line {
        found.opens.truncate(hits);
        found.open(value.start, Until::Line(None));
    }
    Ok(())
}

fn is_placeholder(view: &View<'_>, at: usize) -> Result<bool, More> {
    let end = view.run(at, &NOT_END, placeholder::LONGEST)?;
    let text = view.slice(at..end);
    Ok(text.is_empty()
        || placeholder::prefix(text).is_some_and(|len| text.get(len).is_none_or(|byte| !VALUE.has(*byte))))
}

static NOT_END: crate::chars::Set = crate::chars::Set::except(b"\r\n\"'`");

fn cookie(view: &View<'_>, anchor: Range<usize>, context: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let Some(value) = header(view, &anchor, context, KeyKind::Cookie)? else {
        return Ok(());
    };
    let mut value = value;
    found.hold_from(value.start);
    let mut first = view.slice(value.start..view.run(value.start, &COOKIE, LOOK_BACK)?);
    for _ in 0..8 {
        if !placeholder::is_placeholder(first) {
            break;
        }
        let end = value.start + first.len();
        if first.is_empty() || view.at(end)? != Some(b';') {
            return Ok(());
        }
        value.start = skip_space(view, end + 1, false)?;
        first = view.slice(value.start..view.run(value.start, &COOKIE, LOOK_BACK)?);
    }
    if placeholder::is_placeholder(first) {
        return Ok(());
    }
    if value.quote.is_some() || first.contains(&b'=') {
        let until = if value.bracket {
            Until::Bracket
        } else {
            Until::Line(value.quote)
        };
        found.open(value.start, until);
        return Ok(());
    }
    value::hide(
        view,
        value.start,
        Style::Colon {
            starts_line: value.starts_line,
            in_literal: false,
        },
        false,
        found,
    )
}

static COOKIE: crate::chars::Set = crate::chars::Set::except(b" \t\r\n;\"'");

fn otlp_headers(view: &View<'_>, anchor: Range<usize>, context: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let Some(value) = header(view, &anchor, context, KeyKind::Headers)? else {
        return Ok(());
    };
    found.hold_from(value.start);
    found.open(value.start, Until::Pairs(Pairs::new(value.quote.is_some())));
    Ok(())
}

fn bearer(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    if !view.starts_word(anchor.start) {
        return Ok(());
    }
    let start = skip_space(view, anchor.end, false)?;
    found.hold_from(start);
    let end = view.run(start, &BEARER, 20)?;
    if end - start == 20 {
        found.open(start, Until::Not(Class(&BEARER)));
    }
    Ok(())
}
