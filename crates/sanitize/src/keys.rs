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

use crate::chars::Set;
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

/// The words by which the scan finds a key; each key of the list but the headers holds one of them.
#[rustfmt::skip]
pub(crate) static ANCHORS: &[&str] = &[
    "password", "passwd", "pwd", "passphrase", "secret", "key", "token", "credential", "connection", "customer",
    "payment", "scheduler", "honeycomb", "email", "username", "user_name", "user-name", "user.name", "user name",
    "pass_word", "pass-word", "pass_phrase", "pass-phrase",
];

/// What may follow one of them, where a value follows the key: the end of the key, of the word, or of a plural; `key_enc`.
pub(crate) static FOLLOWS: Set = Set::new(&[], b"=:>,(/\"'`\\ \t\r\n_.-sSeE");

/// The words of a key, the last one first: parted by what is no letter or digit, and by humps.
struct Words<'a> {
    key: &'a [u8],
    end: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let class = |at: usize| CLASSES[usize::from(self.key[at])];
        let mut end = self.end;
        while end > 0 && class(end - 1) == Class::Other {
            end -= 1;
        }
        let (mut start, mut after) = (end, Class::Other);
        while start > 0 {
            let here = class(start - 1);
            if here == Class::Other {
                break;
            }
            start -= 1;
            // A hump: `aB` before the `B`, `APIKey` before the `K`.
            if here == Class::Upper && start > 0 {
                match class(start - 1) {
                    Class::Lower | Class::Digit => break,
                    Class::Upper if after == Class::Lower => break,
                    _ => {}
                }
            }
            after = here;
        }
        self.end = start;
        (start < end).then(|| &self.key[start..end])
    }
}

/// What a byte is to the words of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Other,
    Lower,
    Digit,
    Upper,
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => Class::Lower,
            b'0'..=b'9' => Class::Digit,
            b'A'..=b'Z' => Class::Upper,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

/// No word of the list is longer, written without separators.
const LONGEST_WORD: usize = 24;

/// A key of the list, as it is looked up by its last word or by all of its words in one.
#[derive(Clone, Debug)]
struct Entry {
    word: Vec<u8>,
    /// The words before it, the last one first.
    before: Vec<Vec<u8>>,
    found: Sensitive,
}

/// The sensitive keys: those of the list, and those that a user adds.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Sorted by slot.
    entries: Vec<Entry>,
    starts: Vec<u16>,
    /// The longest word of each key of the user.
    extra_anchors: Vec<Vec<u8>>,
}

impl Default for Keys {
    fn default() -> Self {
        Self::new(&[])
    }
}

const SLOTS: usize = 256;

/// Where a word is looked up: by its length, its first and its last letter.
#[inline]
fn slot(word: &[u8]) -> usize {
    let letter = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte | 0x20));
    (word.len() * 37 + letter(word.first()) * 5 + letter(word.last())) % SLOTS
}

fn lower(word: &[u8]) -> Vec<u8> {
    word.to_ascii_lowercase()
}

impl Keys {
    /// The list and the user's `extra` keys, in any spelling.
    pub(crate) fn new(extra: &[String]) -> Self {
        let mut entries = Vec::new();
        let mut add = |words: &[Vec<u8>], found: Sensitive| {
            if let [word, before @ ..] = words {
                entries.push(Entry {
                    word: word.clone(),
                    before: before.to_vec(),
                    found,
                });
            }
            if words.len() > 1 {
                let joined: Vec<u8> = words.iter().rev().flatten().copied().collect();
                entries.push(Entry {
                    word: joined,
                    before: Vec::new(),
                    found,
                });
            }
        };
        let reversed =
            |entry: &[&str]| -> Vec<Vec<u8>> { entry.iter().rev().map(|word| lower(word.as_bytes())).collect() };
        for (kind, entry) in LIST {
            let found = Sensitive {
                kind: *kind,
                plural: false,
            };
            add(&reversed(entry), found);
        }
        let mut extra_anchors = Vec::new();
        for key in extra {
            let words: Vec<Vec<u8>> = Words::of(key.as_bytes()).map(lower).collect();
            let found = Sensitive {
                kind: Secret,
                plural: false,
            };
            add(&words, found);
            extra_anchors.extend(words.into_iter().max_by_key(Vec::len));
        }
        for entry in PLURALS {
            let mut words = reversed(entry);
            words[0].push(b's');
            let found = Sensitive {
                kind: Secret,
                plural: true,
            };
            add(&words, found);
        }
        entries.sort_by_key(|entry| slot(&entry.word));
        let mut starts = vec![0u16; SLOTS + 1];
        for entry in &entries {
            starts[slot(&entry.word) + 1] += 1;
        }
        (1..=SLOTS).for_each(|at| starts[at] += starts[at - 1]);
        Self {
            entries,
            starts,
            extra_anchors,
        }
    }

    /// The words by which the scan finds the user's keys.
    pub(crate) fn extra_anchors(&self) -> impl Iterator<Item = &[u8]> {
        self.extra_anchors.iter().map(Vec::as_slice)
    }

    /// Whether a key is sensitive, and how.
    pub fn classify(&self, key: &[u8]) -> Option<Sensitive> {
        let key = &key[key.len().saturating_sub(LONGEST)..];
        let mut words = Words::of(key);
        let last = words.next()?;
        let start = words.end;
        if let Some(found) = self.look_up(last, || Words { key, end: start }) {
            return Some(found);
        }
        if last.eq_ignore_ascii_case(b"headers")
            && words.last().is_some_and(|first| first.eq_ignore_ascii_case(b"otel"))
        {
            return Some(Sensitive {
                kind: KeyKind::Headers,
                plural: false,
            });
        }
        // The whole key without separators: `Pass-Word`.
        if start == 0 || key.len() > LONGEST_WORD {
            return None;
        }
        let mut whole = [0; LONGEST_WORD];
        let mut len = 0;
        for byte in key.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
            whole[len] = *byte;
            len += 1;
        }
        self.look_up(&whole[..len], || Words::of(b""))
    }

    /// Whether what stands before a key could change [`Self::classify`]'s answer.
    pub(crate) fn goes_back(&self, key: &[u8]) -> bool {
        let last = Words::of(key).next().unwrap_or_default();
        let slot = slot(last);
        let range = usize::from(self.starts[slot])..usize::from(self.starts[slot + 1]);
        last.eq_ignore_ascii_case(b"headers")
            || self.entries[range]
                .iter()
                .any(|entry| !entry.before.is_empty() && entry.word.eq_ignore_ascii_case(last))
    }

    #[inline]
    fn look_up<'w>(&self, word: &[u8], before: impl Fn() -> Words<'w>) -> Option<Sensitive> {
        let slot = slot(word);
        let range = usize::from(self.starts[slot])..usize::from(self.starts[slot + 1]);
        let hit = self.entries[range].iter().find(|entry| {
            entry.word.eq_ignore_ascii_case(word)
                && (entry.before.is_empty() || {
                    let mut before = before();
                    entry
                        .before
                        .iter()
                        .all(|want| before.next().is_some_and(|word| want.eq_ignore_ascii_case(word)))
                })
        });
        hit.map(|entry| entry.found)
    }
}

impl<'a> Words<'a> {
    fn of(key: &'a [u8]) -> Self {
        Self { key, end: key.len() }
    }
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
            "passWord",
            "Pass-Phrase",
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
