//! Counting what an encoded OTLP export request holds, without decoding it.
//!
//! All three signals nest alike: request → field 1 (per resource) → field 2 (per scope) → field 2 (record, span, metric).

use crate::lines::Malformed;
use crate::wire::{take, take_prefixed, take_varint};

/// Counts the log records, spans or metrics of an export request.
///
/// # Errors
/// [`Malformed`] with the offset of the first field that cannot be read.
pub fn count(request: &[u8]) -> Result<usize, Malformed> {
    let malformed = |rest: &[u8]| Malformed {
        what: "OTLP request",
        offset: request.len() - rest.len(),
    };
    let offset_of = |inner: &[u8]| inner.as_ptr() as usize - request.as_ptr() as usize;
    let mut records = 0;
    let mut resources = Fields {
        rest: request,
        wanted: 1,
    };
    while let Some(resource) = resources.next_field().map_err(malformed)? {
        let mut scopes = Fields {
            rest: resource,
            wanted: 2,
        };
        let inside = |outer: &[u8]| {
            let end = offset_of(outer) + outer.len();
            move |rest: &[u8]| Malformed {
                what: "OTLP request",
                offset: end - rest.len(),
            }
        };
        while let Some(scope) = scopes.next_field().map_err(inside(resource))? {
            let mut items = Fields { rest: scope, wanted: 2 };
            while items.next_field().map_err(inside(scope))?.is_some() {
                records += 1;
            }
        }
    }
    Ok(records)
}

/// Walks a message and stops at its length-delimited fields of one number.
struct Fields<'a> {
    rest: &'a [u8],
    wanted: u64,
}

impl<'a> Fields<'a> {
    /// The next wanted field; the error is what was left when a field could not be read.
    fn next_field(&mut self) -> Result<Option<&'a [u8]>, &'a [u8]> {
        while !self.rest.is_empty() {
            let at = self.rest;
            let field = self.read().ok_or(at)?;
            if let Some(bytes) = field {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Option<Option<&'a [u8]>> {
        let tag = take_varint(&mut self.rest)?;
        match tag & 7 {
            0 => take_varint(&mut self.rest).map(|_| None),
            1 => take(&mut self.rest, 8).map(|_| None),
            2 => take_prefixed(&mut self.rest).map(|bytes| (tag >> 3 == self.wanted).then_some(bytes)),
            5 => take(&mut self.rest, 4).map(|_| None),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::count;
    use crate::otlp::collector::trace::v1::ExportTraceServiceRequest;
    use crate::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use proptest::prelude::*;
    use prost::Message;

    proptest! {
        #[test]
        fn counts_what_is_there(shape in proptest::collection::vec(proptest::collection::vec(0..4usize, 0..4), 0..4)) {
            let spans = |n| vec![Span { name: "x".into(), ..Default::default() }; n];
            let scope = |n: &usize| ScopeSpans { spans: spans(*n), ..Default::default() };
            let resource = |s: &Vec<usize>| ResourceSpans { scope_spans: s.iter().map(scope).collect(), ..Default::default() };
            let request = ExportTraceServiceRequest { resource_spans: shape.iter().map(resource).collect() };
            prop_assert_eq!(count(&request.encode_to_vec()), Ok(shape.iter().flatten().sum::<usize>()));
        }

        #[test]
        fn any_bytes_are_refused_or_counted(bytes: Vec<u8>) {
            if let Err(malformed) = count(&bytes) {
                prop_assert!(malformed.offset <= bytes.len());
            }
        }
    }
}
