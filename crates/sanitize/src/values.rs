//! OTLP attributes and values.

use crate::Clean;
use crate::placeholder::MARKER;
use crate::rules::compiled::Compiled;
use crate::sanitizer::Sanitizer;
use crate::stream;
use crate::tally::Face;
use crate::text;
use crate::tree::{self, Change, Kind, Node};
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue};
use std::borrow::Cow;
use std::sync::Arc;

impl Sanitizer {
    /// Attributes: values, keys, and values under sensitive keys.
    pub fn attributes(&self, mut attributes: Vec<KeyValue>) -> Clean<Vec<KeyValue>> {
        redact_attributes(&self.rules().0, &mut attributes);
        Clean::made(attributes)
    }

    /// Named texts: like [`Self::attributes`].
    pub fn pairs(&self, pairs: Vec<(String, String)>) -> Clean<Vec<(String, String)>> {
        let of_pair = |(key, value): (String, String)| KeyValue {
            key,
            value: Some(AnyValue {
                value: Some(Value::StringValue(value)),
            }),
            ..KeyValue::default()
        };
        let to_pair = |pair: KeyValue| match pair.value.and_then(|any| any.value) {
            Some(Value::StringValue(value)) => (pair.key, value),
            _ => (pair.key, MARKER.to_owned()),
        };
        let clean = self.attributes(pairs.into_iter().map(of_pair).collect());
        Clean::made(clean.into_inner().into_iter().map(to_pair).collect())
    }
}

/// Redacts attributes in place; true when something changed.
pub(crate) fn redact_attributes(rules: &Arc<Compiled>, attributes: &mut [KeyValue]) -> bool {
    let mut bytes_changed = false;
    attributes
        .iter_mut()
        .for_each(|attribute| bytes_changed |= redact_bytes(rules, attribute.value.as_mut()));
    let mut count = 0;
    let root = Node {
        leaf: usize::MAX,
        kind: map(attributes, &mut count),
    };
    let changes = tree::changes(rules, &root, text::NESTED);
    if changes.is_empty() {
        return bytes_changed;
    }
    count_changes(rules, &changes);
    drop(root);
    let mut changes = changes.into_iter().peekable();
    let mut at = 0;
    attributes
        .iter_mut()
        .for_each(|attribute| apply_pair(attribute, &mut at, &mut changes));
    true
}

fn redact_bytes(rules: &Arc<Compiled>, value: Option<&mut AnyValue>) -> bool {
    match value.and_then(|any| any.value.as_mut()) {
        Some(Value::BytesValue(bytes)) => {
            let (clean, rule) = stream::redact_bytes(rules, bytes);
            let changed = clean != *bytes;
            if changed {
                rules.tally.count(Face::Otlp, rule);
            }
            *bytes = clean;
            changed
        }
        Some(Value::ArrayValue(array)) => array
            .values
            .iter_mut()
            .fold(false, |changed, value| redact_bytes(rules, Some(value)) | changed),
        Some(Value::KvlistValue(list)) => list.values.iter_mut().fold(false, |changed, pair| {
            redact_bytes(rules, pair.value.as_mut()) | changed
        }),
        _ => false,
    }
}

/// Counts what is about to be hidden.
pub(crate) fn count_changes(rules: &Compiled, changes: &[(usize, Change)]) {
    for (_, change) in changes {
        match change {
            Change::Hide(rule) => rules.tally.count(Face::Otlp, *rule),
            Change::Edit(edits) => edits.iter().for_each(|edit| rules.tally.count(Face::Otlp, edit.rule)),
        }
    }
}

fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

fn map<'a>(pairs: &'a [KeyValue], count: &mut usize) -> Kind<'a> {
    let entry = |pair: &'a KeyValue| {
        let number = next(count);
        let value = match &pair.value {
            Some(value) => node(value, count),
            None => Node {
                leaf: usize::MAX,
                kind: Kind::Null,
            },
        };
        (number, Cow::Borrowed(pair.key.as_str()), value)
    };
    Kind::Map(pairs.iter().map(entry).collect())
}

fn node<'a>(value: &'a AnyValue, count: &mut usize) -> Node<'a> {
    let leaf = next(count);
    let kind = match &value.value {
        None => Kind::Null,
        Some(Value::BoolValue(value)) => Kind::Bool(*value),
        Some(Value::IntValue(value)) => Kind::Number(Cow::Owned(value.to_string())),
        Some(Value::DoubleValue(value)) => Kind::Number(Cow::Owned(value.to_string())),
        Some(Value::StringValue(text)) => Kind::Text(Cow::Borrowed(text)),
        Some(Value::BytesValue(bytes)) if bytes.is_empty() => Kind::Null,
        Some(Value::BytesValue(bytes)) => Kind::Text(String::from_utf8_lossy(bytes)),
        Some(Value::ArrayValue(array)) => Kind::List(array.values.iter().map(|value| node(value, count)).collect()),
        Some(Value::KvlistValue(list)) => map(&list.values, count),
        Some(_) => Kind::Null,
    };
    Node { leaf, kind }
}

type Changes = std::iter::Peekable<std::vec::IntoIter<(usize, Change)>>;

fn take(changes: &mut Changes, number: usize) -> Option<Change> {
    changes.next_if(|(leaf, _)| *leaf == number).map(|(_, change)| change)
}

fn apply_pair(pair: &mut KeyValue, at: &mut usize, changes: &mut Changes) {
    if let Some(Change::Edit(edits)) = take(changes, next(at)) {
        pair.key = text::apply(&pair.key, &edits);
    }
    if let Some(value) = &mut pair.value {
        apply(value, at, changes);
    }
}

fn apply(any: &mut AnyValue, at: &mut usize, changes: &mut Changes) {
    let change = take(changes, next(at));
    match (&mut any.value, change) {
        (Some(Value::ArrayValue(array)), _) => array.values.iter_mut().for_each(|value| apply(value, at, changes)),
        (Some(Value::KvlistValue(list)), _) => list.values.iter_mut().for_each(|pair| apply_pair(pair, at, changes)),
        (Some(Value::StringValue(value)), Some(Change::Edit(edits))) => *value = text::apply(value, &edits),
        (Some(Value::BytesValue(bytes)), Some(_)) => *bytes = MARKER.as_bytes().to_vec(),
        (value, Some(Change::Hide(_))) => *value = Some(Value::StringValue(MARKER.to_owned())),
        _ => {}
    }
}
