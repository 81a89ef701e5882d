//! What matchers hand to the engine: spans to hide, and spans whose end has not arrived yet.

use crate::resume::Ended;
use crate::spans::Spans;
use crate::until::Until;
use std::ops::Range;

/// How a hidden span is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// `[REDACTED]`.
    Plain,
    /// `"[REDACTED]"`: in the place of a JSON number, each quote behind so many backslashes.
    Quoted(u8),
}

/// A span to hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Where.
    pub(crate) range: Range<usize>,
    /// How it is marked.
    pub(crate) mark: Mark,
    /// The rule that found it: its place in the rule list.
    pub(crate) rule: u16,
}

/// A span to hide whose end is not known: everything from `pos` on until `until` says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// Where it starts.
    pub(crate) start: usize,
    /// Up to here it is decided.
    pub(crate) pos: usize,
    /// What ends it.
    pub(crate) until: Until,
    /// The rule that found it.
    pub(crate) rule: u16,
}

impl Open {
    /// The first byte that has to stay until the end is found.
    pub(crate) fn held(&self) -> usize {
        self.until.held().map_or(self.pos, |held| held.min(self.pos))
    }
}

/// What one call of a matcher found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The rule that is looking.
    pub(crate) rule: u16,
    /// Spans to hide.
    pub(crate) hits: Vec<Hit>,
    /// Spans to hide whose end is to be found.
    pub(crate) opens: Vec<Open>,
    /// Strings of containers that ended.
    pub(crate) ended: Vec<Ended>,
    /// From here on the matcher may yet hide something: set before it asks for bytes that may not have arrived.
    pub(crate) hold: usize,
    /// Spans that were walked lately.
    pub(crate) spans: Spans,
}

impl Found {
    pub(crate) fn new(spans: Spans) -> Self {
        Self {
            spans,
            rule: 0,
            hits: Vec::new(),
            opens: Vec::new(),
            ended: Vec::new(),
            hold: usize::MAX,
        }
    }

    /// From `at` on something may be hidden: said before asking for bytes that may not have arrived.
    pub(crate) fn hold_from(&mut self, at: usize) {
        self.hold = self.hold.min(at);
    }

    /// Hides a span.
    pub(crate) fn hide(&mut self, range: Range<usize>) {
        self.hide_as(range, Mark::Plain);
    }

    /// Hides a span, marked in its own way.
    pub(crate) fn hide_as(&mut self, range: Range<usize>, mark: Mark) {
        if !range.is_empty() {
            self.hits.push(Hit {
                range,
                mark,
                rule: self.rule,
            });
        }
    }

    /// Hides everything from `from` on until `until` says so.
    pub(crate) fn open(&mut self, from: usize, until: Until) {
        self.opens.push(Open {
            start: from,
            pos: from,
            until,
            rule: self.rule,
        });
    }
}

/// Sorts spans and puts those that overlap or touch together (R17).
pub(crate) fn unite(hits: &mut Vec<Hit>) {
    if hits.len() < 2 {
        return;
    }
    hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end)));
    let mut kept = 0;
    for at in 1..hits.len() {
        let next = hits[at].clone();
        let last = &mut hits[kept];
        if next.range.start > last.range.end {
            kept += 1;
            hits[kept] = next;
        } else if next.range == last.range {
            last.mark = last.mark.max(next.mark);
        } else if next.range.end > last.range.end {
            last.range.end = next.range.end;
            last.mark = Mark::Plain;
        }
    }
    hits.truncate(kept + 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_and_touching_spans_are_one() {
        let hit = |range, mark| Hit { range, mark, rule: 0 };
        let mut hits = vec![
            hit(7..9, Mark::Plain),
            hit(0..3, Mark::Plain),
            hit(2..5, Mark::Plain),
            hit(5..6, Mark::Plain),
            hit(20..25, Mark::Plain),
            hit(20..25, Mark::Quoted(0)),
            hit(21..23, Mark::Plain),
        ];
        unite(&mut hits);
        assert_eq!(
            hits,
            [
                hit(0..6, Mark::Plain),
                hit(7..9, Mark::Plain),
                hit(20..25, Mark::Quoted(0))
            ]
        );
    }
}
