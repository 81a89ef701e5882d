//! Choosing records of an encoded export request. Nothing is decoded: a request is copied record by record as it was sent, so that
//! this costs memory and time by its bytes, however many records claim to be in them.

use bytes::Bytes;
use sitelog_model::lines::Malformed;
use sitelog_model::wire::{put_bytes, take, take_prefixed, take_varint};
use std::ops::Range;

/// Field of a request that holds what one resource sent, in all three signals.
const RESOURCE: u64 = 1;
/// Field of a resource that holds what one scope sent.
const SCOPE: u64 = 2;
/// Field of a scope that holds a log record, a span or a metric.
const RECORD: u64 = 2;

/// The request with only those log records, spans or metrics whose number, from 0 over the whole request, is in `range`.
pub(crate) fn keep(request: &[u8], range: Range<usize>) -> Result<Bytes, Malformed> {
    let (mut kept, mut resource, mut scope) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = 0;
    let walk = |bytes| Fields { request, rest: bytes };
    for resource_field in walk(request) {
        let Some(of_resource) = resource_field?.message(RESOURCE) else {
            continue;
        };
        resource.clear();
        let mut has_scopes = false;
        for scope_field in walk(of_resource) {
            let scope_field = scope_field?;
            let Some(of_scope) = scope_field.message(SCOPE) else {
                resource.extend_from_slice(scope_field.bytes);
                continue;
            };
            scope.clear();
            let mut has_records = false;
            for field in walk(of_scope) {
                let field = field?;
                let is_record = field.message(RECORD).is_some();
                if !is_record || range.contains(&number) {
                    scope.extend_from_slice(field.bytes);
                    has_records |= is_record;
                }
                number += usize::from(is_record);
            }
            if has_records {
                put_bytes(&mut resource, SCOPE as u32, &scope);
                has_scopes = true;
            }
        }
        if has_scopes {
            put_bytes(&mut kept, RESOURCE as u32, &resource);
        }
    }
    Ok(kept.into())
}

/// The fields of a message.
struct Fields<'a> {
    /// The request that the message is in.
    request: &'a [u8],
    rest: &'a [u8],
}

/// A field as it is encoded.
struct Field<'a> {
    bytes: &'a [u8],
    number: u64,
    /// What is in it if it is length-delimited.
    inside: Option<&'a [u8]>,
}

impl<'a> Field<'a> {
    /// What is in it if it is the message of this number.
    fn message(&self, number: u64) -> Option<&'a [u8]> {
        self.inside.filter(|_| self.number == number)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.rest;
        if bytes.is_empty() {
            return None;
        }
        let field = self.read().map(|(number, inside)| Field {
            bytes: &bytes[..bytes.len() - self.rest.len()],
            number,
            inside,
        });
        Some(field.ok_or_else(|| {
            self.rest = &[];
            Malformed {
                what: "OTLP request",
                offset: bytes.as_ptr() as usize - self.request.as_ptr() as usize,
            }
        }))
    }
}

impl<'a> Fields<'a> {
    /// Number and content of the next field.
    fn read(&mut self) -> Option<(u64, Option<&'a [u8]>)> {
        let tag = take_varint(&mut self.rest)?;
        let inside = match tag & 7 {
            0 => take_varint(&mut self.rest).map(|_| None),
            1 => take(&mut self.rest, 8).map(|_| None),
            2 => take_prefixed(&mut self.rest).map(Some),
            5 => take(&mut self.rest, 4).map(|_| None),
            _ => None,
        };
        Some((tag >> 3, inside?))
    }
}

#[cfg(test)]
mod tests;
