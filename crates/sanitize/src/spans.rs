//! Spans whose end was looked for lately: what starts inside one of the same kind need not be walked again.

use crate::until::Until;
use std::ops::Range;

/// So many kinds are remembered.
const KINDS: usize = 16;

/// The last span of each kind, as far as it was walked.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    last: Vec<(Until, Range<usize>)>,
    /// The last unquoted value outside of JSON.
    value: Range<usize>,
}

impl Spans {
    /// Whether a span of a kind that starts at `at` would end where a known one does.
    pub(crate) fn cover(&self, until: &Until, at: usize) -> bool {
        self.last
            .iter()
            .any(|(known, range)| range.contains(&at) && known.same_kind(until))
    }

    /// Whether an unquoted value that starts at `at` lies in one that is hidden.
    #[inline]
    pub(crate) fn cover_value(&self, at: usize) -> bool {
        self.value.contains(&at)
    }

    /// A span was walked.
    pub(crate) fn note(&mut self, until: &Until, range: Range<usize>) {
        if *until == (Until::Value { in_json: false }) {
            self.value = range.clone();
        }
        match self.last.iter_mut().find(|(known, _)| known.same_kind(until)) {
            Some(known) => known.1 = range,
            None => {
                if self.last.len() == KINDS {
                    self.last.remove(0);
                }
                self.last.push((until.clone(), range));
            }
        }
    }

    /// The text lost its first `len` bytes.
    pub(crate) fn shift(&mut self, len: usize) {
        let shifted = |range: &Range<usize>| range.start.saturating_sub(len)..range.end.saturating_sub(len);
        self.last.retain(|(_, range)| range.end > len);
        self.last.iter_mut().for_each(|(_, range)| *range = shifted(range));
        self.value = shifted(&self.value);
    }
}
