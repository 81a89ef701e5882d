//! JSON texts, read so that they can be changed in place: every value knows where it stands.
//!
//! Read with tolerance: several documents one after the other, and a text that is cut off anywhere (R6).

use crate::keys::Keys;
use crate::tree::{Kind, Node};
use std::borrow::Cow;
use std::ops::Range;

/// Values nested deeper than this are not read as JSON.
const DEEPEST: usize = 200;

/// Where a leaf or a key stands in the text.
#[derive(Debug)]
pub(crate) struct Place {
    /// The characters of a string without its quotes, or of a number.
    pub(crate) range: Range<usize>,
    /// Whether it is a string.
    pub(crate) string: bool,
}

/// JSON documents and where their leaves stand.
#[derive(Debug)]
pub(crate) struct Documents<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// The documents.
    pub(crate) roots: Vec<Node<'a>>,
    /// By the number of the leaf.
    pub(crate) places: Vec<Place>,
}

/// Reads a text as JSON; `None` when it is none.
pub(crate) fn parse(text: &str) -> Option<Documents<'_>> {
    let mut reader = Reader {
        text,
        at: 0,
        places: Vec::new(),
        depth: 0,
    };
    let mut roots = Vec::new();
    loop {
        reader.blanks();
        if reader.at == text.len() {
            break;
        }
        roots.push(reader.value()?);
    }
    // A text of bare words or numbers is left to the rules for text.
    let structured = matches!(roots.first()?.kind, Kind::Map(_) | Kind::List(_) | Kind::Text(_));
    structured.then_some(Documents {
        text,
        roots,
        places: reader.places,
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    places: Vec<Place>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn leaf(&mut self, range: Range<usize>, string: bool) -> usize {
        self.places.push(Place { range, string });
        self.places.len() - 1
    }

    fn value(&mut self) -> Option<Node<'a>> {
        self.blanks();
        match self.peek() {
            None => Some(Node {
                leaf: usize::MAX,
                kind: Kind::Null,
            }),
            Some(b'{') => self.nested(Self::map),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => {
                let (leaf, text) = self.string()?;
                Some(Node {
                    leaf,
                    kind: Kind::Text(text),
                })
            }
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
                    self.at += 1;
                }
                let leaf = self.leaf(start..self.at, false);
                Some(Node {
                    leaf,
                    kind: Kind::Number(Cow::Borrowed(&self.text[start..self.at])),
                })
            }
            _ => {
                let word = ["true", "false", "null"].into_iter().find(|word| {
                    let rest = &self.text[self.at..];
                    rest.starts_with(word) || (!rest.is_empty() && word.starts_with(rest))
                })?;
                self.at = self.text.len().min(self.at + word.len());
                let kind = if word == "null" {
                    Kind::Null
                } else {
                    Kind::Bool(word == "true")
                };
                Some(Node { leaf: usize::MAX, kind })
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Kind<'a>>) -> Option<Node<'a>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Some(Node { leaf: usize::MAX, kind })
    }

    fn list(&mut self) -> Option<Kind<'a>> {
        let mut items = Vec::new();
        self.blanks();
        while self.peek().is_some_and(|byte| byte != b']') {
            items.push(self.value()?);
            self.comma(b']')?;
        }
        self.at = self.text.len().min(self.at + 1);
        Some(Kind::List(items))
    }

    fn map(&mut self) -> Option<Kind<'a>> {
        let mut entries = Vec::new();
        self.blanks();
        while self.peek().is_some_and(|byte| byte != b'}') {
            let (number, key) = self.string()?;
            self.blanks();
            if !matches!(self.peek(), None | Some(b':')) {
                return None;
            }
            self.at = self.text.len().min(self.at + 1);
            entries.push((number, key, self.value()?));
            self.comma(b'}')?;
        }
        self.at = self.text.len().min(self.at + 1);
        Some(Kind::Map(entries))
    }

    /// A comma before the next value, or what closes.
    fn comma(&mut self, close: u8) -> Option<()> {
        self.blanks();
        match self.peek() {
            None => {}
            Some(b',') => {
                self.at += 1;
                self.blanks();
            }
            Some(byte) if byte == close => {}
            Some(_) => return None,
        }
        Some(())
    }

    fn string(&mut self) -> Option<(usize, Cow<'a, str>)> {
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            match memchr::memchr2(b'"', b'\\', rest) {
                None => self.at = self.text.len(),
                Some(len) if rest[len] == b'\\' => {
                    escaped = true;
                    // A character that is escaped raw may be longer than one byte.
                    let after = self
                        .text
                        .get(self.at + len + 1..)
                        .and_then(|after| after.chars().next());
                    self.at += len + 1 + after.map_or(0, char::len_utf8);
                    continue;
                }
                Some(len) => self.at += len,
            }
            break;
        }
        let range = start..self.at;
        let raw = &self.text[range.clone()];
        if !escaped && raw.bytes().any(|byte| byte == b'\n') {
            // No JSON: a quoted text over lines.
            return None;
        }
        self.at = self.text.len().min(self.at + 1);
        let text = if escaped {
            Cow::Owned(decode(raw).map(|(c, _)| c).collect())
        } else {
            Cow::Borrowed(raw)
        };
        Some((self.leaf(range, true), text))
    }
}

/// The characters of a raw string, and how many bytes each takes there; what is no escape stands for itself.
fn decode(raw: &str) -> impl Iterator<Item = (char, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = raw.get(at..)?;
        let c = rest.chars().next()?;
        let (c, len) = if c == '\\' { escaped(rest) } else { (c, c.len_utf8()) };
        at += len;
        Some((c, len))
    })
}

/// What a raw string says.
pub(crate) fn decoded(raw: &str) -> String {
    decode(raw).map(|(c, _)| c).collect()
}

fn escaped(rest: &str) -> (char, usize) {
    let simple = |c: char| (c, 2);
    match rest.as_bytes().get(1) {
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'u') => unicode(rest),
        Some(_) => rest.chars().nth(1).map_or(('\\', 1), |c| (c, 1 + c.len_utf8())),
        None => ('\\', 1),
    }
}

fn unicode(rest: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = rest
            .get(at + 2..at + 6)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        (rest.get(at..at + 2)? == "\\u")
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    };
    let Some(first) = unit(0) else { return ('\u{fffd}', 2) };
    if let Some(c) = char::from_u32(first) {
        return (c, 6);
    }
    let second = unit(6).filter(|second| (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(second));
    let paired = second.and_then(|second| char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
    paired.map_or(('\u{fffd}', 6), |c| (c, 12))
}

/// Where a range of the decoded string stands in the raw text, whose string has the given place.
pub(crate) fn raw(text: &str, place: &Range<usize>, decoded: &Range<usize>) -> Range<usize> {
    let (mut raw, mut seen) = (place.start, 0);
    let mut start = None;
    for (c, len) in decode(&text[place.clone()]) {
        if seen >= decoded.start && start.is_none() {
            start = Some(raw);
        }
        if seen >= decoded.end {
            break;
        }
        raw += len;
        seen += c.len_utf8();
    }
    start.unwrap_or(raw)..raw
}

/// A text as it stands within a JSON string.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// The strings under the sensitive keys of a JSON object (R3).
pub(crate) fn secret_strings(text: &[u8], keys: &Keys) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if let Some(documents) = std::str::from_utf8(text).ok().and_then(parse) {
        documents
            .roots
            .iter()
            .for_each(|root| collect(root, keys, false, &mut found));
    }
    found
}

fn collect(node: &Node<'_>, keys: &Keys, secret: bool, found: &mut Vec<Vec<u8>>) {
    match &node.kind {
        Kind::Text(text) if secret => found.push(text.as_bytes().to_vec()),
        Kind::List(items) => items.iter().for_each(|item| collect(item, keys, secret, found)),
        Kind::Map(entries) => {
            for (_, key, value) in entries {
                let kind = keys.classify(key.as_bytes()).map(|key| key.kind);
                let sensitive = kind.is_some_and(|kind| kind != crate::keys::KeyKind::Identifier);
                collect(value, keys, secret || sensitive, found);
            }
        }
        _ => {}
    }
}

/// The keys of an object.
pub(crate) fn keys<'n, 'a>(node: &'n Node<'a>) -> Vec<&'n Cow<'a, str>> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().map(|(_, key, _)| key).collect(),
        _ => Vec::new(),
    }
}
