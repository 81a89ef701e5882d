//! Terminal escape sequences (ECMA-48): told from the text around them, so that values are found across them (R5).

use std::collections::VecDeque;

/// Sequences longer than this many bytes are taken for text.
const LONGEST: usize = 4096;
/// The longest control sequence.
const LONGEST_CONTROL: usize = 128;

/// A sequence that has begun.
#[derive(Debug, Default)]
pub(crate) struct Escape {
    /// Its bytes so far, ESC first.
    pub(crate) bytes: Vec<u8>,
}

/// What a byte did to a sequence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It goes on.
    Inside,
    /// It is complete with this byte.
    Complete,
    /// It is none: its bytes are text, and the byte is to be looked at anew.
    None,
    /// The same, but an ESC before the byte may begin another: it was taken from the bytes.
    Anew,
}

impl Escape {
    /// Whether a sequence has begun.
    pub(crate) fn begun(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Whether it carries a string (OSC, DCS, APC, PM, SOS).
    pub(crate) fn has_payload(&self) -> bool {
        matches!(self.bytes.get(1), Some(b']' | b'P' | b'_' | b'^' | b'X'))
    }

    /// Takes a byte of a sequence that has begun.
    pub(crate) fn step(&mut self, byte: u8) -> Step {
        let step = match self.bytes[..] {
            [_] => match byte {
                b'[' | b']' | b'P' | b'_' | b'^' | b'X' | 0x20..=0x2f => Step::Inside,
                0x30..=0x7e => Step::Complete,
                _ => Step::None,
            },
            [_, b'[', ..] => match byte {
                0x20..=0x3f if self.bytes.len() < LONGEST_CONTROL => Step::Inside,
                0x40..=0x7e => Step::Complete,
                _ => Step::None,
            },
            [_, 0x20..=0x2f, ..] => match byte {
                0x20..=0x2f if self.bytes.len() < LONGEST_CONTROL => Step::Inside,
                0x30..=0x7e => Step::Complete,
                _ => Step::None,
            },
            _ => match (self.bytes.last(), byte) {
                (Some(0x1b), b'\\') | (_, 0x07) => Step::Complete,
                (Some(0x1b), _) => {
                    self.bytes.pop();
                    return Step::Anew;
                }
                (_, b'\n') => Step::None,
                _ if self.bytes.len() >= LONGEST => Step::None,
                _ => Step::Inside,
            },
        };
        if step != Step::None {
            self.bytes.push(byte);
        }
        step
    }
}

/// Sequences on their way out, and where in the text they stood.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    /// The place and the length of each.
    places: VecDeque<(usize, usize)>,
    bytes: Vec<u8>,
    /// How many of `bytes` went out.
    out: usize,
}

impl Sequences {
    /// Adds one behind the others.
    pub(crate) fn push(&mut self, at: usize, sequence: &[u8]) {
        self.places.push_back((at, sequence.len()));
        self.bytes.extend_from_slice(sequence);
    }

    /// The place of the next one.
    pub(crate) fn next(&self) -> Option<usize> {
        self.places.front().map(|(at, _)| *at)
    }

    /// Puts the next one out if it stood at `upto` or before; whether there was one.
    pub(crate) fn pop_upto(&mut self, upto: usize, out: &mut Vec<u8>) -> bool {
        let Some((_, len)) = self.places.pop_front_if(|(at, _)| *at <= upto) else {
            return false;
        };
        out.extend_from_slice(self.bytes.get(self.out..self.out + len).unwrap_or_default());
        self.out += len;
        if self.places.is_empty() {
            self.bytes.clear();
            self.out = 0;
        }
        true
    }

    /// Bytes that did not go out yet.
    pub(crate) fn held(&self) -> usize {
        self.bytes.len() - self.out
    }

    /// The text lost its first `len` bytes.
    pub(crate) fn shift(&mut self, len: usize) {
        self.places.iter_mut().for_each(|(at, _)| *at -= len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &[u8]) -> (usize, Step) {
        let mut escape = Escape { bytes: vec![0x1b] };
        for (at, byte) in text.iter().enumerate() {
            match escape.step(*byte) {
                Step::Inside => {}
                step => return (at + 1, step),
            }
        }
        (text.len(), Step::Inside)
    }

    #[test]
    fn sequences_end_where_the_standard_says() {
        for whole in [
            "[0m",
            "[1;38;2;1;2;3m",
            "]0;title\x07",
            "]8;;http://x\x1b\\",
            "(B",
            "7",
            "M",
            "_bk;t=1\x07",
            "[?25l",
        ] {
            assert_eq!(steps(whole.as_bytes()), (whole.len(), Step::Complete), "{whole:?}");
        }
        assert_eq!(steps(b"]0;a\x1bx"), (6, Step::Anew));
        for none in ["\n", "[\x01", "]0;a\nb"] {
            assert_eq!(steps(none.as_bytes()).1, Step::None, "{none:?}");
        }
        assert_eq!(steps(&[b"]".as_slice(), &[b'x'; 5000]].concat()).1, Step::None);
    }
}
