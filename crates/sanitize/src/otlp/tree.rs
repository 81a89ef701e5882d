//! Attributes and bodies as the tree of values that the structured face works on, with the place of every leaf in the
//! request.
//!
//! Of a member that stands in a message twice protobuf takes the last, and merges lists and maps. What is overridden so is
//! seen by no decoder and judged by no rule in its context: it is hidden as it is.

use super::detail::Detail;
use super::reader::{Field, LEN};
use super::schema::ANY_VALUE;
use super::splices::Splices;
use super::unknown;
use crate::placeholder::MARKER;
use crate::tally::Face;
use crate::text::{self, Edit};
use crate::tree::{self, Change, Kind, Node};
use crate::{stream, values};
use std::borrow::Cow;

/// A message on the wire, and the frame that it lies in.
pub(super) type Placed = (Option<usize>, Field);

/// Members of `AnyValue`.
const TEXT: u32 = 1;
const ARRAY: u32 = 5;
const MAP: u32 = 6;

/// No value.
fn nothing<'a>() -> Node<'a> {
    Node {
        leaf: usize::MAX,
        kind: Kind::Null,
    }
}

/// `string_value: "[REDACTED]"`, in the place of a member of an `AnyValue`.
fn hidden() -> Vec<u8> {
    let mut member = Vec::with_capacity(2 + MARKER.len());
    sitelog_model::wire::put_bytes(&mut member, 1, MARKER.as_bytes());
    member
}

/// A leaf: a key, or the member of an `AnyValue`.
struct Leaf {
    frame: Option<usize>,
    field: Field,
    /// Bytes, after the rules for bytes; `None` for any other leaf.
    bytes: Option<Vec<u8>>,
}

/// Trees under construction, and what becomes of their leaves.
pub(super) struct Trees<'r, 'a, 's> {
    detail: Detail<'r, 'a>,
    splices: &'s mut Splices,
    leaves: Vec<Leaf>,
}

impl<'r, 'a, 's> Trees<'r, 'a, 's> {
    pub(super) fn new(detail: Detail<'r, 'a>, splices: &'s mut Splices) -> Self {
        Self {
            detail,
            splices,
            leaves: Vec::new(),
        }
    }

    /// Attributes: a map.
    pub(super) fn attributes(&mut self, attributes: &[Placed]) {
        if !attributes.is_empty() {
            let kind = self.map(attributes);
            self.redact(kind);
        }
    }

    /// A value, such as a body; in several parts if it stands in its message more than once.
    pub(super) fn value(&mut self, parts: &[Placed]) {
        if !parts.is_empty() {
            let node = self.any(parts);
            self.redact(Kind::List(vec![node]));
        }
    }

    fn redact(&mut self, kind: Kind<'a>) {
        let root = Node { leaf: usize::MAX, kind };
        let changes = tree::changes(self.detail.rules, &root, text::NESTED);
        values::count_changes(self.detail.rules, &changes);
        let mut changes = changes.into_iter().peekable();
        for (number, leaf) in std::mem::take(&mut self.leaves).into_iter().enumerate() {
            let change = changes.next_if(|(changed, _)| *changed == number);
            self.change(leaf, change.map(|(_, change)| change));
        }
    }

    fn change(&mut self, leaf: Leaf, change: Option<Change>) {
        let Leaf { frame, field, bytes } = leaf;
        match (bytes, change) {
            (Some(_), Some(_)) => self.splices.replace_payload(frame, &field, MARKER.as_bytes().to_vec()),
            (Some(clean), None) => {
                if self.detail.request.get(field.payload()) != Some(&clean) {
                    self.splices.replace_payload(frame, &field, clean);
                }
            }
            (None, Some(Change::Hide(_))) => self.splices.replace(frame, field.at..field.end, hidden()),
            (None, Some(Change::Edit(edits))) => self.edit(frame, &field, edits),
            (None, None) => {}
        }
    }

    fn edit(&mut self, frame: Option<usize>, field: &Field, edits: Vec<Edit>) {
        let frame = self.splices.frame(frame, field.prefix..field.start, field.end);
        for edit in edits {
            let range = field.start + edit.range.start..field.start + edit.range.end;
            self.splices.replace(Some(frame), range, edit.with.into_bytes());
        }
    }

    fn frame(&mut self, (parent, field): &Placed) -> Option<usize> {
        Some(self.splices.frame(*parent, field.prefix..field.start, field.end))
    }

    fn leaf(&mut self, frame: Option<usize>, field: Field, bytes: Option<Vec<u8>>) -> usize {
        self.leaves.push(Leaf { frame, field, bytes });
        self.leaves.len() - 1
    }

    fn map(&mut self, entries: &[Placed]) -> Kind<'a> {
        let mut map = Vec::with_capacity(entries.len());
        entries.iter().for_each(|entry| self.entry(entry, &mut map));
        Kind::Map(map)
    }

    fn entry(&mut self, entry: &Placed, map: &mut Vec<(usize, Cow<'a, str>, Node<'a>)>) {
        let frame = self.frame(entry);
        let (mut keys, mut values) = (Vec::with_capacity(1), Vec::with_capacity(1));
        for field in self.detail.fields(entry.1.payload()) {
            match field.number {
                1 => keys.push((self.leaf(frame, field, None), self.detail.string(&field))),
                2 => values.push((frame, field)),
                _ => self.unknown(frame, &field),
            }
        }
        let value = self.any(&values);
        // Whichever of several keys a reader takes: a sensitive one counts, else the last, as protobuf has it.
        let sensitive = |(_, key): &(usize, &str)| self.detail.rules.keys.classify(key.as_bytes()).is_some();
        let counts = match keys.len() {
            0 | 1 => 0,
            more => keys.iter().position(sensitive).unwrap_or(more - 1),
        };
        let (number, key) = if keys.is_empty() {
            (usize::MAX, "")
        } else {
            keys.swap_remove(counts)
        };
        map.push((number, Cow::Borrowed(key), value));
        map.extend(
            keys.into_iter()
                .map(|(number, key)| (number, Cow::Borrowed(key), nothing())),
        );
    }

    /// A value; in several parts if it stands in its message more than once.
    fn any(&mut self, parts: &[Placed]) -> Node<'a> {
        let mut members: Vec<Placed> = Vec::with_capacity(1);
        for part in parts {
            let frame = self.frame(part);
            for field in self.detail.fields(part.1.payload()) {
                match ANY_VALUE.field(field.number) {
                    Some(_) => members.push((frame, field)),
                    None => self.unknown(frame, &field),
                }
            }
        }
        let Some((_, last)) = members.last() else {
            return nothing();
        };
        let merges = matches!(last.number, ARRAY | MAP);
        let before = members.iter().rev().skip(1);
        let effective = 1 + before
            .take_while(|(_, field)| merges && field.number == last.number)
            .count();
        let counts = members.split_off(members.len() - effective);
        self.hide_overridden(members);
        self.member(&counts)
    }

    /// What stands in the members of one number.
    fn member(&mut self, members: &[Placed]) -> Node<'a> {
        let Some((frame, field)) = members.last().copied() else {
            return nothing();
        };
        let payload = self.detail.request.get(field.payload()).unwrap_or_default();
        let mut bytes = None;
        let kind = match field.number {
            TEXT => Kind::Text(Cow::Borrowed(self.detail.string(&field))),
            2 => Kind::Bool(field.int != 0),
            3 => Kind::Number(Cow::Owned((field.int as i64).to_string())),
            4 => Kind::Number(Cow::Owned(f64::from_bits(field.int).to_string())),
            ARRAY => Kind::List(self.elements(members).iter().map(|item| self.any(&[*item])).collect()),
            MAP => {
                let entries = self.elements(members);
                self.map(&entries)
            }
            7 => {
                let (clean, rule) = stream::redact_bytes(self.detail.rules, payload);
                if clean != payload {
                    self.detail.rules.tally.count(Face::Otlp, rule);
                }
                let text = String::from_utf8_lossy(&clean).into_owned();
                bytes = Some(clean);
                Kind::Text(Cow::Owned(text))
            }
            _ => Kind::Null,
        };
        let leaf = match kind {
            Kind::List(_) | Kind::Map(_) => usize::MAX,
            _ => self.leaf(frame, field, bytes),
        };
        Node { leaf, kind }
    }

    /// The elements of the lists, or the entries of the maps, that protobuf makes one of.
    fn elements(&mut self, members: &[Placed]) -> Vec<Placed> {
        let mut elements = Vec::new();
        for member in members {
            let frame = self.frame(member);
            for field in self.detail.fields(member.1.payload()) {
                match field.number {
                    1 => elements.push((frame, field)),
                    _ => self.unknown(frame, &field),
                }
            }
        }
        elements
    }

    fn hide_overridden(&mut self, overridden: Vec<Placed>) {
        for (frame, field) in overridden {
            let range = field.at..field.end;
            if self.detail.request.get(range.clone()) != Some(&hidden()) {
                self.splices.replace(frame, range, hidden());
            }
        }
    }

    fn unknown(&mut self, frame: Option<usize>, field: &Field) {
        if field.wire == LEN
            && let Some(new) = unknown::redact(self.detail, field.payload())
        {
            self.splices.replace_payload(frame, field, new);
        }
    }
}
