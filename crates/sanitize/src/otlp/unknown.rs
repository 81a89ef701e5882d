//! Fields that the schema does not have: of a newer OTLP, or of nobody.
//!
//! They pass byte for byte unless a rule may hit in them. Then they are read as what they most likely are: a message, whose
//! fields are looked at one by one so that its lengths stay right, or else a text or bytes. A message in the form of a
//! `KeyValue` is one. What can be read as a message and as a text is treated as both.

use super::detail::Detail;
use super::limits::Limits;
use super::look::Look;
use super::reader::{Field, LEN, Reader};
use super::schema::KEY_VALUE;
use super::splices::Splices;
use super::tree::Trees;
use crate::tally::Face;
use crate::{stream, text};
use std::ops::Range;

/// Unknown messages are looked into so deep.
const DEEPEST: usize = 16;

/// Hiding may make a message of bytes that were none; then they are looked at again, so often at most.
const AGAIN: usize = 8;

/// The payload of an unknown field with its secrets replaced; `None` when nothing changes.
pub(super) fn redact(detail: Detail<'_, '_>, range: Range<usize>) -> Option<Vec<u8>> {
    let mut clean = within(detail, range, DEEPEST)?;
    for _ in 0..AGAIN {
        let again = Detail {
            request: &clean,
            ..detail
        };
        match within(again, 0..clean.len(), DEEPEST) {
            Some(cleaner) => clean = cleaner,
            None => break,
        }
    }
    Some(clean)
}

fn within(detail: Detail<'_, '_>, range: Range<usize>, depth: usize) -> Option<Vec<u8>> {
    let payload = detail.request.get(range.clone())?;
    if text::is_quiet(detail.rules, payload) {
        return None;
    }
    let Some(fields) = read(detail, range.clone()).filter(|_| depth > 0) else {
        return flat(detail, payload);
    };
    let structured = message(detail, range, &fields, depth - 1);
    if !is_text(payload) {
        return structured;
    }
    flat(detail, structured.as_deref().unwrap_or(payload)).or(structured)
}

/// The same, of a payload that is a message.
fn message(detail: Detail<'_, '_>, range: Range<usize>, fields: &[Field], depth: usize) -> Option<Vec<u8>> {
    let mut splices = Splices::default();
    for field in fields.iter().filter(|field| field.wire == LEN) {
        if is_attribute(detail, field) {
            Trees::new(detail, &mut splices).attributes(&[(None, *field)]);
        } else if let Some(new) = within(detail, field.payload(), depth) {
            splices.replace_payload(None, field, new);
        }
    }
    splices.finish().apply(detail.request, range)
}

/// The same, of a payload that is text or bytes.
fn flat(detail: Detail<'_, '_>, payload: &[u8]) -> Option<Vec<u8>> {
    let (clean, rule) = stream::redact_bytes(detail.rules, payload);
    (clean != payload).then(|| {
        detail.rules.tally.count(Face::Otlp, rule);
        clean
    })
}

/// Whether a payload can be meant as a text.
fn is_text(payload: &[u8]) -> bool {
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\x1b');
    std::str::from_utf8(payload).is_ok_and(|text| !text.contains(control))
}

/// The fields of a payload that can be read as a message and is not empty.
fn read(detail: Detail<'_, '_>, range: Range<usize>) -> Option<Vec<Field>> {
    let mut reader = Reader::new(detail.request, range);
    let mut fields = Vec::new();
    while let Some(field) = reader.next().ok()? {
        fields.push(field);
    }
    (!fields.is_empty()).then_some(fields)
}

/// Whether a payload has the form of a `KeyValue` with a key.
fn is_attribute(detail: Detail<'_, '_>, field: &Field) -> bool {
    let limits = Limits::default();
    let mut look = Look::new(detail.rules, &limits, detail.request);
    let fits = look.unit(&KEY_VALUE, field.payload(), Limits::DEEPEST).is_ok();
    fits && read(detail, field.payload())
        .is_some_and(|fields| fields.iter().all(|field| matches!(field.number, 1 | 2)) && fields.len() == 2)
}
