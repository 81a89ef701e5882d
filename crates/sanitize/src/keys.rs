//! Which keys are sensitive (R6): the words of a key against a list.

/// What a sensitive key says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The value is a secret.
    Secret,
    /// The value identifies a person: hidden in maps and JSON, in text only after `=`.
    Identifier,
    /// A header of credentials: a scheme, then the secret.
    Authorization,
    /// A header of cookies.
    Cookie,
    /// A list of `name=value` headers (`OTEL_EXPORTER_OTLP_HEADERS`).
    Headers,
}

/// A key that was found sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// What its value is.
    pub kind: KeyKind,
    /// A plural, which does not count before a number or a boolean.
    pub plural: bool,
}

/// Keys longer than this many bytes are none.
pub(crate) const LONGEST: usize = 128;

use KeyKind::{Authorization, Cookie, Identifier, Secret};

/// The sensitive keys, in words.
#[rustfmt::skip]
static LIST: &[(KeyKind, &[&str])] = &[
    (Secret, &["password"]), (Secret, &["passwd"]), (Secret, &["pwd"]), (Secret, &["passphrase"]),
    (Secret, &["password", "hash"]), (Secret, &["secret"]), (Secret, &["secret", "key"]), (Secret, &["client", "secret"]),
    (Secret, &["secret", "enc"]), (Secret, &["api", "key"]), (Secret, &["access", "key"]),
    (Secret, &["secret", "access", "key"]), (Secret, &["account", "key"]), (Secret, &["private", "key"]),
    (Secret, &["private", "key", "enc"]), (Secret, &["ssh", "key"]), (Secret, &["signing", "key"]),
    (Secret, &["encryption", "key"]), (Secret, &["access", "token"]), (Secret, &["refresh", "token"]),
    (Secret, &["id", "token"]), (Secret, &["auth", "token"]), (Secret, &["token"]),
    (Authorization, &["authorization"]), (Authorization, &["proxy", "authorization"]),
    (Cookie, &["cookie"]), (Cookie, &["set", "cookie"]), (Secret, &["credential"]), (Secret, &["credentials"]),
    (Secret, &["connection", "string"]), (Secret, &["stripe", "customer", "id"]), (Secret, &["payment", "reference"]),
    (Secret, &["access", "secret", "enc"]), (Secret, &["scheduler", "metadata"]), (Secret, &["x", "honeycomb", "team"]),
    (Identifier, &["email"]), (Identifier, &["email", "address"]), (Identifier, &["username"]),
    (Identifier, &["user", "name"]),
];

/// The words whose plurals are sensitive too.
static PLURALS: &[&[&str]] = &[
    &["secret"],
    &["password"],
    &["token"],
    &["api", "key"],
    &["access", "key"],
    &["private", "key"],
];

/// The words by which the scan finds a key; each key of the list holds one of them.
#[rustfmt::skip]
pub(crate) static ANCHORS: &[&str] = &[
    "password", "passwd", "pwd", "passphrase", "secret", "key", "token", "authorization", "cookie", "credential",
    "connection", "customer", "payment", "scheduler", "honeycomb", "email", "username", "user_name", "user-name",
    "user.name", "user name", "otlp_headers", "_headers",
];

/// The words of a key, last one first, lower case.
fn words(key: &[u8]) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = Vec::with_capacity(4);
    let mut word: Vec<u8> = Vec::with_capacity(16);
    for (at, &byte) in key.iter().enumerate().rev() {
        if !byte.is_ascii_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        word.push(byte.to_ascii_lowercase());
        // A hump starts here: `aB` before the `B`, `APIKey` before the `K`.
        let before = at.checked_sub(1).map(|before| key[before]);
        let next_is_lower = key.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let hump = byte.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase() || before.is_ascii_digit() || (before.is_ascii_uppercase() && next_is_lower)
            });
        if hump {
            words.push(std::mem::take(&mut word));
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words.iter_mut().for_each(|word| word.reverse());
    words
}

/// Keys that a user calls sensitive, besides those of the list.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    extra: Vec<Vec<Vec<u8>>>,
}

impl Keys {
    /// The list and the user's `extra` keys, in any spelling.
    pub(crate) fn new(extra: &[String]) -> Self {
        let mut extra: Vec<_> = extra.iter().map(|key| words(key.as_bytes())).collect();
        extra.retain(|words| !words.is_empty());
        Self { extra }
    }

    /// The words by which the scan finds the user's keys.
    pub(crate) fn extra_anchors(&self) -> impl Iterator<Item = &[u8]> {
        self.extra
            .iter()
            .filter_map(|words| words.iter().max_by_key(|word| word.len()))
            .map(Vec::as_slice)
    }

    /// Whether a key is sensitive, and how.
    pub fn classify(&self, key: &[u8]) -> Option<Sensitive> {
        let key = &key[key.len().saturating_sub(LONGEST)..];
        let words = words(key);
        let last = words.first()?;
        let ends_with = |entry: &[&str]| {
            let separate = words.len() >= entry.len()
                && entry
                    .iter()
                    .rev()
                    .zip(&words)
                    .all(|(want, word)| want.as_bytes() == word.as_slice());
            separate || (entry.len() > 1 && joined(entry, last))
        };
        if let Some((kind, _)) = LIST.iter().find(|(_, entry)| ends_with(entry)) {
            return Some(Sensitive {
                kind: *kind,
                plural: false,
            });
        }
        if last == b"headers" && words.last().is_some_and(|first| first == b"otel") {
            return Some(Sensitive {
                kind: KeyKind::Headers,
                plural: false,
            });
        }
        if self.extra.iter().any(|entry| words.starts_with(entry)) {
            return Some(Sensitive {
                kind: Secret,
                plural: false,
            });
        }
        let singular = last.strip_suffix(b"s")?;
        let plural = PLURALS.iter().any(|entry| match entry {
            [one] => one.as_bytes() == singular,
            [first, second] => {
                let separate =
                    second.as_bytes() == singular && words.get(1).is_some_and(|word| word == first.as_bytes());
                separate || joined(entry, singular)
            }
            _ => false,
        });
        plural.then_some(Sensitive {
            kind: Secret,
            plural: true,
        })
    }
}

/// Whether a word is an entry written without separators.
fn joined(entry: &[&str], word: &[u8]) -> bool {
    let mut rest = word;
    entry.iter().all(|part| {
        rest.strip_prefix(part.as_bytes())
            .inspect(|after| rest = after)
            .is_some()
    }) && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_recognized_in_every_spelling() {
        let keys = Keys::new(&["crown jewel".to_owned()]);
        for key in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "Refresh-Token",
            "APIKey",
            "apikey",
            "x.api.key",
            "ssh_private_key_enc",
            "stripeCustomerId",
            "AWS_SECRET_ACCESS_KEY",
            "clientSecret",
            "tokens",
            "apiKeys",
            "API_KEYS",
            "Set-Cookie",
            "connectionString",
            "X-Honeycomb-Team",
            "userName",
            "email",
            "my_crown_jewel",
            "accesstoken",
            "schedulerMetadata",
        ] {
            assert!(keys.classify(key.as_bytes()).is_some(), "{key}");
        }
        for key in [
            "",
            "token_type",
            "max_token_count",
            "monkey",
            "key",
            "public_key",
            "secret_name",
            "password_policy",
            "author",
            "keyboard",
            "customer_id",
            "user",
            "name",
            "tokenizer",
            "cookies",
            "has_secret_x",
            "passwordless",
            "idempotency_key",
        ] {
            assert!(keys.classify(key.as_bytes()).is_none(), "{key}");
        }
    }

    #[test]
    fn kinds_and_plurals_are_told_apart() {
        let kind = |key: &str| {
            Keys::default()
                .classify(key.as_bytes())
                .map(|found| (found.kind, found.plural))
        };
        assert_eq!(kind("total_tokens"), Some((Secret, true)));
        assert_eq!(kind("pin_token"), Some((Secret, false)));
        assert_eq!(kind("credentials"), Some((Secret, false)));
        assert_eq!(kind("Proxy-Authorization"), Some((Authorization, false)));
        assert_eq!(kind("user.email"), Some((Identifier, false)));
        assert_eq!(
            kind("OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
            Some((KeyKind::Headers, false))
        );
    }
}
