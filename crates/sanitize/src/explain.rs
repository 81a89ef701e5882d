//! Which rule hit where: what `--explain` shows. Never the value, nor how long it is.

use crate::json::{self, Documents};
use crate::rules::compiled::Compiled;
use crate::sanitizer::Sanitizer;
use crate::stream::StreamRedactor;
use crate::text::{self, Edit};
use crate::trail::Place;
use crate::tree::{Kind, Node};
use serde::Serialize;
use std::sync::Arc;

/// What hit where; it holds nothing of the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The id of the rule.
    pub rule: String,
    /// The name under which a declared value is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The line, counted from 1.
    pub line: u64,
    /// The byte of the line, counted from 1.
    pub column: u64,
    /// The bytes before it.
    pub offset: u64,
    /// Within a structured value: keys with dots between, places in lists in brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Explanation {
    pub(crate) fn of(rules: &Compiled, place: Place) -> Self {
        let (rule, name) = rules.rule_at(place.rule);
        Self {
            rule,
            name,
            line: place.line,
            column: place.column,
            offset: place.offset,
            path: None,
        }
    }

    /// Of a hit in a text that stands on its own.
    fn within(rules: &Compiled, text: &[u8], rule: u16, at: usize) -> Self {
        let before = &text[..at];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let place = Place {
            rule,
            offset: at as u64,
            line: memchr::memchr_iter(b'\n', before).count() as u64 + 1,
            column: (at - line_start) as u64 + 1,
        };
        Self::of(rules, place)
    }
}

impl Sanitizer {
    /// Which rules hit where in a whole text; where spans overlap, the rule of the first. Never the value.
    pub fn explain(&self, text: &[u8]) -> Vec<Explanation> {
        // Apart, so that what is only looked at is not counted.
        let mut stream = StreamRedactor::apart(&self.rules().0);
        stream.explain();
        let mut explained = Vec::new();
        for piece in [Some(text), None] {
            match piece {
                Some(text) => drop(stream.push(text)),
                None => drop(stream.finish()),
            }
            explained.extend(stream.explained());
        }
        explained
    }
}

/// What edits of a text say, each with its path if the text is structured. The edits are in order.
pub(crate) fn of_edits(
    rules: &Arc<Compiled>,
    text: &str,
    documents: Option<&Documents<'_>>,
    edits: &[Edit],
) -> Vec<Explanation> {
    let explain = |edit: &Edit| Explanation::within(rules, text.as_bytes(), edit.rule, edit.range.start);
    let explained = edits.iter().map(explain).collect();
    let Some(documents) = documents else { return explained };
    let mut paths = Paths {
        rules,
        places: &documents.places,
        edits,
        explained,
    };
    documents
        .roots
        .iter()
        .for_each(|root| paths.node(root, &mut String::new()));
    paths.explained
}

/// Finds the paths of edits in one walk over the tree.
struct Paths<'e> {
    rules: &'e Arc<Compiled>,
    places: &'e [json::Place],
    edits: &'e [Edit],
    explained: Vec<Explanation>,
}

impl Paths<'_> {
    fn node(&mut self, node: &Node<'_>, path: &mut String) {
        let len = path.len();
        match &node.kind {
            Kind::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push_str(&format!("[{at}]"));
                    self.node(item, path);
                    path.truncate(len);
                }
            }
            Kind::Map(entries) => {
                for (number, key, value) in entries {
                    if len > 0 {
                        path.push('.');
                    }
                    // A key may hold a secret itself.
                    let edits = text::edits(self.rules, key, text::NESTED);
                    path.push_str(&text::apply(key, &edits));
                    self.leaf(*number, path);
                    self.node(value, path);
                    path.truncate(len);
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => self.leaf(node.leaf, path),
        }
    }

    fn leaf(&mut self, number: usize, path: &str) {
        let Some(place) = self.places.get(number) else { return };
        let first = self.edits.partition_point(|edit| edit.range.start < place.range.start);
        let here = |edit: &&Edit| edit.range.start <= place.range.end;
        let count = self.edits[first..].iter().take_while(here).count();
        for explanation in &mut self.explained[first..first + count] {
            explanation.path.get_or_insert_with(|| path.to_owned());
        }
    }
}
