//! A single text that has arrived whole: JSON in place, everything else by the rules for text.

use crate::found::{Hit, Mark};
use crate::json;
use crate::memo::Memo;
use crate::placeholder::MARKER;
use crate::rules::compiled::Compiled;
use crate::scan::Scan;
use crate::stream;
use crate::tree;
use crate::view::View;
use std::ops::Range;
use std::sync::Arc;

/// A change to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// What is replaced.
    pub(crate) range: Range<usize>,
    /// By what.
    pub(crate) with: String,
    /// The rule that asks for it: its place in the rule list.
    pub(crate) rule: u16,
}

/// Starts a terminal sequence.
pub(crate) const ESCAPE: u8 = 0x1b;

/// JSON texts within JSON texts are looked into so deep.
pub(crate) const NESTED: usize = 4;
/// A text is looked at so often at most; each time hides more of it.
const ROUNDS: usize = 8;

/// The text with its secrets replaced; `None` when there are none.
pub(crate) fn redact(rules: &Arc<Compiled>, text: &str) -> Option<String> {
    let edits = edits(rules, text, NESTED);
    (!edits.is_empty()).then(|| apply(text, &edits))
}

/// Carries out edits, which are in order.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        out.push_str(text.get(done..edit.range.start).unwrap_or_default());
        out.push_str(&edit.with);
        done = edit.range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// What has to change in a text.
pub(crate) fn edits(rules: &Arc<Compiled>, text: &str, depth: usize) -> Vec<Edit> {
    let bytes = text.as_bytes();
    if is_quiet(rules, bytes) {
        return Vec::new();
    }
    if let Some(documents) = document(text, depth) {
        return documents.edits(rules, depth - 1);
    }
    let edits = as_text(rules, text);
    match edits.is_empty() {
        true => edits,
        false => to_the_end(rules, text, edits, depth),
    }
}

/// The documents that a text is, unless it is too deep in others.
fn document(text: &str, depth: usize) -> Option<json::Documents<'_>> {
    let may_be = depth > 0 && looks_like_json(text.as_bytes());
    may_be.then(|| json::parse(text)).flatten()
}

fn as_text(rules: &Arc<Compiled>, text: &str) -> Vec<Edit> {
    let bytes = text.as_bytes();
    if memchr::memchr(0x1b, bytes).is_some() {
        return across_sequences(rules, text);
    }
    let snapped = hits(rules, bytes).into_iter().map(|hit| Edit {
        range: snap(text, hit.range),
        with: spelled(hit.mark),
        rule: hit.rule,
    });
    snapped.collect()
}

/// What breaks a document hides its structure, and may itself be hidden: then the rest tells more of its secrets. A text is
/// looked at until nothing more is found (RULES.md R15), and if there was more, all of it is one change.
fn to_the_end(rules: &Arc<Compiled>, text: &str, edits: Vec<Edit>, depth: usize) -> Vec<Edit> {
    let mut clean = apply(text, &edits);
    let mut last = None;
    for _ in 0..ROUNDS {
        let again = match document(&clean, depth) {
            Some(documents) => documents.edits(rules, depth - 1),
            None => as_text(rules, &clean),
        };
        let next = apply(&clean, &again);
        if next == clean {
            break;
        }
        last = again.first().map(|edit| edit.rule);
        clean = next;
    }
    match last {
        None => edits,
        Some(rule) => vec![Edit {
            range: 0..text.len(),
            with: clean,
            rule,
        }],
    }
}

/// Whether a scan can find anything: most texts end here.
pub(crate) fn may_hold_something(rules: &Compiled, bytes: &[u8]) -> bool {
    rules.grams.next(bytes, 0).is_some()
        || rules
            .byte
            .is_some_and(|(byte, ..)| memchr::memchr(byte, bytes).is_some())
}

/// Whether something has to change in a text that is not quiet: whether [`edits`] has any.
pub(crate) fn changes(rules: &Arc<Compiled>, text: &str) -> bool {
    match document(text, NESTED) {
        Some(documents) => !documents.edits(rules, NESTED - 1).is_empty(),
        None if memchr::memchr(0x1b, text.as_bytes()).is_some() => !across_sequences(rules, text).is_empty(),
        None => !hits(rules, text.as_bytes()).is_empty(),
    }
}

/// Whether nothing can be found in a whole text, looked at closely: no anchor of a rule and no declared value stands in
/// it, nor what may part one (a terminal sequence, an escape in JSON).
pub(crate) fn is_quiet(rules: &Compiled, bytes: &[u8]) -> bool {
    let byte = |byte: u8| memchr::memchr(byte, bytes).is_some();
    !byte(ESCAPE)
        && !rules.byte.is_some_and(|(at, ..)| byte(at))
        && !is_escaped_json(bytes)
        && !rules.any_stands(bytes, 0..bytes.len())
}

/// Whether a text may be JSON in which an escape may part what is looked for.
#[inline]
pub(crate) fn is_escaped_json(bytes: &[u8]) -> bool {
    looks_like_json(bytes) && memchr::memchr(b'\\', bytes).is_some()
}

#[inline]
fn looks_like_json(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'))
}

/// The spans to hide in a whole text.
pub(crate) fn hits(rules: &Arc<Compiled>, bytes: &[u8]) -> Vec<Hit> {
    let mut scan = Scan::default();
    scan.advance(
        rules,
        &View {
            bytes,
            ended: true,
            seams: &[],
            live: false,
            memo: &Memo::default(),
        },
        0,
    );
    scan.hits
}

/// Spans may start or end inside a character when bytes were declared; then the whole character goes.
fn snap(text: &str, range: Range<usize>) -> Range<usize> {
    let start = (0..=range.start)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let end = (range.end..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    start..end
}

/// A text with terminal sequences goes through the stream; what differs is one edit.
fn across_sequences(rules: &Arc<Compiled>, text: &str) -> Vec<Edit> {
    let (redacted, rule) = stream::redact_whole(rules, text.as_bytes());
    if redacted == text.as_bytes() {
        return Vec::new();
    }
    vec![Edit {
        range: 0..text.len(),
        with: String::from_utf8_lossy(&redacted).into_owned(),
        rule,
    }]
}

/// The edits of a JSON string leaf or of a plain one.
pub(crate) fn spelled(mark: Mark) -> String {
    let mut out = Vec::new();
    stream::mark(&mut out, mark);
    String::from_utf8(out).unwrap_or_else(|_| MARKER.to_owned())
}

impl json::Documents<'_> {
    /// What has to change in a JSON text.
    pub(crate) fn edits(&self, rules: &Arc<Compiled>, depth: usize) -> Vec<Edit> {
        let mut edits = Vec::new();
        for root in &self.roots {
            for (leaf, change) in tree::changes(rules, root, depth) {
                self.place(leaf, change, &mut edits);
            }
        }
        edits.sort_by_key(|edit: &Edit| edit.range.start);
        edits
    }

    /// Puts a change of a leaf into the coordinates of the JSON text.
    fn place(&self, leaf: usize, change: tree::Change, edits: &mut Vec<Edit>) {
        let Some(place) = self.places.get(leaf) else { return };
        match change {
            tree::Change::Hide(rule) if place.string => edits.push(Edit {
                range: place.range.clone(),
                with: MARKER.to_owned(),
                rule,
            }),
            tree::Change::Hide(rule) => edits.push(Edit {
                range: place.range.clone(),
                with: format!("\"{MARKER}\""),
                rule,
            }),
            tree::Change::Edit(inner) => edits.extend(inner.into_iter().map(|edit| Edit {
                range: json::raw(self.text, &place.range, &edit.range),
                with: json::escape(&edit.with),
                rule: edit.rule,
            })),
        }
    }
}
