//! A JSON array or object under a sensitive key, in a text of which the rest may not have arrived: every string and
//! number in it is hidden, keys and structure stay.

use super::Quote;
use crate::chars::{Set, is_space};
use crate::found::{Found, Mark};
use crate::memo::Memo;
use crate::resume::Ended;
use crate::view::{LOOK_AHEAD, More, View};

/// Objects and arrays nested deeper than this are hidden without their keys.
const DEEPEST: u32 = 127;

static SCALAR: Set = Set::new(&[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')], b"+-._");

/// Where the walk over a container stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    /// How its strings are quoted.
    slashes: usize,
    /// How deep the walk is, and for each level whether it is an object.
    depth: u32,
    objects: u128,
    /// The next string of an object is a value.
    value: bool,
    /// In a string that is hidden (true) or a key (false).
    string: Option<bool>,
    /// Where that string, or the last one, starts.
    start: usize,
    /// Numbers count too.
    numbers: bool,
}

impl Container {
    /// A walk that starts at the opening bracket.
    pub(crate) fn new(slashes: usize, numbers: bool) -> Self {
        Self {
            slashes,
            depth: 0,
            objects: 0,
            value: true,
            string: None,
            start: 0,
            numbers,
        }
    }

    /// Whether the other hides all that this one does inside of it.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        self.slashes == other.slashes && self.numbers == other.numbers
    }

    /// The text lost its first `len` bytes.
    pub(super) fn shift(&mut self, len: usize) {
        self.start = self.start.saturating_sub(len);
    }

    pub(super) fn feed(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> bool {
        while *pos < view.bytes.len() {
            if let Some(hidden) = self.string {
                let quote = Quote {
                    mark: b'"',
                    slashes: self.slashes,
                };
                let start = *pos;
                let ended = super::Until::Quote(quote).skip(view, pos);
                if hidden {
                    found.hide(start..*pos);
                }
                match ended {
                    Ok(_) => {
                        found.ended.push(self.ended(*pos, found.rule));
                        if !view.slice(*pos..*pos + quote.len()).ends_with(b"\"") {
                            return true;
                        }
                        *pos += quote.len();
                        self.string = None;
                        continue;
                    }
                    Err(More) => return false,
                }
            }
            match self.token(view, *pos, found) {
                Ok(Some(next)) => *pos = next,
                Ok(None) => return true,
                Err(More) => return false,
            }
            if self.depth == 0 {
                return true;
            }
        }
        view.ended
    }

    /// One token at `at`: where the next one starts, `None` when this is no JSON any more.
    fn token(&mut self, view: &View<'_>, at: usize, found: &mut Found) -> Result<Option<usize>, More> {
        let Some(byte) = view.at(at)? else { return Ok(None) };
        match byte {
            byte if is_space(byte) => {}
            b'{' | b'[' => {
                self.depth += 1;
                let level = 1u128 << self.depth.min(DEEPEST);
                let object = byte == b'{' && self.depth < DEEPEST;
                self.objects = if object {
                    self.objects | level
                } else {
                    self.objects & !level
                };
                self.value = !object;
            }
            b'}' | b']' => self.depth -= 1,
            b',' => self.value = !self.in_object(),
            b':' => self.value = true,
            b'"' | b'\\' => {
                let quote = Quote {
                    mark: b'"',
                    slashes: self.slashes,
                };
                let opening = view.run(at, &BACKSLASH, LOOK_AHEAD)?;
                if opening - at == self.slashes && view.at(opening)? == Some(b'"') {
                    self.start = at + quote.len();
                    self.string = Some(self.value && !placeholder_string(view, at + quote.len(), quote)?);
                    return Ok(Some(at + quote.len()));
                }
                // A line break written as an escape, between the tokens of a JSON text in a string.
                let slashes = view.run(at, &BACKSLASH, LOOK_AHEAD)?;
                return Ok(matches!(view.at(slashes)?, Some(b'n' | b'r' | b't')).then_some(slashes + 1));
            }
            byte if SCALAR.has(byte) => {
                let end = view.run(at, &SCALAR, LOOK_AHEAD)?;
                let number = matches!(byte, b'0'..=b'9' | b'-');
                if number && self.numbers && self.value {
                    found.hide_as(at..end, Mark::Quoted(self.slashes.min(255) as u8));
                }
                return Ok((number || matches!(byte, b't' | b'f' | b'n')).then_some(end));
            }
            _ => return Ok(None),
        }
        Ok(Some(at + 1))
    }

    /// The end of a string: the container goes on in it where something else hides that.
    fn ended(&self, at: usize, rule: u16) -> Ended {
        Ended {
            start: self.start,
            at,
            until: super::Until::Container(self.clone()),
            rule,
            hidden: false,
        }
    }

    fn in_object(&self) -> bool {
        self.objects >> self.depth.min(DEEPEST) & 1 == 1
    }
}

static BACKSLASH: Set = Set::new(&[], b"\\");

/// Whether the string that starts at `at` is a placeholder.
pub(crate) fn placeholder_string(view: &View<'_>, at: usize, quote: Quote) -> Result<bool, More> {
    let first = view.at(at)?;
    if first.is_some_and(|first| first != quote.mark && first != b'\\' && !crate::placeholder::may_start(first)) {
        return Ok(false);
    }
    let window = View {
        bytes: &view.bytes[..view.bytes.len().min(at + crate::placeholder::LONGEST)],
        memo: &Memo::default(),
        ..*view
    };
    let mut end = at;
    let whole = window.bytes.len() == view.bytes.len();
    match super::Until::Quote(quote).skip(&window, &mut end) {
        Ok(_) => Ok(crate::placeholder::is_placeholder(view.slice(at..end))),
        Err(More) if whole => Err(More),
        Err(More) => Ok(false),
    }
}
