//! The material of a private key in PEM form (R11): up to its END line, or the first line that is none of it.

use crate::chars::{Set, is_blank};
use crate::found::Found;
use crate::view::{LOOK_AHEAD, More, View};
use std::ops::Range;

/// Where the walk over a PEM block stands: between two lines of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pem {
    /// Still on the line of BEGIN, where words of base64 may follow each other.
    first: bool,
    /// Some material was hidden; what parts it from more is hidden with that.
    started: bool,
}

/// Headers that PEM and OpenPGP armour put before the material.
const HEADERS: &[&[u8]] = &[
    b"Proc-Type:",
    b"DEK-Info:",
    b"Version:",
    b"Comment:",
    b"MessageID:",
    b"Hash:",
    b"Charset:",
    b"Key-Info:",
];

static MATERIAL: Set = Set::new(&[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')], b"+/=");
static NOT_BREAK: Set = Set::except(b"\r\n\\\"");

impl Pem {
    /// A walk; `first` while still on the line of BEGIN.
    pub(crate) fn new(first: bool) -> Self {
        Self { first, started: false }
    }

    pub(super) fn feed(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> bool {
        loop {
            match self.line(view, *pos) {
                Ok(Some(range)) => {
                    self.first &= !view
                        .slice(*pos..range.start)
                        .iter()
                        .any(|byte| matches!(byte, b'\n' | b'\r' | b'\\'));
                    found.hide(if self.started { *pos } else { range.start }..range.end);
                    self.started = true;
                    *pos = range.end;
                }
                Ok(None) => return true,
                Err(More) => return false,
            }
        }
    }

    /// The next line of material behind `from`; `None` when the block ends there.
    fn line(&self, view: &View<'_>, from: usize) -> Result<Option<Range<usize>>, More> {
        let mut start = from + blanks(view, from)?;
        if self.started {
            match line_break(view, start)? {
                Some(next) => start = next + blanks(view, next)?,
                None if self.first && start > from => {}
                None if start == from && view.before(from).is_some_and(|byte| MATERIAL.has(byte)) => {}
                None => return Ok(None),
            }
        }
        if view.is(start, b"-----")? || view.at(start)?.is_none() {
            return Ok(None);
        }
        if header(view, start)? {
            return Ok(Some(start..view.run(start, &NOT_BREAK, LOOK_AHEAD)?));
        }
        let end = view.run(start, &MATERIAL, LOOK_AHEAD)?;
        let after = end + blanks(view, end)?;
        let goes_on = end - start == LOOK_AHEAD || (self.first && after > end) || line_break(view, after)?.is_some();
        // The END line on the same line, or base64 cut off by what quotes it.
        let ends = matches!(
            view.at(after)?,
            None | Some(b'"' | b'\'' | b'\\' | b'<' | b'`' | b',' | b'-')
        );
        Ok((end > start && (goes_on || ends)).then_some(start..end))
    }
}

fn blanks(view: &View<'_>, from: usize) -> Result<usize, More> {
    let rest = view.bytes.get(from..).unwrap_or_default();
    let len = rest.iter().take(LOOK_AHEAD).take_while(|byte| is_blank(**byte)).count();
    view.at(from + len).map(|_| len)
}

/// The end of the line breaks, real or escaped, that start at `at`.
fn line_break(view: &View<'_>, at: usize) -> Result<Option<usize>, More> {
    let mut end = at;
    while end < at + LOOK_AHEAD {
        match view.at(end)? {
            Some(b'\r' | b'\n') => end += 1,
            Some(b'\\') => {
                let mut letter = end;
                while letter < end + 16 && view.at(letter)? == Some(b'\\') {
                    letter += 1;
                }
                match view.at(letter)? {
                    Some(b'n' | b'r') => end = letter + 1,
                    _ => break,
                }
            }
            _ => break,
        }
    }
    Ok((end > at).then_some(end))
}

fn header(view: &View<'_>, at: usize) -> Result<bool, More> {
    for header in HEADERS {
        if view.is(at, header)? {
            return Ok(true);
        }
    }
    Ok(false)
}
