//! A whole request: the messages that group records, and the records one by one.

use super::detail::Detail;
use super::invalid::{Invalid, Stop};
use super::limits::Limits;
use super::look::{Look, check_wire};
use super::reader::{Field, LEN, Reader};
use super::schema::{self, Message, What};
use super::splices::Splices;
use super::unknown;
use crate::rules::compiled::Compiled;
use sitelog_model::{Bytes, Signal};
use std::ops::Range;
use std::sync::Arc;

/// A request with its secrets replaced: the same bytes if there are none.
pub(super) fn redact(rules: &Arc<Compiled>, limits: &Limits, signal: Signal, bytes: Bytes) -> Result<Bytes, Invalid> {
    let (size, max) = (bytes.len(), limits.bytes);
    if size > max {
        return Err(Invalid::TooLarge { size, max });
    }
    let request = bytes.as_ref();
    let mut groups = Groups {
        limits,
        detail: Detail { rules, request },
        look: Look::new(rules, limits, request),
        splices: Splices::default(),
        records: 0,
    };
    let depth = limits.depth.min(Limits::DEEPEST);
    groups
        .group(schema::request(signal), 0..size, None, depth)
        .map_err(|stop| stop.of(signal))?;
    match groups.splices.finish().apply(request, 0..size) {
        Some(new) => Ok(new.into()),
        None => Ok(bytes),
    }
}

struct Groups<'r, 'a> {
    limits: &'r Limits,
    detail: Detail<'r, 'a>,
    look: Look<'r, 'a>,
    splices: Splices,
    records: usize,
}

impl Groups<'_, '_> {
    /// Walks a group that lies in a frame; `depth` messages may be nested in it.
    fn group(
        &mut self,
        message: &'static Message,
        range: Range<usize>,
        frame: Option<usize>,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut reader = Reader::new(self.detail.request, range);
        let mut shared: Option<(&'static Message, Vec<Field>)> = None;
        let mut loud = false;
        while let Some(field) = reader.next()? {
            self.look.count_field(field.at)?;
            self.look.loud = false;
            let Some(known) = message.field(field.number) else {
                self.look.unknown(&field);
                if self.look.loud && field.wire == LEN {
                    let new = unknown::redact(self.detail, field.payload());
                    self.replace(frame, &field, new);
                }
                continue;
            };
            check_wire(message, known, &field)?;
            match known.what {
                What::Group(child) => self.nested(child, &field, frame, depth)?,
                What::Record(child) => self.record(child, &field, frame, depth)?,
                What::Shared(child) => {
                    let parts = &mut shared.get_or_insert((child, Vec::new())).1;
                    if parts.is_empty() {
                        self.look.start_values();
                    }
                    self.look.unit(child, field.payload(), depth)?;
                    parts.push(field);
                    loud |= self.look.loud;
                }
                _ => {
                    self.look.text(message, known, &field)?;
                    if self.look.loud {
                        self.replace(frame, &field, self.detail.text(&field));
                    }
                }
            }
        }
        if let Some((child, parts)) = shared.filter(|_| loud) {
            let payloads: Vec<_> = parts.iter().map(Field::payload).collect();
            let new = self.detail.message(child, &payloads);
            parts
                .iter()
                .zip(new)
                .for_each(|(part, new)| self.replace(frame, part, new));
        }
        Ok(())
    }

    fn nested(
        &mut self,
        child: &'static Message,
        field: &Field,
        frame: Option<usize>,
        depth: usize,
    ) -> Result<(), Stop> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.too_deep(field))?;
        let before = self.splices.count();
        let inner = self.splices.frame(frame, field.prefix..field.start, field.end);
        self.group(child, field.payload(), Some(inner), depth)?;
        self.splices.forget_unused(inner, before);
        Ok(())
    }

    fn record(
        &mut self,
        child: &'static Message,
        field: &Field,
        frame: Option<usize>,
        depth: usize,
    ) -> Result<(), Stop> {
        self.records += 1;
        if self.records > self.limits.records {
            let (offset, max) = (field.at, self.limits.records);
            return Err(Invalid::TooManyRecords { offset, max }.into());
        }
        self.look.start_values();
        self.look.unit(child, field.payload(), depth)?;
        if self.look.loud {
            let new = self.detail.message(child, &[field.payload()]).pop().flatten();
            self.replace(frame, field, new);
        }
        Ok(())
    }

    fn replace(&mut self, frame: Option<usize>, field: &Field, new: Option<Vec<u8>>) {
        if let Some(new) = new {
            self.splices.replace_payload(frame, field, new);
        }
    }

    fn too_deep(&self, field: &Field) -> Stop {
        let max = self.limits.depth.min(Limits::DEEPEST);
        Invalid::TooDeep { offset: field.at, max }.into()
    }
}
