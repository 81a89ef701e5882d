//! Replacements in a message, and the length prefixes that they change; every other byte stays as it is.

use super::reader::Field;
use sitelog_model::wire::{put_varint, varint_len};
use std::ops::Range;

/// A length-delimited field that holds replacements.
#[derive(Debug)]
struct Frame {
    parent: Option<usize>,
    prefix: Range<usize>,
    len: usize,
    grown: isize,
}

/// A replacement.
type Splice = (Range<usize>, Vec<u8>);

/// Replacements within one stretch of a request. All places count from the start of the request.
#[derive(Debug, Default)]
pub(super) struct Splices {
    frames: Vec<Frame>,
    splices: Vec<Splice>,
}

impl Splices {
    /// A length-delimited field within `parent`: its length prefix, and where its payload ends.
    pub(super) fn frame(&mut self, parent: Option<usize>, prefix: Range<usize>, end: usize) -> usize {
        let len = end - prefix.end;
        self.frames.push(Frame {
            parent,
            prefix,
            len,
            grown: 0,
        });
        self.frames.len() - 1
    }

    /// Replaces a stretch that lies in a frame, or in none; no two may overlap.
    pub(super) fn replace(&mut self, frame: Option<usize>, range: Range<usize>, with: Vec<u8>) {
        self.grow(frame, with.len() as isize - range.len() as isize);
        self.splices.push((range, with));
    }

    /// Replaces the payload of a length-delimited field that lies in a frame, or in none.
    pub(super) fn replace_payload(&mut self, frame: Option<usize>, field: &Field, payload: Vec<u8>) {
        if payload.len() == field.payload().len() {
            return self.replace(frame, field.payload(), payload);
        }
        let mut with = Vec::with_capacity(payload.len() + varint_len(payload.len() as u64));
        put_varint(&mut with, payload.len() as u64);
        with.extend_from_slice(&payload);
        self.replace(frame, field.prefix..field.end, with);
    }

    /// How many replacements there are.
    pub(super) fn count(&self) -> usize {
        self.splices.len()
    }

    /// Forgets a frame that was made last if nothing was replaced since there were `count` replacements.
    pub(super) fn forget_unused(&mut self, frame: usize, count: usize) {
        if self.splices.len() == count {
            self.frames.truncate(frame);
        }
    }

    fn grow(&mut self, frame: Option<usize>, by: isize) {
        if let Some(frame) = frame.and_then(|frame| self.frames.get_mut(frame)) {
            frame.grown += by;
        }
    }

    /// All replacements in order, those of length prefixes among them.
    pub(super) fn finish(mut self) -> Finished {
        // A frame comes behind the one that it lies in.
        while let Some(frame) = self.frames.pop().filter(|_| !self.splices.is_empty()) {
            if frame.grown != 0 {
                let mut prefix = Vec::with_capacity(5);
                put_varint(&mut prefix, frame.len.saturating_add_signed(frame.grown) as u64);
                self.grow(frame.parent, frame.grown);
                self.replace(frame.parent, frame.prefix, prefix);
            }
        }
        self.splices.sort_by_key(|(range, _)| range.start);
        Finished(self.splices)
    }
}

/// Replacements in order.
#[derive(Debug)]
pub(super) struct Finished(Vec<Splice>);

impl Finished {
    /// A stretch of the request with what lies in it replaced; `None` when nothing does.
    pub(super) fn apply(&self, request: &[u8], range: Range<usize>) -> Option<Vec<u8>> {
        let from = self.0.partition_point(|(splice, _)| splice.start < range.start);
        let upto = self.0.partition_point(|(splice, _)| splice.start < range.end);
        let within = self.0.get(from..upto).filter(|within| !within.is_empty())?;
        let grown: isize = within
            .iter()
            .map(|(splice, with)| with.len() as isize - splice.len() as isize)
            .sum();
        let mut out = Vec::with_capacity(range.len().saturating_add_signed(grown));
        let mut done = range.start;
        for (splice, with) in within {
            out.extend_from_slice(request.get(done..splice.start).unwrap_or_default());
            out.extend_from_slice(with);
            done = splice.end;
        }
        out.extend_from_slice(request.get(done..range.end).unwrap_or_default());
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_all_enclosing_messages_follow() {
        // Two messages in one another; the prefix of the outer one is written in two bytes.
        let bytes = [0x0a, 0x86, 0x00, 0x10, 0x01, 0x12, 0x02, b'a', b'b', 0x18, 0x05];
        let mut splices = Splices::default();
        let outer = splices.frame(None, 1..3, 9);
        let inner = splices.frame(Some(outer), 6..7, 9);
        splices.replace(Some(inner), 8..9, vec![b'x'; 200]);
        let out = splices.finish().apply(&bytes, 0..bytes.len()).unwrap();
        let want = [
            &[0x0a, 0xce, 0x01, 0x10, 0x01, 0x12, 0xc9, 0x01, b'a'][..],
            &[b'x'; 200],
            &[0x18, 0x05],
        ]
        .concat();
        assert_eq!(out, want);
    }

    #[test]
    fn what_keeps_its_length_keeps_its_prefix() {
        let bytes = [0x0a, 0x82, 0x00, b'a', b'b'];
        let mut splices = Splices::default();
        let frame = splices.frame(None, 1..3, 5);
        splices.replace(Some(frame), 3..4, vec![b'x']);
        let finished = splices.finish();
        assert_eq!(finished.apply(&bytes, 0..5), Some(vec![0x0a, 0x82, 0x00, b'x', b'b']));
        assert_eq!(finished.apply(&bytes, 0..3), None);
    }
}
