//! OTLP requests in JSON: attributes are a map written as a list, values are wrapped in an object that names their type.

use crate::base64;
use crate::json::Documents;
use crate::rules::compiled::Compiled;
use crate::stream;
use crate::text::{self, Edit};
use crate::tree::{Kind, Node};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use std::borrow::Cow;
use std::sync::Arc;

/// Whether a text is one export request, of any signal; else why not.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|_| "not JSON")?;
    let Some(object) = value.as_object() else {
        return Err("not an OTLP-JSON export request: not an object");
    };
    let is = |name| object.contains_key(name);
    let read = match (is("resourceLogs"), is("resourceSpans"), is("resourceMetrics")) {
        (true, false, false) => serde_json::from_value::<ExportLogsServiceRequest>(value).map(drop),
        (false, true, false) => serde_json::from_value::<ExportTraceServiceRequest>(value).map(drop),
        (false, false, true) => serde_json::from_value::<ExportMetricsServiceRequest>(value).map(drop),
        (false, false, false) if object.is_empty() => return Ok(()),
        _ => return Err("not an OTLP-JSON export request: needs one of resourceLogs, resourceSpans, resourceMetrics"),
    };
    // What the decoder says would quote the value.
    read.map_err(|_| "not an OTLP-JSON export request: a field has the wrong type")
}

/// What has to change in an OTLP-JSON text.
///
/// The documents then hold the tree that the text stands for: attributes are maps.
pub(crate) fn edits(rules: &Arc<Compiled>, documents: &mut Documents<'_>) -> Vec<Edit> {
    let mut bytes = Vec::new();
    documents.roots = std::mem::take(&mut documents.roots)
        .into_iter()
        .map(|root| unwrap(root, &mut bytes))
        .collect();
    let mut edits = documents.edits(rules, text::NESTED);
    for (leaf, decoded) in bytes {
        let (clean, rule) = stream::redact_bytes(rules, &decoded);
        let Some(place) = documents.places.get(leaf).filter(|_| clean != decoded) else {
            continue;
        };
        if edits.iter().all(|edit| edit.range != place.range) {
            edits.push(Edit {
                range: place.range.clone(),
                with: base64::encode(&clean),
                rule,
            });
        }
    }
    edits.sort_by_key(|edit| edit.range.start);
    edits
}

/// The tree that an OTLP-JSON tree stands for; bytes values are collected apart.
fn unwrap<'a>(node: Node<'a>, bytes: &mut Vec<(usize, Vec<u8>)>) -> Node<'a> {
    let Node { leaf, kind } = node;
    let kind = match kind {
        Kind::List(items) if !items.is_empty() && items.iter().all(is_pair) => {
            Kind::Map(items.into_iter().filter_map(|item| pair(item, bytes)).collect())
        }
        Kind::List(items) => Kind::List(items.into_iter().map(|item| unwrap(item, bytes)).collect()),
        Kind::Map(mut entries) if entries.len() == 1 && entries[0].1.ends_with("Value") => {
            let (number, key, value) = entries.remove(0);
            return typed(leaf, number, key, value, bytes);
        }
        Kind::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .map(|(number, key, value)| (number, key, unwrap(value, bytes)))
                .collect(),
        ),
        other => other,
    };
    Node { leaf, kind }
}

/// A value that is wrapped in an object with its type.
fn typed<'a>(
    leaf: usize,
    number: usize,
    key: Cow<'a, str>,
    value: Node<'a>,
    bytes: &mut Vec<(usize, Vec<u8>)>,
) -> Node<'a> {
    match (key.as_ref(), value.kind) {
        ("stringValue" | "boolValue", kind) => Node { leaf: value.leaf, kind },
        ("intValue" | "doubleValue", Kind::Text(text)) => Node {
            leaf: value.leaf,
            kind: Kind::Number(text),
        },
        ("bytesValue", Kind::Text(text)) => {
            bytes.extend(base64::decode(&text).map(|decoded| (value.leaf, decoded)));
            Node {
                leaf: value.leaf,
                kind: Kind::Number(text),
            }
        }
        ("arrayValue" | "kvlistValue", Kind::Map(mut entries)) if entries.len() == 1 && entries[0].1 == "values" => {
            unwrap(entries.remove(0).2, bytes)
        }
        (_, kind) => {
            let value = unwrap(Node { leaf: value.leaf, kind }, bytes);
            Node {
                leaf,
                kind: Kind::Map(vec![(number, key, value)]),
            }
        }
    }
}

fn is_pair(node: &Node<'_>) -> bool {
    let Kind::Map(entries) = &node.kind else { return false };
    let named = entries
        .iter()
        .any(|(_, key, value)| key == "key" && matches!(value.kind, Kind::Text(_)));
    named
        && entries
            .iter()
            .all(|(_, key, _)| matches!(key.as_ref(), "key" | "value"))
}

fn pair<'a>(node: Node<'a>, bytes: &mut Vec<(usize, Vec<u8>)>) -> Option<(usize, Cow<'a, str>, Node<'a>)> {
    let Kind::Map(entries) = node.kind else { return None };
    let mut key = None;
    let mut value = Node {
        leaf: usize::MAX,
        kind: Kind::Null,
    };
    for (_, name, node) in entries {
        match (name.as_ref(), node) {
            (
                "key",
                Node {
                    leaf,
                    kind: Kind::Text(text),
                },
            ) => key = Some((leaf, text)),
            (_, node) => value = unwrap(node, bytes),
        }
    }
    key.map(|(leaf, text)| (leaf, text, value))
}
