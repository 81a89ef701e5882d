//! Recorded streams of a real engine (`testdata/pulumi`), and what became of its stacks in truth.

use crate::records::context;
use serde::Deserialize;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_provision::pulumi::{Document, Events};
use sitelog_provision::{End, Operation, Output, Reader, What};
use std::collections::BTreeMap;

/// From checkpoints before and after, the update history and the exit status; not from the stream.
#[derive(Debug, Deserialize)]
pub(super) struct Truth {
    pub(super) operation: String,
    pub(super) project: String,
    pub(super) stack: String,
    pub(super) outcome: String,
    pub(super) exit_code: i32,
    pub(super) signals: Vec<String>,
    /// Pulumi's own history.
    pub(super) changes: Option<BTreeMap<String, i64>>,
    pub(super) created: Set,
    pub(super) updated: Set,
    pub(super) replaced: Set,
    pub(super) deleted: Set,
    /// Names, not URNs.
    pub(super) failed: Vec<String>,
    pub(super) streams: u64,
}

/// URNs, or how many where there are too many.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Set {
    These(Vec<String>),
    Many { count: usize },
}

pub(super) fn truths() -> BTreeMap<String, Truth> {
    serde_json::from_str(include_str!("../../../testdata/pulumi/truth.json")).unwrap()
}

pub(super) fn stream(case: &str, number: u64) -> Vec<u8> {
    let path = format!("{}/testdata/pulumi/{case}.{number}.zst", env!("CARGO_MANIFEST_DIR"));
    zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap()
}

/// The events of a stream: its lines, but for the one document.
pub(super) fn events(case: &str, number: u64) -> Vec<Vec<u8>> {
    let bytes = stream(case, number);
    if case == "03-preview-json" {
        return vec![bytes];
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}

pub(super) fn feed(case: &str) -> &'static str {
    match case {
        "03-preview-json" | "05-up-json-same" => "stdout",
        _ => "grpc",
    }
}

/// What an operation made of a stream.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) out: Output,
    /// Facts that make no record: debug lines and the like, summaries, ends.
    pub(super) silent: usize,
    pub(super) events: usize,
    pub(super) resource: Vec<KeyValue>,
}

/// A nanosecond's clock that goes on by a millisecond an event.
pub(super) const START: u64 = 1_795_250_617_000_000_000;

pub(super) fn play(case: &str, events: &[Vec<u8>], end: &End) -> Played {
    let mut reader: Box<dyn Reader> = match case {
        "03-preview-json" => Box::new(Document),
        _ => Box::new(Events),
    };
    let mut operation = Operation::begin(context(feed(case)), START);
    let mut played = Played {
        events: events.len(),
        ..Played::default()
    };
    let mut facts = Vec::new();
    let mut at = START;
    for event in events {
        at += 1_000_000;
        if reader.read(event, &mut facts).is_err() {
            operation.malformed();
        }
        for fact in facts.drain(..) {
            let silent = matches!(fact.what, What::Aside(_) | What::Summary(_) | What::End);
            played.silent += usize::from(silent);
            operation.tell(fact, at, &mut played.out);
        }
    }
    played.resource = operation.attributes();
    operation.end(end, at + 1_000_000, &mut played.out);
    played
}

/// The operations of a case, one a stream; the tool's end is the last one's.
pub(super) fn play_case(case: &str, truth: &Truth) -> Vec<Played> {
    let each = (1..=truth.streams).map(|number| {
        let last = number == truth.streams;
        let end = End {
            exit_code: last.then_some(truth.exit_code),
            forwarded: if last { truth.signals.clone() } else { Vec::new() },
            streams: 1,
            ..End::default()
        };
        play(case, &events(case, number), &end)
    });
    each.collect()
}
