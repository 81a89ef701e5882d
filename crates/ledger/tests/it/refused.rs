//! What destinations refuse: kept once, in ranges, in files of any version.

use crate::scene::{Scene, append, refuse};
use sitelog_ledger::disk::fault::Op;
use sitelog_ledger::{Position, Progress, Refusal};
use std::path::PathBuf;

fn at(frame: u64, item: u32) -> Position {
    Position { frame, item }
}

#[test]
fn refused_records_are_kept_once_and_counted() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..2);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    let at = at(1, 3);
    refuse(&mut cursor, at, "attribute too long").unwrap();
    refuse(&mut cursor, at, "attribute too long").unwrap();
    drop(cursor);
    let cursor = chain.cursor("otlp", None).unwrap();
    let kept: Vec<_> = cursor
        .refused()
        .iter()
        .map(|range| (range.first, range.records, range.reason.clone()))
        .collect();
    assert_eq!(kept, [(at, 1, "attribute too long".to_owned())]);
    assert_eq!(scene.ledger.counters().refused_records.get(), 1);
    assert_eq!(scene.ledger.status(chain.id()).unwrap().cursors[0].refused, 1);
}

/// Scenario: a sync of the list fails (its file was made as `.new`): it goes into a new file with the next record.
/// Guarantees: what was in it before is in the new one, and a destination's long words are cut.
#[test]
fn refused_records_survive_a_failed_sync() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..2);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    let places = [0, 2, 4].map(|item| at(1, item));
    refuse(&mut cursor, places[0], &"x".repeat(5000)).unwrap();
    scene.disk.fail(Op::Sync, ".new", std::io::ErrorKind::Other, 1);
    assert!(refuse(&mut cursor, places[1], "no").is_err());
    refuse(&mut cursor, places[1], "no").unwrap();
    refuse(&mut cursor, places[2], "no").unwrap();
    drop(cursor);
    let cursor = chain.cursor("otlp", None).unwrap();
    let kept: Vec<_> = cursor.refused().iter().map(|range| range.first).collect();
    assert_eq!(kept, places);
    assert_eq!(cursor.refused()[0].reason.len(), 256);
}

/// Guarantees: what is refused in one answer is one write and one sync, however many records it is.
#[test]
fn one_answer_is_one_write() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..2);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    refuse(&mut cursor, at(0, 0), "the file is made").unwrap();
    let before = scene.disk.operations();
    let many: Vec<_> = (0..50).map(|item| Refusal::one(at(1, item * 2), "no")).collect();
    cursor.refuse(&many).unwrap();
    assert_eq!(scene.disk.operations() - before, 2);
    cursor.refuse(&many).unwrap();
    assert_eq!(scene.disk.operations() - before, 2, "known already");
    assert_eq!(scene.ledger.status(chain.id()).unwrap().cursors[0].refused, 51);
}

/// Scenario: a million records are refused, every second one, each by itself, in a thousand answers.
/// Guarantees: list and file stay small, each counts, after a restart too.
#[test]
fn a_million_refused_records_cost_little() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..2);
    let cursor = chain.cursor("otlp", None).unwrap();
    let mut done = Progress::default();
    for frame in 0..1000 {
        done.upto = at(frame + 1, 0);
        let answer: Vec<_> = (0..1000)
            .map(|item| Refusal::one(at(frame, item * 2), &frame.to_string()))
            .collect();
        cursor.refusals().add(&answer, &done).unwrap();
    }
    let len = |cursor: &sitelog_ledger::Cursor| cursor.refused().len();
    let sum = |cursor: &sitelog_ledger::Cursor| cursor.refused().iter().map(|range| range.records).sum::<u64>();
    assert!(len(&cursor) <= 128);
    let path = scene.path(chain.id(), "cursors/otlp.refused");
    let mut size = 0;
    scene.disk.tamper(&path, |bytes| size = bytes.len());
    assert!(size < 128 << 10, "{size}");
    drop(cursor);
    let cursor = chain.cursor("otlp", None).unwrap();
    assert_eq!(
        (sum(&cursor), scene.ledger.counters().refused_records.get()),
        (1_000_000, 1_000_000)
    );
    assert!(len(&cursor) <= 128);
}

/// A record of a file: length, body, checksum.
fn record(body: &[u8]) -> Vec<u8> {
    let mut record = (body.len() as u32).to_le_bytes().to_vec();
    record.extend_from_slice(body);
    record.extend_from_slice(&crc32c::crc32c(&record).to_le_bytes());
    record
}

/// Scenario: a list of the first version, one entry a record. Guarantees: it is read, by who looks on too, and what comes next
/// is added to it.
#[test]
fn a_list_of_single_records_is_read() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..2);
    refuse(&mut chain.cursor("otlp", None).unwrap(), at(0, 0), "the file is made").unwrap();
    let mut old = b"SLR1\0\0\0\0".to_vec();
    old.extend_from_slice(&crc32c::crc32c(&old).to_le_bytes());
    for item in [3u32, 4, 9] {
        let mut body = 1u64.to_le_bytes().to_vec();
        body.extend_from_slice(&item.to_le_bytes());
        body.extend_from_slice(&77u64.to_le_bytes());
        body.extend_from_slice(b"too long");
        old.extend_from_slice(&record(&body));
    }
    let path: PathBuf = scene.path(chain.id(), "cursors/otlp.refused");
    scene.disk.tamper(&path, |bytes| *bytes = old.clone());
    assert_eq!(scene.ledger.status(chain.id()).unwrap().cursors[0].refused, 3);
    for _ in 0..2 {
        let mut cursor = chain.cursor("otlp", None).unwrap();
        refuse(&mut cursor, at(1, 4), "known").unwrap();
        refuse(&mut cursor, at(1, 12), "another").unwrap();
        let places: Vec<_> = cursor
            .refused()
            .iter()
            .map(|range| (range.first, range.records))
            .collect();
        assert_eq!(places, [(at(1, 3), 2), (at(1, 9), 1), (at(1, 12), 1)]);
        assert_eq!(
            (cursor.refused()[0].time, cursor.refused()[0].reason.as_str()),
            (77, "too long")
        );
    }
}
