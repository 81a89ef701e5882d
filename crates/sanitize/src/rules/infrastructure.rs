//! What infrastructure code marks as secret in the JSON of a stream (R18).

use super::Context;
use super::site::{quote_at, quote_before};
use super::value::skip_space;
use crate::found::Found;
use crate::until::{Document, Until};
use crate::view::{More, View};
use std::ops::Range;

/// The keys that mark a value or may be marked; those that are common words with what follows them.
pub(super) static WORDS: &[&str] = &[
    "sensitive",
    "4dabf18193072939515e22adb298388d",
    "secret",
    "value\"",
    "value\\",
    "plaintext\"",
    "plaintext\\",
    "ciphertext\"",
    "ciphertext\\",
    "after\"",
    "before\"",
    "values\"",
];

/// Texts in which something is marked.
pub(super) static HITS: &[(&str, &str)] = &[
    (
        r#"x {"sensitive":true,"type":"string","value":"q"} y"#,
        r#"x {"sensitive":true,"type":"string","value":"[REDACTED]"} y"#,
    ),
    (
        r#"{"o":{"value":{"a":"q","n":4},"type":"map","sensitive":true},"u":{"value":"u"}}"#,
        r#"{"o":{"value":{"a":"[REDACTED]","n":"[REDACTED]"},"type":"map","sensitive":true},"u":{"value":"u"}}"#,
    ),
    (
        "{\n  \"value\": 4711,\n  \"secret\": true\n}\n",
        "{\n  \"value\": \"[REDACTED]\",\n  \"secret\": true\n}\n",
    ),
    (
        r#"[{"Value":"q","Secret":true}]"#,
        r#"[{"Value":"[REDACTED]","Secret":true}]"#,
    ),
    (
        "{\n \"4dabf18193072939515e22adb298388d\": \"1b47061264138c4ac30d75fd1eb44270\",\n \"plaintext\": \"\\\"q\\\"\"\n}",
        "{\n \"4dabf18193072939515e22adb298388d\": \"1b47061264138c4ac30d75fd1eb44270\",\n \"plaintext\": \"[REDACTED]\"\n}",
    ),
    (
        r#"{"ciphertext":"v1:q","4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"}"#,
        r#"{"ciphertext":"[REDACTED]","4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"}"#,
    ),
    (
        r#"{"before":null,"after":{"a":"q","b":"k","l":["k",7]},"after_sensitive":{"a":true,"l":[false,true]}}"#,
        r#"{"before":null,"after":{"a":"[REDACTED]","b":"k","l":["k","[REDACTED]"]},"after_sensitive":{"a":true,"l":[false,true]}}"#,
    ),
    (
        r#"{"m":"{\"sensitive\":true,\"value\":\"q\"}"}"#,
        r#"{"m":"{\"sensitive\":true,\"value\":\"[REDACTED]\"}"}"#,
    ),
    (
        r#"{"value":"q","name":"DB_PASSWORD"}"#,
        r#"{"value":"[REDACTED]","name":"DB_PASSWORD"}"#,
    ),
    (
        r#"{"name":"DB_PASSWORD","type":"x","value":"q"}"#,
        r#"{"name":"DB_PASSWORD","type":"x","value":"[REDACTED]"}"#,
    ),
];

/// Texts in which nothing is.
pub(super) static MISSES: &[&str] = &[
    r#"{"sensitive":false,"value":"u"}"#,
    r#"{"value":"u","type":"string","sensitive":false}"#,
    r#"{"value":"u","name":"TZ"}"#,
    r#"{"a":{"sensitive":true},"value":"u"}"#,
    r#"{"sensitive":true,"value":null}"#,
    r#"{"after":{"a":"u"},"after_sensitive":{},"before":{"a":"u"},"before_sensitive":false}"#,
    r#"let map = {"value": x, "sensitive": true};"#,
    r#"{"sensitive":true,"value":"[REDACTED]"}"#,
];

/// A quoted key: the object around it is walked.
pub(super) fn mark(view: &View<'_>, anchor: Range<usize>, _: &Context<'_>, found: &mut Found) -> Result<(), More> {
    let tail = matches!(view.before(anchor.end), Some(b'"' | b'\\'));
    let end = anchor.end - usize::from(tail);
    let Some(quote) = quote_before(view, anchor.start).filter(|quote| quote.mark == b'"') else {
        return Ok(());
    };
    if quote_at(view, end)? != Some(quote) {
        return Ok(());
    }
    let colon = skip_space(view, end + quote.len(), true)?;
    if view.at(colon)? == Some(b':') {
        let document = Document::new(quote.slashes, None);
        found.open(anchor.start - quote.len(), Until::Document(document));
    }
    Ok(())
}
