//! A JSON object of a stream that may say which of its values are secret (R18, R6): `{"sensitive":true,"value":x}`,
//! Pulumi's secrets, `{"name":"DB_PASSWORD","value":x}`, the masks of a Terraform plan.
//!
//! The walk starts at a key that may hold such a value or mark one, goes over everything behind it up to the end of the
//! object, and hides what is marked. A value that stands before its mark is held back until the mark or the end of the
//! object arrives, at most [`FURTHEST`] bytes: a mark further behind its value than that is not seen.

mod level;

use super::{Container, Quote, Until};
use crate::chars::{Set, is_space};
use crate::found::Found;
use crate::keys::{Keys, Sensitive};
use crate::view::{LOOK_AHEAD, More, View};
use level::Level;

/// How far behind the start of a value its mark may end, in bytes.
pub(crate) const FURTHEST: usize = 256 << 10;
/// Objects nested deeper than this within the one that is walked end the walk.
const DEEPEST: usize = 128;
/// Keys and names longer than this mark nothing.
const LONGEST: usize = 128;

static SCALAR: Set = Set::new(&[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')], b"+-._");
static BACKSLASH: Set = Set::new(&[], b"\\");

/// Where the walk over an object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    slashes: usize,
    levels: Vec<Level>,
    begun: bool,
    named: Option<Sensitive>,
    /// In a string: where it starts, behind its quote.
    string: Option<usize>,
    /// No value that waits starts before this place.
    oldest: usize,
}

impl Document {
    /// A walk that starts before a key of an object, or behind a name that calls the object's value sensitive.
    pub(crate) fn new(slashes: usize, named: Option<Sensitive>) -> Self {
        Self {
            slashes,
            levels: Vec::new(),
            begun: false,
            named,
            string: None,
            oldest: 0,
        }
    }

    /// Whether the other sees all that this one does inside of it.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        self.slashes == other.slashes
    }

    /// The first place that may yet have to be hidden.
    pub(super) fn held(&self) -> Option<usize> {
        self.levels.iter().filter_map(Level::held).min()
    }

    /// The text lost its first `len` bytes.
    pub(super) fn shift(&mut self, len: usize) {
        self.string = self.string.map(|start| start.saturating_sub(len));
        self.oldest = self.oldest.saturating_sub(len);
        self.levels.iter_mut().for_each(|level| level.shift(len));
    }

    pub(super) fn feed(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> bool {
        if !std::mem::replace(&mut self.begun, true) {
            self.levels.push(Level::object(self.named));
        }
        loop {
            let step = match self.string {
                Some(start) => self.text(view, pos, start, found),
                None => self.token(view, pos, found),
            };
            if *pos > self.oldest + FURTHEST {
                self.levels.iter_mut().for_each(|level| level.forget(*pos));
                self.oldest = self.held().unwrap_or(*pos);
            }
            match step {
                Ok(true) => {}
                Ok(false) => return true,
                Err(More) => return view.ended,
            }
        }
    }

    fn quote(&self) -> Quote {
        Quote {
            mark: b'"',
            slashes: self.slashes,
        }
    }

    /// The rest of a string.
    fn text(&mut self, view: &View<'_>, pos: &mut usize, start: usize, found: &mut Found) -> Result<bool, More> {
        let quote = self.quote();
        if !Until::Quote(quote).skip(view, pos)? || !quote.stands_at(view, *pos)? {
            return Ok(false);
        }
        let raw = if *pos - start <= LONGEST {
            view.slice(start..*pos)
        } else {
            b""
        };
        let end = *pos + quote.len();
        let Some(level) = self.levels.last_mut() else {
            return Ok(false);
        };
        if level.expects_key() {
            level.key(raw);
        } else {
            level.value(view, raw, true, end, quote, found)?;
        }
        self.string = None;
        *pos = end;
        Ok(true)
    }

    /// The next token; false where the object ends, or what is there is no JSON.
    fn token(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> Result<bool, More> {
        let quote = self.quote();
        let Some(byte) = view.at(*pos)? else { return Ok(false) };
        let Some(level) = self.levels.last_mut() else {
            return Ok(false);
        };
        match byte {
            byte if is_space(byte) => *pos += 1,
            b':' | b',' => {
                level.separator(byte);
                *pos += 1;
            }
            b'}' | b']' => {
                self.levels.pop();
                *pos += 1;
                match self.levels.last_mut() {
                    Some(level) => level.value(view, b"", false, *pos, quote, found)?,
                    None => return Ok(false),
                }
            }
            b'{' | b'[' => {
                level.starts(view, *pos, quote, found)?;
                if self.levels.len() == DEEPEST {
                    return Ok(false);
                }
                self.levels.push(if byte == b'{' {
                    Level::object(None)
                } else {
                    Level::list()
                });
                *pos += 1;
            }
            b'"' | b'\\' => {
                let slashes = view.run(*pos, &BACKSLASH, LOOK_AHEAD)?;
                match view.at(slashes)? {
                    Some(b'"') if slashes - *pos == self.slashes => {
                        if !level.expects_key() {
                            level.starts(view, *pos, quote, found)?;
                        }
                        *pos += quote.len();
                        self.string = Some(*pos);
                    }
                    // A line break between the tokens of a JSON text in a string.
                    Some(b'n' | b'r' | b't') if slashes > *pos => *pos = slashes + 1,
                    _ => return Ok(false),
                }
            }
            byte if SCALAR.has(byte) && !level.expects_key() => {
                let end = view.run(*pos, &SCALAR, LONGEST)?;
                let word = view.slice(*pos..end);
                if !(matches!(byte, b'0'..=b'9' | b'-') || matches!(word, b"true" | b"false" | b"null")) {
                    return Ok(false);
                }
                level.starts(view, *pos, quote, found)?;
                level.value(view, word, false, end, quote, found)?;
                *pos = end;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Hides the JSON value that starts at a place, but for nothing, booleans and placeholders.
fn hide(view: &View<'_>, at: usize, quote: Quote, numbers: bool, found: &mut Found) -> Result<(), More> {
    found.hold_from(at);
    let Some(byte) = view.at(at)? else { return Ok(()) };
    match byte {
        b'{' | b'[' => found.open(at, Until::Container(Container::new(quote.slashes, numbers))),
        b'0'..=b'9' | b'-' => {
            let end = view.run(at, &SCALAR, LOOK_AHEAD)?;
            if numbers {
                found.hide_as(at..end, crate::found::Mark::Quoted(quote.slashes.min(255) as u8));
            }
        }
        b'"' | b'\\' if !super::placeholder_string(view, at + quote.len(), quote)? => {
            found.open(at + quote.len(), Until::Quote(quote));
        }
        _ => {}
    }
    Ok(())
}

/// How a name is sensitive.
fn named(raw: &[u8]) -> Option<Sensitive> {
    static KEYS: std::sync::LazyLock<Keys> = std::sync::LazyLock::new(Keys::default);
    KEYS.classify(raw)
}
