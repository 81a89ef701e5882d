//! The scan over a text that arrives in pieces: what is decided, what waits for more, and how far the text may go out.

use crate::chars::KEY;
use crate::found::{Found, Hit, Mark, Open, unite};
use crate::resume::Ended;
use crate::rules::compiled::{Candidate, Compiled};
use crate::spans::Spans;
use crate::until::Until;
use crate::view::View;
use std::mem;

/// Where a scan stands. All places count from the start of the view.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Every place before this one was looked at.
    scanned: usize,
    /// The same for the single byte that has a matcher of its own.
    byte_scanned: usize,
    /// Candidates that wait for more bytes.
    waiting: Vec<(Candidate, usize)>,
    pub(crate) opens: Vec<Open>,
    /// Spans that ended where something else may yet be hidden.
    pub(crate) ended: Vec<Ended>,
    spans: Spans,
    /// The end of the last anchor of a key.
    last_key: usize,
    /// Spans to hide, united, in order.
    pub(crate) hits: Vec<Hit>,
}

impl Scan {
    /// Looks at what has arrived; everything before the returned place is decided.
    pub(crate) fn advance(&mut self, rules: &Compiled, view: &View<'_>, emitted: usize) -> usize {
        let mut found = Found::new(mem::take(&mut self.spans));
        for mut open in mem::take(&mut self.opens) {
            found.rule = open.rule;
            let ended = open.until.feed(view, &mut open.pos, &mut found);
            found.spans.note(&open.until, open.start..open.pos);
            if ended {
                self.ended.extend(Ended::of(&open));
            } else {
                self.opens.push(open);
            }
        }
        self.keep(view, &mut found);
        let mut limit = view.bytes.len();
        for (candidate, at) in mem::take(&mut self.waiting) {
            limit = limit.min(self.look(rules, view, candidate, at, &mut found));
        }
        for at in rules.grams.places(view.bytes, self.scanned) {
            let Some(window) = view.bytes[at..].first_chunk() else {
                break;
            };
            for candidate in rules.grams.of(crate::filter::gram(*window)) {
                if self.same_key(rules, view, candidate, at) {
                    continue;
                }
                limit = limit.min(self.look(rules, view, candidate, at, &mut found));
            }
        }
        let seen = view
            .bytes
            .len()
            .saturating_sub(crate::filter::GRAM - 1)
            .max(self.scanned);
        if let Some((byte, ..)) = rules.byte {
            let from = self.byte_scanned.min(view.bytes.len());
            for at in memchr::memchr_iter(byte, &view.bytes[from..]) {
                limit = limit.min(self.look(rules, view, Candidate::Byte, from + at, &mut found));
            }
            self.byte_scanned = view.bytes.len();
        }
        self.scanned = seen;
        unite(&mut self.hits);
        self.ended.append(&mut found.ended);
        if !view.ended {
            limit = self.decided(limit.min(rules.tail(view, emitted))).max(emitted);
        }
        if !self.ended.is_empty() {
            self.resume(view, limit, &mut found);
        }
        self.spans = found.spans;
        if view.ended {
            return view.bytes.len();
        }
        self.decided(limit).max(emitted)
    }

    /// Up to where no span is left open, at most `limit`.
    fn decided(&self, limit: usize) -> usize {
        self.opens
            .iter()
            .map(Open::held)
            .min()
            .map_or(limit, |held| held.min(limit))
    }

    /// Looks at one candidate; what it may hide starts at the returned place.
    fn look(&mut self, rules: &Compiled, view: &View<'_>, candidate: Candidate, at: usize, found: &mut Found) -> usize {
        found.hold = usize::MAX;
        if rules.check(view, candidate, at, found).is_err() {
            found.hits.clear();
            found.opens.clear();
            self.waiting.push((candidate, at));
            return found.hold;
        }
        self.keep(view, found);
        usize::MAX
    }

    /// Takes what a matcher found, and walks the spans that it left open as far as they go.
    fn keep(&mut self, view: &View<'_>, found: &mut Found) {
        if found.opens.is_empty() && found.hits.is_empty() {
            return;
        }
        let mut opens = mem::take(&mut found.opens);
        while !opens.is_empty() {
            for open in opens.drain(..) {
                self.walk(view, open, found);
            }
            // A walk may open others.
            mem::swap(&mut opens, &mut found.opens);
        }
        found.opens = opens;
        for hit in found.hits.drain(..) {
            match self.hits.last_mut() {
                // Most that starts in a span ends in it.
                Some(last) if last.range.start < hit.range.start && hit.range.start <= last.range.end => {
                    if hit.range.end > last.range.end {
                        (last.range.end, last.mark) = (hit.range.end, Mark::Plain);
                    }
                }
                _ => self.hits.push(hit),
            }
        }
    }

    /// Walks a span as far as it goes, if no other of its kind does.
    fn walk(&mut self, view: &View<'_>, mut open: Open, found: &mut Found) {
        let same = |until: &Until| until.same_kind(&open.until);
        let covered = found.spans.cover(&open.until, open.pos)
            || self
                .opens
                .iter()
                .any(|other| (other.start..other.pos).contains(&open.pos) && same(&other.until));
        if covered {
            return;
        }
        let start = open.pos;
        found.rule = open.rule;
        let ended = open.until.feed(view, &mut open.pos, found);
        found.spans.note(&open.until, start..open.pos);
        if ended {
            self.ended.extend(Ended::of(&open));
        } else {
            self.opens.push(open);
        }
    }

    /// Whether a candidate lies in the same key as the one before, which was looked at as a whole.
    fn same_key(&mut self, rules: &Compiled, view: &View<'_>, candidate: Candidate, at: usize) -> bool {
        let Some(anchor) = rules.key_anchor(view, candidate, at) else {
            return false;
        };
        let same = self.last_key > 0
            && (self.last_key..self.last_key + crate::keys::LONGEST).contains(&anchor.start)
            && view
                .slice(self.last_key..anchor.start)
                .iter()
                .all(|byte| KEY.has(*byte));
        self.last_key = self.last_key.max(anchor.end);
        same
    }

    /// The rules were compiled anew: places that wait are looked at again, as all that has not gone out.
    pub(crate) fn rules_changed(&mut self) {
        self.scanned = self.needed();
        self.byte_scanned = self.scanned;
        self.waiting.clear();
        self.last_key = 0;
    }

    /// The view lost its first `len` bytes.
    pub(crate) fn shift(&mut self, len: usize) {
        self.scanned = self.scanned.saturating_sub(len);
        self.byte_scanned = self.byte_scanned.saturating_sub(len);
        self.last_key = self.last_key.saturating_sub(len);
        self.waiting.iter_mut().for_each(|(_, at)| *at -= len);
        for open in &mut self.opens {
            open.start = open.start.saturating_sub(len);
            open.pos -= len;
            open.until.shift(len);
        }
        self.ended.iter_mut().for_each(|ended| ended.shift(len));
        self.spans.shift(len);
        self.hits.retain(|hit| hit.range.end > len);
        self.hits
            .iter_mut()
            .for_each(|hit| hit.range = hit.range.start.saturating_sub(len)..hit.range.end - len);
    }

    /// Whether a span to hide has begun whose end was not found.
    pub(crate) fn is_open(&self) -> bool {
        !self.opens.is_empty() || self.ended.iter().any(|ended| ended.hidden)
    }

    /// The first place that is still needed.
    pub(crate) fn needed(&self) -> usize {
        let waiting = self.waiting.iter().map(|(_, at)| *at);
        waiting
            .chain(self.opens.iter().map(Open::held))
            .chain([self.scanned])
            .min()
            .unwrap_or(0)
    }
}
