//! Redaction of a byte stream: any bytes in, cut into writes in any way, and the same bytes out for the same bytes in (R4).

use crate::Clean;
use crate::escape::{Escape, Sequences, Step};
use crate::explain::Explanation;
use crate::found::{Hit, Mark};
use crate::memo::Memo;
use crate::placeholder::MARKER;
use crate::rules::compiled::Compiled;
use crate::sanitizer::Sanitizer;
use crate::scan::Scan;
use crate::tally::Face;
use crate::trail::Trail;
use crate::view::{LOOK_BACK, View};
use std::sync::Arc;

/// What the scan may look back to, in bytes.
const KEPT: usize = 4 * LOOK_BACK;
/// Input is taken in pieces of this many bytes, so that memory stays bounded.
const PIECE: usize = 1 << 20;

/// A stream on its way through the sanitizer.
#[derive(Debug)]
pub struct StreamRedactor {
    /// Where values registered later come from.
    sanitizer: Option<Sanitizer>,
    rules: Arc<Compiled>,
    version: u64,
    live: bool,
    /// The text without terminal sequences: what was looked at, what went out up to `emitted`, what is held.
    view: Vec<u8>,
    emitted: usize,
    scan: Scan,
    /// Terminal sequences, already redacted, and where in the view they stood.
    sequences: Sequences,
    seams: Vec<usize>,
    escape: Escape,
    /// What went out last was a hidden span that ended at `emitted`.
    hiding: bool,
    out: Vec<u8>,
    /// Where hits stand in the input, if somebody wants to know.
    trail: Option<Box<Trail>>,
}

impl StreamRedactor {
    pub(crate) fn new(sanitizer: Sanitizer) -> Self {
        let (rules, version) = sanitizer.rules();
        Self::with(Some(sanitizer), rules, version)
    }

    /// A stream of one sanitizer's rules as they are now, which counts nothing.
    pub(crate) fn apart(rules: &Arc<Compiled>) -> Self {
        Self::with(None, Arc::clone(rules), 0)
    }

    fn with(sanitizer: Option<Sanitizer>, rules: Arc<Compiled>, version: u64) -> Self {
        Self {
            sanitizer,
            rules,
            version,
            live: false,
            view: Vec::new(),
            emitted: 0,
            scan: Scan::default(),
            sequences: Sequences::default(),
            seams: Vec::new(),
            escape: Escape::default(),
            hiding: false,
            out: Vec::new(),
            trail: None,
        }
    }

    /// For a terminal at which somebody sits: a word that may turn out to be the id of a Terraform token is not held back,
    /// so that each letter typed is seen at once. Of such a token the first letters, up to a digit or an inner capital,
    /// then stay.
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// Remembers from now on which rule hit where, for [`Self::explained`].
    pub fn explain(&mut self) {
        self.trail.get_or_insert_default();
    }

    /// Which rules hit where since it was asked last, in the order of the stream; empty without [`Self::explain`].
    pub fn explained(&mut self) -> Vec<Explanation> {
        let places = self.trail.as_mut().map(|trail| trail.take()).unwrap_or_default();
        places
            .into_iter()
            .map(|place| Explanation::of(&self.rules, place))
            .collect()
    }

    /// Takes a piece of the stream; what is decided comes out.
    pub fn push<'a>(&'a mut self, input: &'a [u8]) -> Clean<&'a [u8]> {
        self.start();
        if input.len() > PIECE {
            for piece in input.chunks(PIECE) {
                self.compact();
                self.take(piece);
                let limit = self.advance(false);
                self.emit(limit);
            }
            return Clean::made(&self.out);
        }
        self.take(input);
        let limit = self.advance(false);
        if self.plain_until(limit) {
            let from = std::mem::replace(&mut self.emitted, limit);
            self.hiding &= from == limit;
            if let Some(trail) = &mut self.trail {
                trail.pass(&self.view[from..limit]);
            }
            return Clean::made(&self.view[from..limit]);
        }
        self.emit(limit);
        Clean::made(&self.out)
    }

    /// Ends the stream: what was held back comes out. The redactor is then as new.
    pub fn finish(&mut self) -> Clean<&[u8]> {
        self.start();
        let partial = std::mem::take(&mut self.escape.bytes);
        self.view.extend_from_slice(&partial);
        let limit = self.advance(true);
        self.emit(limit);
        self.view.clear();
        self.seams.clear();
        self.emitted = 0;
        self.hiding = false;
        self.scan = Scan::default();
        if let Some(trail) = &mut self.trail {
            trail.end();
        }
        Clean::made(&self.out)
    }

    /// Bytes of input that were taken and are not decided yet.
    pub fn held(&self) -> usize {
        self.view.len() - self.emitted + self.escape.bytes.len() + self.sequences.held()
    }

    /// Whether nothing is held back and nothing is being hidden: what comes next stands on its own.
    pub(crate) fn is_idle(&self) -> bool {
        self.held() == 0 && !self.scan.is_open()
    }

    fn start(&mut self) {
        self.out.clear();
        if let Some(sanitizer) = self
            .sanitizer
            .as_ref()
            .filter(|sanitizer| sanitizer.version() != self.version)
        {
            (self.rules, self.version) = sanitizer.rules();
            self.scan.rules_changed();
        }
        self.compact();
    }

    /// Drops what nobody looks back to any more.
    fn compact(&mut self) {
        let dropped = self.scan.needed().min(self.emitted).saturating_sub(KEPT);
        if dropped < KEPT {
            return;
        }
        self.view.drain(..dropped);
        self.emitted -= dropped;
        self.scan.shift(dropped);
        self.sequences.shift(dropped);
        self.seams.retain(|at| *at >= dropped);
        self.seams.iter_mut().for_each(|at| *at -= dropped);
    }

    /// Adds input to the view, terminal sequences taken out.
    fn take(&mut self, input: &[u8]) {
        let mut rest = input;
        loop {
            if !self.escape.begun() {
                let Some(at) = memchr::memchr(0x1b, rest) else {
                    self.view.extend_from_slice(rest);
                    return;
                };
                self.view.extend_from_slice(&rest[..at]);
                self.escape.bytes.push(0x1b);
                rest = &rest[at + 1..];
            }
            let Some((&byte, after)) = rest.split_first() else {
                return;
            };
            match self.escape.step(byte) {
                Step::Inside => rest = after,
                Step::None => {
                    self.view.extend_from_slice(&self.escape.bytes);
                    self.escape.bytes.clear();
                }
                Step::Anew => {
                    self.view.extend_from_slice(&self.escape.bytes);
                    self.escape.bytes = vec![0x1b];
                }
                Step::Complete => {
                    rest = after;
                    let at = self.view.len();
                    if self.seams.last() != Some(&at) {
                        self.seams.push(at);
                    }
                    if self.escape.has_payload() {
                        let sequence = &self.escape.bytes;
                        // The terminator, BEL or ESC `\`, is no part of the text.
                        let body = sequence.len() - if sequence.ends_with(b"\x07") { 1 } else { 2 };
                        let (body, terminator) = sequence.split_at(body);
                        let hits = flat_hits(&self.rules, body, self.live);
                        if let Some(trail) = &mut self.trail {
                            trail.sequence(body, &hits, terminator.len());
                        }
                        if self.sanitizer.is_some() {
                            hits.iter()
                                .for_each(|hit| self.rules.tally.count(Face::Stream, hit.rule));
                        }
                        if hits.is_empty() {
                            self.sequences.push(at, sequence);
                        } else {
                            self.sequences.push(at, &[&marked(body, &hits), terminator].concat());
                        }
                        self.escape.bytes.clear();
                        continue;
                    }
                    if let Some(trail) = &mut self.trail {
                        trail.sequence(&self.escape.bytes, &[], 0);
                    }
                    self.sequences.push(at, &self.escape.bytes);
                    self.escape.bytes.clear();
                }
            }
        }
    }

    fn advance(&mut self, ended: bool) -> usize {
        let view = View {
            bytes: &self.view,
            ended,
            seams: &self.seams,
            live: self.live,
            memo: &Memo::default(),
        };
        self.scan.advance(&self.rules, &view, self.emitted)
    }

    /// Whether everything up to `limit` goes out as it is.
    fn plain_until(&self, limit: usize) -> bool {
        let mut hits = self.scan.hits.iter().filter(|hit| hit.range.end > self.emitted);
        hits.next().is_none_or(|hit| hit.range.start >= limit) && self.sequences.next().is_none_or(|at| at > limit)
    }

    /// Puts everything up to `limit` out.
    fn emit(&mut self, limit: usize) {
        let mut hits = std::mem::take(&mut self.scan.hits).into_iter().peekable();
        while self.emitted < limit || self.sequences.next().is_some_and(|at| at <= self.emitted) {
            if self.sequences.pop_upto(self.emitted, &mut self.out) {
                if let Some(trail) = &mut self.trail {
                    trail.pass_sequence();
                }
                continue;
            }
            while hits.next_if(|hit| hit.range.end <= self.emitted).is_some() {}
            let next = self.sequences.next().map_or(limit, |at| limit.min(at));
            let from = self.emitted;
            match hits.peek() {
                Some(hit) if hit.range.start <= self.emitted => {
                    if !self.hiding {
                        mark(&mut self.out, hit.mark);
                        if self.sanitizer.is_some() {
                            self.rules.tally.count(Face::Stream, hit.rule);
                        }
                        if let Some(trail) = &mut self.trail {
                            trail.hit(hit.rule);
                        }
                    }
                    self.hiding = true;
                    self.emitted = next.min(hit.range.end);
                }
                other => {
                    let upto = other.map_or(next, |hit| next.min(hit.range.start));
                    self.out.extend_from_slice(&self.view[self.emitted..upto]);
                    self.emitted = upto;
                    self.hiding = false;
                }
            }
            if let Some(trail) = &mut self.trail {
                trail.pass(&self.view[from..self.emitted]);
            }
        }
        // What ends here may go on: then it still starts where it did.
        self.scan.hits = hits.filter(|hit| hit.range.end >= limit).collect();
    }
}

/// Puts a marker out.
pub(crate) fn mark(out: &mut Vec<u8>, mark: Mark) {
    let quote: &[u8] = match mark {
        Mark::Plain => b"",
        Mark::Quoted(slashes) => &[vec![b'\\'; usize::from(slashes)], vec![b'"']].concat(),
    };
    out.extend_from_slice(quote);
    out.extend_from_slice(MARKER.as_bytes());
    out.extend_from_slice(quote);
}

/// What hits in a whole text in which no terminal sequences are looked for.
fn flat_hits(rules: &Compiled, text: &[u8], live: bool) -> Vec<Hit> {
    if !crate::text::may_hold_something(rules, text) {
        return Vec::new();
    }
    let mut scan = Scan::default();
    scan.advance(
        rules,
        &View {
            bytes: text,
            ended: true,
            seams: &[],
            live,
            memo: &Memo::default(),
        },
        0,
    );
    scan.hits
}

/// A whole text with hits replaced.
fn marked(text: &[u8], hits: &[Hit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for hit in hits {
        out.extend_from_slice(&text[done..hit.range.start]);
        mark(&mut out, hit.mark);
        done = hit.range.end;
    }
    out.extend_from_slice(&text[done..]);
    out
}

/// Redacts a whole text, terminal sequences taken into account; also says which rule hit first.
pub(crate) fn redact_whole(rules: &Arc<Compiled>, text: &[u8]) -> (Vec<u8>, u16) {
    let mut stream = StreamRedactor::apart(rules);
    stream.explain();
    let mut out = stream.push(text).to_vec();
    out.extend_from_slice(stream.finish().get());
    let first = stream
        .trail
        .and_then(|mut trail| trail.take().first().map(|place| place.rule));
    (out, first.unwrap_or_default())
}

/// Redacts whole bytes: as a text where they are UTF-8, else as a stream.
/// Also says which rule hit first.
pub(crate) fn redact_bytes(rules: &Arc<Compiled>, bytes: &[u8]) -> (Vec<u8>, u16) {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let edits = crate::text::edits(rules, text, crate::text::NESTED);
            let first = edits.first().map(|edit| edit.rule).unwrap_or_default();
            (crate::text::apply(text, &edits).into_bytes(), first)
        }
        Err(_) => redact_whole(rules, bytes),
    }
}
