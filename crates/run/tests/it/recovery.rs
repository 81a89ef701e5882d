//! Runs whose sitelog was killed: at any frame of the run, and at any frame of the recovery itself.

use crate::stage::{Stage, attribute, block_on, connect, events, logs, spans, stream};
use sitelog_ledger::{ChainId, Ledger, Options, State};
use sitelog_model::Payload;
use sitelog_model::note::Note;
use sitelog_run::finish_interrupted;
use sitelog_sanitize::{Clean, Sanitizer, Settings};
use std::collections::HashSet;
use tokio_stream::iter;

/// A ledger that holds the first `count` frames of a chain, left by a writer that died.
fn cut(from: &Ledger, chain: &ChainId, count: usize) -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), Options::default()).unwrap();
    let copy = ledger.create(&chain.tenant, chain.id).unwrap();
    for frame in from.frames(chain).unwrap().take(count) {
        let batch = frame.unwrap().batch.get().clone();
        copy.append(&Clean::stored(batch)).unwrap();
    }
    drop(copy);
    (folder, ledger)
}

fn finish(ledger: &Ledger, chain: &ChainId) {
    let sanitizer = Sanitizer::new(Settings::default());
    assert!(finish_interrupted(ledger, chain, &sanitizer).unwrap());
    assert!(!finish_interrupted(ledger, chain, &sanitizer).unwrap(), "twice");
}

/// What must hold of a finished chain in which `operations` were begun.
fn is_finished(ledger: &Ledger, chain: &ChainId, case: &str) {
    assert_eq!(ledger.status(chain).unwrap().state, State::Sealed, "{case}");
    let notes = || {
        ledger
            .frames(chain)
            .unwrap()
            .map(Result::unwrap)
            .filter_map(|frame| match &frame.batch.get().payload {
                Payload::Note(note) => Note::parse(note),
                _ => None,
            })
    };
    let begun = notes().filter(|note| matches!(note, Note::OperationStarted(_))).count();
    assert_eq!(
        notes().filter(|note| matches!(note, Note::RunEnded(_))).count(),
        1,
        "{case}"
    );
    let logs = logs(ledger, chain);
    for event in ["sitelog.operation.started", "sitelog.operation.completed"] {
        let found = logs.iter().filter(|record| record.event_name == event).count();
        assert_eq!(found, begun, "{event} {case}");
    }
    let ids: HashSet<_> = logs
        .iter()
        .map(|record| attribute(&record.attributes, "log.record.uid"))
        .collect();
    assert_eq!(ids.len(), logs.len(), "{case}: a record stands twice");
    let spans = spans(ledger, chain);
    let ids: HashSet<_> = spans.iter().map(|span| &span.span_id).collect();
    assert_eq!(ids.len(), spans.len(), "{case}: a span stands twice");
    let run = spans.iter().find(|span| span.parent_span_id.is_empty()).unwrap();
    let operations = spans.iter().filter(|span| span.parent_span_id == run.span_id);
    let operations = operations.filter(|span| span.name.starts_with("pulumi"));
    assert_eq!(operations.count(), begun, "{case}: spans of operations");
    for record in logs
        .iter()
        .filter(|record| record.event_name == "sitelog.operation.completed")
    {
        assert!(ids.contains(&record.span_id), "{case}: completed hangs in the air");
    }
}

/// Scenario: one operation ended, another was under way when sitelog was killed; whoever finishes the record is killed too,
/// after any frame. Guarantee: the next one makes it whole; nothing stands there twice.
#[test]
fn a_killed_run_is_finished_from_any_frame() {
    let stage = Stage::new();
    block_on(async {
        let mut client = connect(&stage.address).await;
        stream(&mut client, iter(events(3, true))).await.unwrap();
        stream(&mut client, iter(events(4, false))).await.unwrap();
    });
    let orphan = stage.ledger.frames(&stage.chain).unwrap().count();
    let (_folder, recovered) = cut(&stage.ledger, &stage.chain, orphan);
    finish(&recovered, &stage.chain);
    is_finished(&recovered, &stage.chain, "whole");
    let all = recovered.frames(&stage.chain).unwrap().count();
    assert!(
        all >= orphan + 4,
        "{all} of {orphan}: spans, records, the run's span and its note"
    );
    let records = logs(&recovered, &stage.chain);
    let last = records.last().unwrap();
    let said = |key: &str| attribute(&last.attributes, key);
    assert_eq!(said("sitelog.operation.result").as_deref(), Some("interrupted"));
    assert_eq!(
        said("sitelog.changes.create").as_deref(),
        Some("3"),
        "what was done is counted"
    );
    assert_eq!(
        said("sitelog.resources.unfinished").as_deref(),
        Some("1"),
        "what was under way is told"
    );
    for count in 1..all {
        let (_folder, cut) = cut(&recovered, &stage.chain, count);
        finish(&cut, &stage.chain);
        is_finished(&cut, &stage.chain, &format!("after frame {count} of {all}"));
    }
}
