//! The second pass, over the few messages in which something may have to be hidden: texts by the rules for texts,
//! attributes and bodies as the tree that they are.

use super::reader::{Field, LEN, Reader};
use super::schema::{Message, What};
use super::splices::Splices;
use super::tree::Trees;
use super::unknown;
use crate::rules::compiled::Compiled;
use crate::tally::Face;
use crate::text;
use std::ops::Range;
use std::sync::Arc;

/// What the second pass works on: a request that the first pass found well formed.
#[derive(Clone, Copy)]
pub(super) struct Detail<'r, 'a> {
    pub(super) rules: &'r Arc<Compiled>,
    pub(super) request: &'a [u8],
}

impl<'a> Detail<'_, 'a> {
    /// A message with its secrets replaced, which protobuf may have in several parts; for each part its new payload, or
    /// `None` when nothing in it changes.
    pub(super) fn message(self, message: &'static Message, parts: &[Range<usize>]) -> Vec<Option<Vec<u8>>> {
        let mut splices = Splices::default();
        let (mut attributes, mut bodies) = (Vec::new(), Vec::new());
        for part in parts {
            for field in self.fields(part.clone()) {
                match message.field(field.number).map(|known| known.what) {
                    Some(What::Text) => replace(&mut splices, &field, self.text(&field)),
                    Some(What::Attribute) => attributes.push((None, field)),
                    Some(What::Any) => bodies.push((None, field)),
                    Some(What::Message(child) | What::Record(child) | What::Shared(child)) => {
                        let new = self.message(child, &[field.payload()]).pop().flatten();
                        replace(&mut splices, &field, new);
                    }
                    Some(_) => {}
                    None if field.wire == LEN => replace(&mut splices, &field, unknown::redact(self, field.payload())),
                    None => {}
                }
            }
        }
        let mut trees = Trees::new(self, &mut splices);
        trees.attributes(&attributes);
        trees.value(&bodies);
        let finished = splices.finish();
        parts
            .iter()
            .map(|part| finished.apply(self.request, part.clone()))
            .collect()
    }

    /// The fields of a message that was found well formed.
    pub(super) fn fields(self, range: Range<usize>) -> impl Iterator<Item = Field> + use<'a> {
        let mut reader = Reader::new(self.request, range);
        std::iter::from_fn(move || reader.next().ok().flatten())
    }

    /// The text of a `string` field.
    pub(super) fn string(self, field: &Field) -> &'a str {
        let bytes = self.request.get(field.payload()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// A `string` field with its secrets replaced; `None` when nothing in it changes.
    pub(super) fn text(self, field: &Field) -> Option<Vec<u8>> {
        let text = self.string(field);
        let edits = text::edits(self.rules, text, text::NESTED);
        edits
            .iter()
            .for_each(|edit| self.rules.tally.count(Face::Otlp, edit.rule));
        (!edits.is_empty()).then(|| text::apply(text, &edits).into_bytes())
    }
}

/// Replaces the payload of a length-delimited field that lies in no frame.
fn replace(splices: &mut Splices, field: &Field, new: Option<Vec<u8>>) {
    if let Some(new) = new {
        splices.replace_payload(None, field, new);
    }
}
