//! Spans whose end another span hides: a second pass would not see that end, so they go on behind the other (R15, R17).
//!
//! In `"token":"a password='"y' b"` the first string ends at a quote that belongs to the second one's value; once both are
//! hidden, the first is seen to end at the last quote.

use crate::found::{Found, Hit, Open};
use crate::scan::Scan;
use crate::until::Until;
use crate::view::View;
use std::mem;

/// How often spans that went on are looked at again, for they may cover the ends of others.
const ROUNDS: usize = 8;

/// A span that ended, as it was at its end.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// Where it starts.
    pub(crate) start: usize,
    /// Where it ended: at a place that it did not hide.
    pub(crate) at: usize,
    /// What would end it, were it to go on.
    pub(crate) until: Until,
    /// The rule that found it.
    pub(crate) rule: u16,
    /// Its end is hidden: `at` is where the hidden text ends, as far as that is known.
    pub(crate) hidden: bool,
}

impl Ended {
    /// The end of a span; `None` where nothing else can hide it and leave what the span starts with.
    pub(crate) fn of(open: &Open) -> Option<Self> {
        let until = match open.until {
            Until::Value { .. } | Until::Quote(_) | Until::Text(_) | Until::Line(_) | Until::Bracket => &open.until,
            // What is no text says itself where its strings end.
            Until::Container(_) | Until::Document(_) | Until::Pairs(_) | Until::Pem(_) | Until::Not(_) => return None,
        };
        Some(Self {
            start: open.start,
            at: open.pos,
            until: until.clone(),
            rule: open.rule,
            hidden: false,
        })
    }

    /// The text lost its first `len` bytes.
    pub(crate) fn shift(&mut self, len: usize) {
        self.start = self.start.saturating_sub(len);
        self.at = self.at.saturating_sub(len);
    }

    /// Goes to the end of what hides this end, if something does. What starts before the span hides its key too: then a
    /// second pass finds no such span.
    fn skip_hidden(&mut self, hits: &[Hit]) {
        let next = hits.partition_point(|hit| hit.range.end <= self.at);
        if let Some(hit) = hits.get(next)
            && (self.start..=self.at).contains(&hit.range.start)
        {
            self.at = hit.range.end;
            self.hidden = true;
        }
    }
}

impl Scan {
    /// Lets spans whose end is hidden go on; all that is hidden before `limit` is known.
    pub(crate) fn resume(&mut self, view: &View<'_>, limit: usize, found: &mut Found) {
        for _ in 0..ROUNDS {
            if !self.resume_once(view, limit, found) {
                break;
            }
        }
    }

    /// True when spans went on.
    fn resume_once(&mut self, view: &View<'_>, limit: usize, found: &mut Found) -> bool {
        let mut all = mem::take(&mut self.ended);
        all.sort_by_key(|ended| ended.at);
        // The last walk of each kind, and how far it went: what starts in it ends where it does.
        let mut walked: Vec<(Until, usize)> = Vec::new();
        for mut ended in all {
            loop {
                ended.skip_hidden(&self.hits);
                if ended.at >= limit && !view.ended {
                    self.ended.push(ended);
                    break;
                }
                // One that is still under way went past this end.
                let goes_on = |open: &Open| open.pos >= ended.at && open.until.same_kind(&ended.until);
                if self.opens.iter().any(goes_on) {
                    break;
                }
                let known = walked.iter_mut().find(|(until, _)| until.same_kind(&ended.until));
                if !ended.hidden || known.as_ref().is_some_and(|(_, upto)| ended.at < *upto) {
                    break;
                }
                let mut open = Open {
                    start: ended.start,
                    pos: ended.at,
                    until: ended.until.clone(),
                    rule: ended.rule,
                };
                found.rule = open.rule;
                let done = open.until.feed(view, &mut open.pos, found);
                match known {
                    Some(known) => known.1 = open.pos,
                    None => walked.push((open.until.clone(), open.pos)),
                }
                if !done {
                    self.opens.push(open);
                    break;
                }
                let Some(again) = Ended::of(&open) else { break };
                ended = again;
            }
        }
        self.ended.append(&mut found.ended);
        self.hits.append(&mut found.hits);
        crate::found::unite(&mut self.hits);
        !walked.is_empty()
    }
}
