//! Cuts a stream into lines, and long lines into parts (JOBS.md 2 and 3).

use crate::Clean;
use memchr::memchr_iter;
use sitelog_model::lines::{Eol, Line, MAX_BODY, Part, Stream};

/// The state of one stream between two reads.
#[derive(Debug)]
pub struct Splitter {
    stream: Stream,
    /// The unfinished line so far, at most one byte over [`MAX_BODY`].
    pending: Vec<u8>,
    /// When the first byte of the line (or of the part) arrived.
    since: u64,
    /// Parts of the unfinished line that are out already.
    parts: u32,
}

/// The times of one read, Unix nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// When the chunk's first byte arrived: earlier than `now` when the redactor held it back.
    pub first: u64,
    /// Now.
    pub now: u64,
}

impl Splitter {
    /// At the start of a stream.
    pub fn new(stream: Stream) -> Self {
        Self {
            stream,
            pending: Vec::new(),
            since: 0,
            parts: 0,
        }
    }

    /// Takes what was read and gives each complete line, and each full part, to `sink`.
    pub fn push(&mut self, chunk: Clean<&[u8]>, arrival: Arrival, sink: &mut impl FnMut(&Clean<Line<'_>>)) {
        let chunk = chunk.into_inner();
        let mut start = 0;
        for end in memchr_iter(b'\n', chunk) {
            let line = &chunk[start..end];
            let time = if start == 0 { arrival.first } else { arrival.now };
            if self.pending.is_empty() && self.parts == 0 && line.len() <= MAX_BODY {
                // The usual case: a whole line within one read is not copied.
                let (bytes, eol) = terminator(line);
                sink(&self.line(bytes, eol, None, time, arrival.now));
            } else {
                self.extend(line, Arrival { first: time, ..arrival }, sink);
                self.complete(arrival.now, sink);
            }
            start = end + 1;
        }
        let time = if start == 0 { arrival.first } else { arrival.now };
        self.extend(&chunk[start..], Arrival { first: time, ..arrival }, sink);
    }

    /// Whether a line is unfinished.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Gives out an unfinished line that has been idle, as a part (JOBS.md 3).
    pub fn idle(&mut self, now: u64, sink: &mut impl FnMut(&Clean<Line<'_>>)) {
        // A trailing CR may be half of a terminator, and a character may be half there: both wait.
        let whole = self.pending.len() - usize::from(self.pending.ends_with(b"\r"));
        let cut = char_boundary(&self.pending, whole);
        if cut > 0 {
            self.part(cut, now, sink);
        }
    }

    /// The stream has ended: gives out what is left, a line without terminator.
    pub fn finish(&mut self, now: u64, sink: &mut impl FnMut(&Clean<Line<'_>>)) {
        while self.pending.len() > MAX_BODY {
            self.part(char_boundary(&self.pending, MAX_BODY), now, sink);
        }
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            sink(&self.line(&pending, Eol::None, self.last_part(), self.since, now));
        }
        self.parts = 0;
    }

    fn extend(&mut self, bytes: &[u8], arrival: Arrival, sink: &mut impl FnMut(&Clean<Line<'_>>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.pending.is_empty() {
                self.since = arrival.first;
            }
            // One byte more than a body, so that a CR which belongs to the terminator does not force a cut.
            let room = (MAX_BODY + 1).saturating_sub(self.pending.len());
            let (head, tail) = rest.split_at(room.min(rest.len()));
            self.pending.extend_from_slice(head);
            rest = tail;
            let full = self.pending.len() > MAX_BODY;
            if full && (!rest.is_empty() || !self.pending.ends_with(b"\r")) {
                self.part(char_boundary(&self.pending, MAX_BODY), arrival.now, sink);
                self.since = arrival.now;
            }
        }
    }

    /// The line feed has come.
    fn complete(&mut self, now: u64, sink: &mut impl FnMut(&Clean<Line<'_>>)) {
        let pending = std::mem::take(&mut self.pending);
        let since = if pending.is_empty() { now } else { self.since };
        let (bytes, eol) = terminator(&pending);
        sink(&self.line(bytes, eol, self.last_part(), since, now));
        self.pending = pending;
        self.pending.clear();
        self.parts = 0;
    }

    fn part(&mut self, len: usize, now: u64, sink: &mut impl FnMut(&Clean<Line<'_>>)) {
        let part = Part {
            index: self.parts,
            last: false,
        };
        sink(&self.line(&self.pending[..len], Eol::None, Some(part), self.since, now));
        self.pending.drain(..len);
        self.parts += 1;
    }

    fn last_part(&self) -> Option<Part> {
        (self.parts > 0).then_some(Part {
            index: self.parts,
            last: true,
        })
    }

    #[inline]
    fn line<'a>(&self, bytes: &'a [u8], eol: Eol, part: Option<Part>, time: u64, now: u64) -> Clean<Line<'a>> {
        // A clock set back between two reads must not make a line end before it began.
        Clean::made(Line {
            stream: self.stream,
            eol,
            part,
            time,
            observed: now.max(time),
            bytes,
        })
    }
}

#[inline]
fn terminator(line: &[u8]) -> (&[u8], Eol) {
    match line.strip_suffix(b"\r") {
        Some(body) => (body, Eol::CrLf),
        None => (line, Eol::Lf),
    }
}

/// The last place at or before `at` that is not inside a UTF-8 character.
fn char_boundary(bytes: &[u8], at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let from = at.saturating_sub(3);
    for lead in (from..at).rev() {
        let width = match bytes[lead] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        // Only a character that goes on past the cut moves it; bytes that are no UTF-8 are cut anywhere.
        return if lead + width > at { lead } else { at };
    }
    at
}

#[cfg(test)]
mod tests;
