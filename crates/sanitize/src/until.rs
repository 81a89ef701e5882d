//! What ends a hidden span: small machines that go on over any number of writes.

mod container;
mod document;
mod pairs;
mod pem;

pub(crate) use container::{Container, placeholder_string};
pub(crate) use document::Document;
pub(crate) use pairs::Pairs;
pub(crate) use pem::Pem;

use crate::chars::Set;
use crate::found::{Found, Mark};
use crate::view::{More, View};

/// What an unquoted value consists of, without what may be an escape.
static PLAIN_VALUE: Set = Set::except(b"\\,;&\"')]}<>| \t\r\n\0\x0b\x0c");

/// A quotation mark, and how many backslashes stand before it: 0 in plain text, 1 in a JSON string, 3 in one within that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    /// `"`, `'` or a backtick.
    pub(crate) mark: u8,
    /// Backslashes before it.
    pub(crate) slashes: usize,
}

impl Quote {
    /// Whether a mark behind `slashes` backslashes ends the string that this quote opened: it does when it is no
    /// escape of the string's own, and when it ends a string around it.
    pub(crate) fn closed_by(self, mark: u8, slashes: usize) -> bool {
        mark == self.mark && (slashes < self.slashes || slashes % (2 * (self.slashes + 1)) == self.slashes)
    }

    /// Whether the quote stands at a place.
    pub(crate) fn stands_at(self, view: &View<'_>, at: usize) -> Result<bool, More> {
        for place in at..at + self.slashes {
            if view.at(place)? != Some(b'\\') {
                return Ok(false);
            }
        }
        Ok(view.at(at + self.slashes)? == Some(self.mark))
    }

    /// How many bytes the quote has.
    pub(crate) fn len(self) -> usize {
        self.slashes + 1
    }
}

/// What ends a hidden span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The first byte that is not of a set.
    Not(Class),
    /// The end of an unquoted value; in a JSON string an escaped line break is one.
    Value {
        /// The text around is a JSON string.
        in_json: bool,
    },
    /// A closing quote.
    Quote(Quote),
    /// The same where quotes are doubled (SQL, YAML, CSV) or strings follow each other without a blank (shells).
    Text(Quote),
    /// The end of a list of `name=value` headers: the values are hidden.
    Pairs(Pairs),
    /// The end of a JSON object: what it marks as secret is hidden.
    Document(Document),
    /// The end of the line, or the quote around it.
    Line(Option<Quote>),
    /// `]`, or the end of the line.
    Bracket,
    /// The end of PEM material.
    Pem(Pem),
    /// The end of a JSON array or object: its scalars are hidden.
    Container(Container),
}

/// A set with a name, so that spans of the same kind can be told to be the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class(pub(crate) &'static Set);

impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Class {}

impl Until {
    /// Whether what this ends, from some place on, ends where the other would end it from within.
    pub(crate) fn same_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pem(_), Self::Pem(_)) => true,
            (Self::Container(one), Self::Container(other)) => one.same_kind(other),
            (Self::Pairs(one), Self::Pairs(other)) => one.same_kind(other),
            (Self::Document(one), Self::Document(other)) => one.same_kind(other),
            (one, other) => one == other,
        }
    }

    /// The first place behind which something may yet be hidden, when that is before the place that was reached.
    pub(crate) fn held(&self) -> Option<usize> {
        match self {
            Self::Document(document) => document.held(),
            _ => None,
        }
    }

    /// The text lost its first `len` bytes.
    pub(crate) fn shift(&mut self, len: usize) {
        match self {
            Self::Document(document) => document.shift(len),
            Self::Container(container) => container.shift(len),
            _ => {}
        }
    }

    /// Goes on from `pos`, hiding; true when the end was found. `pos` is then behind it, else at what is undecided.
    pub(crate) fn feed(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> bool {
        match self {
            Self::Pem(pem) => pem.feed(view, pos, found),
            Self::Container(container) => container.feed(view, pos, found),
            Self::Pairs(pairs) => pairs.feed(view, pos, found),
            Self::Document(document) => document.feed(view, pos, found),
            plain => {
                let start = *pos;
                let ended = plain.skip(view, pos);
                found.hide_as(start..*pos, Mark::Plain);
                ended.unwrap_or(view.ended)
            }
        }
    }

    /// How many bytes the text starts with that cannot end this.
    fn plain(&self, text: &[u8]) -> usize {
        let set = match self {
            Self::Not(class) => class.0,
            Self::Value { .. } => &PLAIN_VALUE,
            Self::Quote(quote) | Self::Text(quote) => {
                return memchr::memchr2(quote.mark, b'\\', text).unwrap_or(text.len());
            }
            Self::Line(quote) => {
                let mark = quote.map_or(b'\n', |quote| quote.mark);
                let stop = |byte: &u8| *byte == mark || matches!(byte, b'\n' | b'\r' | b'\\');
                return text.iter().position(stop).unwrap_or(text.len());
            }
            _ => return memchr::memchr3(b'\n', b'\r', b']', text).unwrap_or(text.len()),
        };
        text.iter().position(|byte| !set.has(*byte)).unwrap_or(text.len())
    }

    fn skip(&self, view: &View<'_>, pos: &mut usize) -> Result<bool, More> {
        let escapes = !matches!(self, Self::Not(_) | Self::Bracket);
        loop {
            *pos += self.plain(view.bytes.get(*pos..).unwrap_or_default());
            match view.at(*pos)? {
                None => return Ok(true),
                Some(b'\\') if escapes => {}
                Some(mark) if matches!(self, Self::Text(quote) if quote.slashes == 0) => match joint(view, *pos, mark)?
                {
                    0 => return Ok(true),
                    len => {
                        *pos += len;
                        continue;
                    }
                },
                // A quote without a backslash ends any string, also one within another.
                Some(_) => return Ok(true),
            }
            let slashes = view.bytes[*pos..].iter().take_while(|byte| **byte == b'\\').count();
            let next = match view.at(*pos + slashes) {
                Err(More) if slashes > 4096 => {
                    *pos += slashes - slashes % 4096;
                    return Err(More);
                }
                other => other?,
            };
            let ends = match (self, next) {
                (_, None) => false,
                (Self::Quote(quote) | Self::Text(quote), Some(byte)) => quote.closed_by(byte, slashes),
                (Self::Line(_), Some(b'n' | b'r')) => slashes % 2 == 1,
                (Self::Line(Some(quote)), Some(byte)) => quote.closed_by(byte, slashes),
                (Self::Value { in_json }, Some(byte)) => {
                    matches!(byte, b'"' | b'\'') || (*in_json && slashes % 2 == 1 && matches!(byte, b'n' | b'r' | b't'))
                }
                _ => false,
            };
            if ends {
                let own = match (self, next) {
                    (Self::Quote(quote) | Self::Text(quote) | Self::Line(Some(quote)), Some(b'"' | b'\'' | b'`')) => {
                        quote.slashes
                    }
                    _ => slashes,
                };
                *pos += slashes - own.min(slashes);
                return Ok(true);
            }
            *pos +=
                slashes + usize::from(next.is_some_and(|byte| !matches!(self, Self::Value { .. }) && byte != b'\n'));
        }
    }
}

/// The length of what goes on with a string at a quote that would end it: the quote doubled, or, in a shell, `'\''` and
/// `'"'"'`; 0 where it ends.
fn joint(view: &View<'_>, at: usize, mark: u8) -> Result<usize, More> {
    if mark == b'`' {
        return Ok(0);
    }
    if view.at(at + 1)? == Some(mark) {
        return Ok(2);
    }
    for shell in [&br"'\''"[..], br#"'"'"'"#] {
        if mark == b'\'' && view.is(at, shell)? {
            return Ok(shell.len());
        }
    }
    Ok(0)
}
