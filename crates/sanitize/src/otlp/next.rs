//! A byte that is asked for text by text and stands in few of them: the request is searched for it once.

use std::ops::Range;

/// Where a byte stands next in a request that is walked from its start to its end.
pub(super) struct Next<'a> {
    byte: u8,
    request: &'a [u8],
    /// It does not stand between these, and it does at the second if that is not the end.
    from: usize,
    upto: usize,
}

impl<'a> Next<'a> {
    /// At the start of the request.
    pub(super) fn new(byte: u8, request: &'a [u8]) -> Self {
        let upto = memchr::memchr(byte, request).unwrap_or(request.len());
        Self {
            byte,
            request,
            from: 0,
            upto,
        }
    }

    /// Whether it stands in a range.
    #[inline]
    pub(super) fn is_in(&mut self, range: &Range<usize>) -> bool {
        if range.start < self.from || range.start > self.upto {
            self.seek(range.start);
        }
        self.upto < range.end
    }

    fn seek(&mut self, from: usize) {
        let rest = self.request.get(from..).unwrap_or_default();
        self.from = from;
        self.upto = memchr::memchr(self.byte, rest).map_or(self.request.len(), |at| from + at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_in_whatever_order_is_asked() {
        let request = b"a\x1bbc\x1b\x1bdef";
        let mut next = Next::new(0x1b, request);
        for (range, want) in [
            (0..1, false),
            (0..2, true),
            (2..4, false),
            (2..5, true),
            (6..9, false),
            (5..6, true),
            (1..1, false),
            (0..9, true),
            (9..9, false),
        ] {
            assert_eq!(next.is_in(&range), want, "{range:?}");
        }
    }
}
