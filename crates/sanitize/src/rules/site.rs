//! The key around an anchor: where it starts and ends, and what quotes it.

use crate::chars::{HEX, KEY, Set, is_blank};
use crate::keys::{self, Keys, Sensitive};
use crate::until::Quote;
use crate::view::{More, View};
use std::ops::Range;

/// A key in a text.
#[derive(Debug)]
pub(super) struct Site {
    /// The key without its quotes.
    pub(super) key: Range<usize>,
    /// The quotes around it.
    pub(super) quote: Option<Quote>,
    /// The first byte behind the key, its closing quote and a closing `]`.
    pub(super) after: usize,
    /// Where the key starts, with the words before it that belong to it.
    pub(super) start: usize,
}

static BACKSLASH: Set = Set::new(&[], b"\\");
/// What a key may be followed by.
static LEADS: Set = Set::new(&[], b"=:>,(/\"'`\\ \t\r\n");

impl Site {
    /// The key that an anchor lies in; `None` when what surrounds the anchor is too long to be one.
    pub(super) fn around(view: &View<'_>, anchor: &Range<usize>) -> Result<Option<Self>, More> {
        let mut start = view.run_back(anchor.start, &KEY, keys::LONGEST);
        start += prefix(view, start, anchor.start);
        let end = view.run(anchor.end, &KEY, keys::LONGEST)?;
        if end - start > keys::LONGEST {
            return Ok(None);
        }
        let Some(quote) = quote_at(view, end)? else {
            return Ok(Some(Self {
                key: start..end,
                quote: None,
                after: end,
                start,
            }));
        };
        let Some(open) = opening(view, start, quote) else {
            return Ok(Some(Self {
                key: start..end,
                quote: None,
                after: end,
                start,
            }));
        };
        let after = end + quote.len();
        let after = after + usize::from(view.at(after)? == Some(b']'));
        Ok(Some(Self {
            key: open..end,
            quote: Some(quote),
            after,
            start: open,
        }))
    }

    /// What stands behind the key that an anchor lies in, if a value may follow it.
    ///
    /// A quick look before [`Self::around`]: most words in a text are no keys.
    #[inline]
    pub(super) fn lead(view: &View<'_>, anchor_end: usize) -> Result<Option<u8>, More> {
        let end = view.run(anchor_end, &KEY, keys::LONGEST)?;
        Ok(view.at(end)?.filter(|next| LEADS.has(*next)))
    }

    /// How the key is sensitive, alone or with the words before it, where one blank parts them (`secret access key`).
    pub(super) fn classify(&mut self, view: &View<'_>, keys: &Keys) -> Option<Sensitive> {
        let key = view.slice(self.key.clone());
        if let Some(sensitive) = keys.classify(key) {
            return Some(sensitive);
        }
        if self.quote.is_some() || view.before(self.key.start) != Some(b' ') || !keys.goes_back(key) {
            return None;
        }
        let mut start = self.key.start;
        for _ in 0..3 {
            if view.before(start) != Some(b' ') {
                return None;
            }
            let word = view.run_back(start - 1, &KEY, 32);
            if word == start - 1 {
                return None;
            }
            start = word;
            if let Some(sensitive) = keys.classify(view.slice(start..self.key.end)) {
                self.start = start;
                return Some(sensitive);
            }
        }
        None
    }

    /// The quoted key around the escape that an anchor is, and its quote.
    pub(super) fn escaped(view: &View<'_>, anchor: &Range<usize>) -> Result<Option<(Self, Quote)>, More> {
        let first = view.run_back(anchor.start + 1, &BACKSLASH, 64);
        let quote = Quote {
            mark: b'"',
            slashes: anchor.start - first,
        };
        let start = view.run_back(first, &ESCAPED, keys::LONGEST);
        let end = view.run(anchor.end, &ESCAPED, keys::LONGEST)?;
        // The backslashes of the quotes are in the runs.
        let opened = quote_before(view, start);
        let (Some(open), Some(b'"')) = (opened, view.at(end)?) else {
            return Ok(None);
        };
        let end = end - quote.slashes.min(end - anchor.end);
        if open.slashes != quote.slashes || quote_at(view, end)? != Some(quote) {
            return Ok(None);
        }
        Ok(Some((
            Self {
                key: start..end,
                quote: Some(quote),
                after: end + quote.len(),
                start,
            },
            quote,
        )))
    }
}

static ESCAPED: Set = Set::new(&[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')], b"_.-\\");

/// The quote at a place, if one is there.
#[inline]
pub(super) fn quote_at(view: &View<'_>, at: usize) -> Result<Option<Quote>, More> {
    match view.at(at)? {
        Some(mark @ (b'"' | b'\'' | b'`')) => return Ok(Some(Quote { mark, slashes: 0 })),
        Some(b'\\') => {}
        _ => return Ok(None),
    }
    let end = view.run(at, &BACKSLASH, 64)?;
    Ok(match view.at(end)? {
        Some(mark @ (b'"' | b'\'' | b'`')) => Some(Quote {
            mark,
            slashes: end - at,
        }),
        _ => None,
    })
}

/// The quote that ends right before a place.
pub(super) fn quote_before(view: &View<'_>, at: usize) -> Option<Quote> {
    let mark = view.before(at).filter(|mark| matches!(mark, b'"' | b'\'' | b'`'))?;
    Some(Quote {
        mark,
        slashes: at - 1 - view.run_back(at - 1, &BACKSLASH, 64),
    })
}

/// Where a quoted key starts that may hold blanks: behind its opening quote.
fn opening(view: &View<'_>, start: usize, quote: Quote) -> Option<usize> {
    let mut at = start;
    loop {
        match view.before(at)? {
            byte if byte == quote.mark => {
                let before = quote_before(view, at)?;
                // More backslashes: a string of a level deeper starts here, or an escaped quote.
                return (before.slashes % (2 * (quote.slashes + 1)) == quote.slashes).then_some(at);
            }
            byte if start - at < keys::LONGEST && (is_blank(byte) || KEY.has(byte) || b"/$:@".contains(&byte)) => {
                at -= 1
            }
            _ => return None,
        }
    }
}

/// What belongs to the key's run of characters and not to the key: the end of an escape before it, a `-D` of Java.
fn prefix(view: &View<'_>, start: usize, upto: usize) -> usize {
    let run = view.slice(start..upto);
    let escape = match (view.before(start), run) {
        (Some(b'\\'), [b'n' | b'r' | b't', ..]) => 1,
        (Some(b'\\'), [b'u', a, b, c, d, ..]) if [a, b, c, d].iter().all(|byte| HEX.has(**byte)) => 5,
        (Some(b'\\'), [b'x', a, b, ..]) if HEX.has(*a) && HEX.has(*b) => 3,
        (Some(b'%'), [a, b, ..]) if HEX.has(*a) && HEX.has(*b) => 2,
        _ => 0,
    };
    escape + if run[escape..].starts_with(b"-D") { 2 } else { 0 }
}
