//! Fields that the schema does not have: of a newer OTLP, or of nobody.
//!
//! They pass byte for byte unless a rule hits in them. Then they are read as what they most likely are: a message whose
//! fields are looked at one by one, so that its lengths stay right; else a text or bytes. A message that looks like a
//! `KeyValue` is one. What the rules find even in the bytes of the result is hidden at the cost of its form.

use super::detail::Detail;
use super::limits::Limits;
use super::look::Look;
use super::reader::{Field, LEN, Reader};
use super::schema::KEY_VALUE;
use super::splices::Splices;
use super::tree::Trees;
use crate::{stream, text};
use std::ops::Range;

/// Unknown messages are looked into so deep.
const DEEPEST: usize = 16;

/// The payload of an unknown field with its secrets replaced; `None` when nothing changes.
pub(super) fn redact(detail: Detail<'_, '_>, range: Range<usize>) -> Option<Vec<u8>> {
    let payload = detail.request.get(range.clone())?;
    if text::is_quiet(detail.rules, payload) {
        return None;
    }
    let structured = message(detail, range, DEEPEST);
    let bytes = structured.as_deref().unwrap_or(payload);
    let (flat, _) = stream::redact_bytes(detail.rules, bytes);
    if flat != bytes { Some(flat) } else { structured }
}

/// The same, of a payload that is a message; `None` also when it is none.
fn message(detail: Detail<'_, '_>, range: Range<usize>, depth: usize) -> Option<Vec<u8>> {
    let depth = depth.checked_sub(1)?;
    let fields = read(detail, range.clone())?;
    let mut splices = Splices::default();
    for field in fields.iter().filter(|field| field.wire == LEN) {
        if is_attribute(detail, field) {
            Trees::new(detail, &mut splices).attributes(&[(None, *field)]);
        } else if !text::is_quiet(detail.rules, detail.request.get(field.payload())?) {
            let new = match read(detail, field.payload()) {
                Some(_) => message(detail, field.payload(), depth),
                None => plain(detail, field),
            };
            if let Some(new) = new {
                splices.replace_payload(None, field.prefix..field.end, &new);
            }
        }
    }
    splices.finish().apply(detail.request, range)
}

fn plain(detail: Detail<'_, '_>, field: &Field) -> Option<Vec<u8>> {
    let bytes = detail.request.get(field.payload())?;
    let (clean, _) = stream::redact_bytes(detail.rules, bytes);
    (clean != bytes).then_some(clean)
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
