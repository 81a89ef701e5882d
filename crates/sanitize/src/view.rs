//! What a matcher sees of a text: the part that has arrived, and whether more may follow.

use crate::chars::{ALNUM, HEX, Set, is_blank};
use crate::memo::{Line, Memo};
use std::ops::Range;

/// How far, in bytes, a matcher may look back from what it was called for; the stream keeps that much.
pub(crate) const LOOK_BACK: usize = 512;
/// How far, in bytes, a matcher may look ahead without deciding.
pub(crate) const LOOK_AHEAD: usize = 4096;

/// The decision depends on bytes that have not arrived.
#[derive(Debug)]
pub(crate) struct More;

/// A window of a text, terminal sequences taken out.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The bytes that have arrived.
    pub(crate) bytes: &'a [u8],
    /// Nothing follows.
    pub(crate) ended: bool,
    /// Where terminal sequences were taken out: they part words.
    pub(crate) seams: &'a [usize],
    /// Somebody may sit at a terminal and see each letter of what was typed: words are not held back.
    pub(crate) live: bool,
    /// What was found out about `bytes` already.
    pub(crate) memo: &'a Memo,
}

/// Runs up to this many bytes are walked again rather than remembered.
const SHORT: usize = 24;

impl<'a> View<'a> {
    /// The byte at `at`, `None` behind the end.
    #[inline]
    pub(crate) fn at(&self, at: usize) -> Result<Option<u8>, More> {
        match self.bytes.get(at) {
            Some(&byte) => Ok(Some(byte)),
            None if self.ended => Ok(None),
            None => Err(More),
        }
    }

    /// The byte before `at`.
    pub(crate) fn before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied()
    }

    /// Where the run of bytes of a set that starts at `from` ends; after `max` bytes it counts as ended.
    pub(crate) fn run(&self, from: usize, set: &Set, max: usize) -> Result<usize, More> {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let mut len = rest
            .iter()
            .take(max.min(SHORT))
            .take_while(|byte| set.has(**byte))
            .count();
        if len == SHORT && max > SHORT {
            len = self.memo.run_end(self.bytes, set, from, from.saturating_add(max)) - from;
        }
        if len == rest.len() && len < max && !self.ended {
            Err(More)
        } else {
            Ok(from + len)
        }
    }

    /// Where the run of bytes of a set that ends at `to` starts, at most `max` bytes before.
    pub(crate) fn run_back(&self, to: usize, set: &Set, max: usize) -> usize {
        let head = &self.bytes[..to.min(self.bytes.len())];
        let short = head
            .iter()
            .rev()
            .take(max.min(SHORT))
            .take_while(|byte| set.has(**byte))
            .count();
        if short == SHORT && max > SHORT {
            return self.memo.run_start(self.bytes, set, to.saturating_sub(max), to);
        }
        to - short
    }

    /// Whether `literal` stands at `from`.
    pub(crate) fn is(&self, from: usize, literal: &[u8]) -> Result<bool, More> {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let len = rest.len().min(literal.len());
        let same = rest[..len] == literal[..len];
        if same && len < literal.len() && !self.ended {
            Err(More)
        } else {
            Ok(same && len == literal.len())
        }
    }

    /// The bytes of a range that has arrived.
    pub(crate) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Whether a terminal sequence was taken out at `at`.
    pub(crate) fn seam(&self, at: usize) -> bool {
        self.seams.binary_search(&at).is_ok()
    }

    /// Whether a word can start at `at`: behind anything that is no letter or digit, or behind an escape that ends in one.
    pub(crate) fn starts_word(&self, at: usize) -> bool {
        self.before(at).is_none_or(|byte| !ALNUM.has(byte)) || self.seam(at) || self.escape_before(at) > 0
    }

    /// The length of the escape (`\n`, `\u003d`, `\x1b`, `%20`) that ends at `at`; 0 if there is none.
    pub(crate) fn escape_before(&self, at: usize) -> usize {
        let head = &self.bytes[at.saturating_sub(6)..at];
        let hex = |len: usize| head[head.len() - len..].iter().all(|byte| HEX.has(*byte));
        match head {
            [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'a'] => 2,
            [.., b'%', _, _] if hex(2) => 3,
            [.., b'\\', b'x', _, _] if hex(2) => 4,
            [.., b'\\', b'u', _, _, _, _] if hex(4) => 6,
            _ => 0,
        }
    }

    /// Where the line of `at` starts, looking back at most [`LOOK_BACK`] bytes; `None` when it starts further back.
    pub(crate) fn line_start(&self, at: usize) -> Option<usize> {
        let from = at.saturating_sub(LOOK_BACK);
        let newline = self.memo.newline.before(from..at, 1, |range| {
            memchr::memrchr(b'\n', &self.bytes[range.clone()]).map(|at| range.start + at)
        });
        newline.map(|newline| newline + 1).or((from == 0).then_some(0))
    }

    /// Whether nothing but indentation and the signs of lists and diffs stands before `at` on its line.
    pub(crate) fn starts_line(&self, at: usize) -> bool {
        let Some(line) = self.line_start(at) else { return false };
        at <= self.line(line).signs
    }

    fn line(&self, start: usize) -> Line {
        if let Some(line) = self.memo.line.get().filter(|line| line.start == start) {
            return line;
        }
        let rest = &self.bytes[start..];
        let sign = |byte: &u8| is_blank(*byte) || b"+-~<>*|#\r".contains(byte);
        let signs = start + rest.iter().take_while(|byte| sign(byte)).count();
        let trimmed = rest.trim_ascii_start();
        let quote = trimmed.starts_with(b"\"").then_some(self.bytes.len() - trimmed.len());
        let line = Line { start, signs, quote };
        self.memo.line.set(Some(line));
        line
    }

    /// Whether the text before `at`, on its line, looks like a JSON string that has not ended.
    pub(crate) fn in_json_string(&self, at: usize) -> bool {
        let line = self.line_start(at);
        if line.is_some_and(|line| self.line(line).quote.is_some_and(|quote| quote < at)) {
            return true;
        }
        let opens = |mark: &usize| {
            matches!(
                self.bytes[mark + 1..at],
                [b':' | b',', b'"', ..] | [b':' | b',', b' ', b'"', ..]
            )
        };
        let from = line.unwrap_or(at.saturating_sub(LOOK_BACK));
        let mark = self.memo.json_string.before(from..at, 4, |range| {
            let slice = &self.bytes[range.clone()];
            memchr::memrchr_iter(b'"', slice).map(|at| range.start + at).find(opens)
        });
        mark.is_some()
    }
}
