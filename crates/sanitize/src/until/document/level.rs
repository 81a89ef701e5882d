//! One object or array of the walk: what its keys said so far, and which of its values wait for a mark.

use super::{FURTHEST, hide, named};
use crate::found::{Found, Mark};
use crate::json;
use crate::keys::Sensitive;
use crate::tree::masked_leaves;
use crate::until::Quote;
use crate::view::{More, View};

/// The key by which Pulumi marks an object as special, and its value for a secret.
const SIGNATURE: (&[u8], &[u8]) = (b"4dabf18193072939515e22adb298388d", b"1b47061264138c4ac30d75fd1eb44270");

/// What is said of values and the masks over them, in a Terraform plan and in its state.
const MASKS: [(&[u8], &[u8]); 3] = [
    (b"after", b"after_sensitive"),
    (b"before", b"before_sensitive"),
    (b"values", b"sensitive_values"),
];

/// A value that was seen: its key, where it starts and, once it has arrived whole, ends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    key: &'static [u8],
    start: usize,
    end: Option<usize>,
}

/// The keys whose values are of interest.
static KNOWN: [&[u8]; 18] = [
    b"value",
    b"Value",
    b"plaintext",
    b"ciphertext",
    b"after",
    b"after_sensitive",
    b"before",
    b"before_sensitive",
    b"values",
    b"sensitive_values",
    b"sensitive",
    b"secret",
    b"Secret",
    b"name",
    b"key",
    b"Name",
    b"Key",
    SIGNATURE.0,
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    object: bool,
    /// The next string is a key.
    at_key: bool,
    key: Option<&'static [u8]>,
    sensitive: bool,
    capital: bool,
    signed: bool,
    named: Option<Sensitive>,
    seen: Vec<Seen>,
}

impl Level {
    pub(super) fn object(named: Option<Sensitive>) -> Self {
        Self {
            object: true,
            at_key: true,
            named,
            ..Self::default()
        }
    }

    pub(super) fn list() -> Self {
        Self::default()
    }

    pub(super) fn expects_key(&self) -> bool {
        self.at_key
    }

    /// The first value that waits.
    pub(super) fn held(&self) -> Option<usize> {
        self.seen.iter().map(|seen| seen.start).min()
    }

    pub(super) fn shift(&mut self, len: usize) {
        for seen in &mut self.seen {
            seen.start -= len;
            seen.end = seen.end.map(|end| end - len);
        }
    }

    /// Values whose mark would be too far off at `pos` wait no longer.
    pub(super) fn forget(&mut self, pos: usize) {
        self.seen.retain(|seen| pos <= seen.start + FURTHEST);
    }

    pub(super) fn separator(&mut self, byte: u8) {
        self.at_key = byte == b',' && self.object;
        if byte == b',' {
            self.key = None;
        }
    }

    /// A key has arrived.
    pub(super) fn key(&mut self, raw: &[u8]) {
        self.key = KNOWN.into_iter().find(|known| *known == raw);
        self.at_key = false;
    }

    /// Whether what is under a key is marked; numbers are not where the mark is a plural.
    fn marked(&self, key: &[u8]) -> Option<bool> {
        let all = match key {
            b"plaintext" | b"ciphertext" => self.signed,
            b"value" => self.signed || self.sensitive,
            b"Value" => self.capital,
            _ => false,
        };
        let named = self.named.filter(|_| matches!(key, b"value" | b"Value"));
        if all {
            Some(true)
        } else {
            named.map(|named| !named.plural)
        }
    }

    /// A value starts: it is hidden if it is marked, and waits if it may be.
    pub(super) fn starts(&mut self, view: &View<'_>, at: usize, quote: Quote, found: &mut Found) -> Result<(), More> {
        let Some(key) = self.key else { return Ok(()) };
        if let Some(numbers) = self.marked(key) {
            return hide(view, at, quote, numbers, found);
        }
        let of_mask = MASKS.iter().any(|(value, mask)| *value == key || *mask == key);
        if of_mask || matches!(key, b"value" | b"Value" | b"plaintext" | b"ciphertext") {
            self.seen.retain(|seen| seen.key != key || seen.end.is_some());
            self.seen.push(Seen {
                key,
                start: at,
                end: None,
            });
        }
        Ok(())
    }

    /// A value has arrived whole: it may mark others, or be marked.
    pub(super) fn value(
        &mut self,
        view: &View<'_>,
        raw: &[u8],
        string: bool,
        end: usize,
        quote: Quote,
        found: &mut Found,
    ) -> Result<(), More> {
        let Some(key) = self.key.take() else { return Ok(()) };
        match key {
            b"sensitive" | b"secret" => self.sensitive |= !string && raw == b"true",
            b"Secret" => self.capital |= !string && raw == b"true",
            b"name" | b"key" | b"Name" | b"Key" if string => self.named = self.named.or(named(raw)),
            key if key == SIGNATURE.0 => self.signed |= raw == SIGNATURE.1,
            key => self.seen.iter_mut().filter(|seen| seen.key == key).for_each(|seen| {
                seen.end.get_or_insert(end);
            }),
        }
        let waiting = std::mem::take(&mut self.seen);
        for seen in &waiting {
            if let (Some(numbers), Some(_)) = (self.marked(seen.key), seen.end) {
                hide(view, seen.start, quote, numbers, found)?;
            }
        }
        if let Some((value, mask)) = MASKS.iter().find(|(value, mask)| *value == key || *mask == key) {
            let find = |key: &[u8]| waiting.iter().find(|seen| seen.key == key);
            if let (Some(value), Some(mask)) = (find(value), find(mask)) {
                masked(view, value, mask, quote, found)?;
            }
        }
        self.seen = waiting
            .into_iter()
            .filter(|seen| self.marked(seen.key).is_none())
            .collect();
        Ok(())
    }
}

/// Hides what a mask says of a value; both have arrived.
fn masked(view: &View<'_>, value: &Seen, mask: &Seen, quote: Quote, found: &mut Found) -> Result<(), More> {
    let (Some(value_end), Some(mask_end)) = (value.end, mask.end) else {
        return Ok(());
    };
    let says = view.slice(mask.start..mask_end);
    if says == b"true" {
        return hide(view, value.start, quote, true, found);
    }
    let text = |bytes| std::str::from_utf8(bytes).ok().filter(|_| quote.slashes == 0);
    let values = text(view.slice(value.start..value_end)).and_then(json::parse);
    if let (Some(values), Some(says)) = (values, text(says).and_then(json::parse)) {
        for leaf in masked_leaves(&values.roots, &says.roots) {
            if let Some(place) = values.places.get(leaf) {
                let range = value.start + place.range.start..value.start + place.range.end;
                let mark = if place.string { Mark::Plain } else { Mark::Quoted(0) };
                found.hide_as(range, mark);
            }
        }
    }
    Ok(())
}
