//! The material of a private key in PEM form (R11): up to its END line, or the first line that is none of it.

use crate::chars::{Set, is_blank};
use crate::found::Found;
use crate::view::{LOOK_AHEAD, More, View};

/// Where the walk over a PEM block stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pem {
    /// Still on the line of BEGIN, where words of base64 may follow each other.
    first: bool,
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

/// What a piece between two line breaks is.
enum Piece {
    /// Part of the block: its material ends at the first, the next piece starts at the second.
    Inside(usize, usize),
    /// The block ends here.
    End(usize),
}

impl Pem {
    /// A walk; `first` while still on the line of BEGIN.
    pub(crate) fn new(first: bool) -> Self {
        Self { first }
    }

    pub(super) fn feed(&mut self, view: &View<'_>, pos: &mut usize, found: &mut Found) -> bool {
        loop {
            match self.piece(view, *pos) {
                Ok(Piece::Inside(end, next)) => {
                    self.first &= !view
                        .slice(end..next)
                        .iter()
                        .any(|byte| matches!(byte, b'\n' | b'\r' | b'\\'));
                    hide(view, *pos..end, found);
                    *pos = next;
                }
                Ok(Piece::End(end)) => {
                    hide(view, *pos..end, found);
                    *pos = end;
                    return true;
                }
                Err(More) => return false,
            }
        }
    }

    fn piece(&self, view: &View<'_>, from: usize) -> Result<Piece, More> {
        let start = from + blanks(view, from)?;
        if view.is(start, b"-----")? || view.at(start)?.is_none() {
            return Ok(Piece::End(from));
        }
        if header(view, start)? {
            let end = view.run(start, &NOT_BREAK, LOOK_AHEAD)?;
            return Ok(Piece::Inside(end, line_break(view, end)?.unwrap_or(end)));
        }
        let end = view.run(start, &MATERIAL, LOOK_AHEAD)?;
        let after = end + blanks(view, end)?;
        if let Some(next) = line_break(view, after)? {
            return Ok(Piece::Inside(end, next));
        }
        if end - start == LOOK_AHEAD || (self.first && after > end && end > start) {
            return Ok(Piece::Inside(end, after));
        }
        // The END line on the same line, or base64 cut off by what quotes it.
        let quoted = matches!(
            view.at(after)?,
            None | Some(b'"' | b'\'' | b'\\' | b'<' | b'`' | b',' | b'-')
        );
        Ok(Piece::End(if quoted { end } else { from }))
    }
}

/// Hides material, its indentation left as it is.
fn hide(view: &View<'_>, range: std::ops::Range<usize>, found: &mut Found) {
    let indent = view
        .slice(range.clone())
        .iter()
        .take_while(|byte| is_blank(**byte))
        .count();
    found.hide((range.start + indent).min(range.end)..range.end);
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
