//! What was already found out about a text in one pass, so that no byte is walked over once for each place that asks.
//!
//! Every answer is the one that a fresh look would give: the memory changes how long it takes, never what it is.

use crate::chars::Set;
use std::cell::Cell;
use std::ops::Range;

/// Runs of this many sets are remembered.
const RUNS: usize = 8;

/// A run of bytes of a set: which set, and the part of it that was walked.
type Run = (usize, usize, usize);

/// The memory of one pass over one text.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    runs: [Cell<Run>; RUNS],
    /// Line breaks.
    pub(crate) newline: Last,
    /// Marks behind which a JSON string seems to start.
    pub(crate) json_string: Last,
    /// The word `curl`.
    pub(crate) curl: Last,
    /// The line that was asked about last.
    pub(crate) line: Cell<Option<Line>>,
}

/// How a line starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Where.
    pub(crate) start: usize,
    /// Where its indentation and the signs of lists and diffs end.
    pub(crate) signs: usize,
    /// The quotation mark that is its first character.
    pub(crate) quote: Option<usize>,
}

/// The last place of something before the place that is asked about.
#[derive(Debug, Default)]
pub(crate) struct Last {
    upto: Cell<usize>,
    place: Cell<Option<usize>>,
}

impl Last {
    /// The last place in `within` where something of `len` bytes stands, as `find` finds it in a range. Who asks further
    /// on may not look back further.
    pub(crate) fn before(
        &self,
        within: Range<usize>,
        len: usize,
        find: impl Fn(Range<usize>) -> Option<usize>,
    ) -> Option<usize> {
        let known = self.upto.get();
        if known > within.end {
            return find(within);
        }
        let from = (known + 1).saturating_sub(len).max(within.start);
        if let Some(place) = find(from..within.end) {
            self.place.set(Some(place));
        }
        self.upto.set(within.end);
        self.place.get().filter(|place| *place >= within.start)
    }
}

impl Memo {
    fn slot(&self, set: &Set) -> (&Cell<Run>, usize) {
        let address = std::ptr::from_ref(set).addr();
        (&self.runs[(address >> 8) % RUNS], address)
    }

    /// Where the run of bytes of a set that starts at `from` ends, within `bytes` and at most at `upto`.
    pub(crate) fn run_end(&self, bytes: &[u8], set: &Set, from: usize, upto: usize) -> usize {
        let (cell, address) = self.slot(set);
        let (of, start, end) = cell.get();
        let known = of == address && start <= from && from <= end;
        let (start, mut at) = if known { (start, end) } else { (from, from) };
        let upto = upto.min(bytes.len());
        at += bytes
            .get(at..upto)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| set.has(**byte))
            .count();
        cell.set((address, start, at));
        at.min(upto)
    }

    /// Where the run of bytes of a set that ends at `to` starts, at least at `from`.
    pub(crate) fn run_start(&self, bytes: &[u8], set: &Set, from: usize, to: usize) -> usize {
        let (cell, address) = self.slot(set);
        let (of, start, end) = cell.get();
        let known = of == address && start <= to && to <= end;
        let (mut at, end) = if known { (start, end) } else { (to, to) };
        at -= bytes
            .get(from..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|byte| set.has(**byte))
            .count();
        cell.set((address, at, end));
        at.max(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chars::{ALNUM, WORD};
    use proptest::prelude::*;

    proptest! {
        /// Guarantees: in whatever order is asked, the answer is that of a fresh look.
        #[test]
        fn the_memory_never_changes_an_answer(text in "[a_ ]{0,40}", asks in prop::collection::vec((0usize..40, 0usize..40, 0u8..5), 0..40)) {
            let bytes = text.as_bytes();
            let memo = Memo::default();
            for (one, other, what) in asks {
                let (from, to) = (one.min(other).min(bytes.len()), one.max(other).min(bytes.len()));
                let fresh = Memo::default();
                let ask = |memo: &Memo| match what {
                    0 => memo.run_end(bytes, &ALNUM, from, to),
                    1 => memo.run_end(bytes, &WORD, from, to),
                    2 => memo.run_start(bytes, &WORD, from, to),
                    3 => memo.run_start(bytes, &ALNUM, from, to),
                    _ => memo
                        .curl
                        .before(to.saturating_sub(9)..to, 2, |range| {
                            text[range.clone()].rfind("a_").map(|at| range.start + at)
                        })
                        .unwrap_or(usize::MAX),
                };
                prop_assert_eq!(ask(&memo), ask(&fresh));
            }
        }
    }
}
