//! Named readers and what they remember.

use crate::scene::{Scene, append, batch, number, of, payload};
use sitelog_ledger::disk::fault::Crash;
use sitelog_ledger::{Cursor, Error, Position, Progress};
use sitelog_model::{Payload, Signal};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn rest(cursor: &mut Cursor) -> Vec<u64> {
    std::iter::from_fn(|| cursor.next().unwrap())
        .map(|frame| number(frame.batch.get().payload.bytes()))
        .collect()
}

fn upto(frame: u64) -> Progress {
    Progress {
        upto: Position::start(frame),
        ahead: vec![],
    }
}

#[test]
fn a_cursor_resumes_behind_its_last_commit() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..30);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    assert_eq!(rest(&mut cursor), (0..30).collect::<Vec<_>>());
    let third = scene
        .ledger
        .frames(chain.id())
        .unwrap()
        .nth(19)
        .unwrap()
        .unwrap()
        .position;
    cursor.commit(upto(third.frame + 1)).unwrap();
    let back = cursor.commit(upto(3));
    assert!(matches!(back, Err(Error::CursorBack { .. })));
    drop(cursor);
    assert_eq!(
        rest(&mut chain.cursor("otlp", None).unwrap()),
        (20..30).collect::<Vec<_>>()
    );
    assert_eq!(rest(&mut chain.cursor("another", None).unwrap()).len(), 30);
}

/// Scenario: several requests are in flight and answers come out of order; the process restarts.
/// Guarantees: what was answered does not come again, what was not does, also where only half of a frame was answered.
#[test]
fn ranges_ahead_are_not_delivered_again() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..7);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    let half = Position { frame: 4, item: 3 };
    let ahead = vec![Position::start(2)..half, Position::start(6)..Position::start(7)];
    cursor
        .commit(Progress {
            upto: Position::start(1),
            ahead,
        })
        .unwrap();
    drop(cursor);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    let mut again = Vec::new();
    while let Some(frame) = cursor.next().unwrap() {
        again.push(frame.position.frame);
    }
    assert_eq!(again, [1, 4, 5]);
    assert!(cursor.progress().has_item(Position { frame: 4, item: 2 }) && !cursor.progress().has_item(half));
}

#[test]
fn other_signals_and_notes_are_passed_over() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    for n in 0..30 {
        let signal = Signal::ALL[n as usize % 3];
        chain.append(&of(signal, n, 80)).unwrap();
        chain.append(&payload(signal, Payload::Note("{}".into()))).unwrap();
    }
    let mut traces = chain.cursor("traces", Some(Signal::Traces)).unwrap();
    assert_eq!(rest(&mut traces), (0..30).filter(|n| n % 3 == 1).collect::<Vec<_>>());
    assert_eq!(rest(&mut chain.cursor("all", None).unwrap()).len(), 30);
    let status = scene.ledger.status(chain.id()).unwrap();
    let lags: Vec<_> = status
        .cursors
        .iter()
        .map(|cursor| (cursor.name.as_str(), cursor.lag_frames))
        .collect();
    assert_eq!(lags, [("all", 30), ("traces", 10)]);
}

/// Scenario: a reader follows a chain while it is written.
/// Guarantees: it sees what is durable and nothing else, is woken when that grows, and knows the end when it comes.
#[test]
fn a_live_reader_sees_durable_frames_only() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    let woken = Arc::new(AtomicUsize::new(0));
    let count = woken.clone();
    chain.subscribe(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    let mut cursor = chain.cursor("live", None).unwrap();
    let receipt = chain.write(&batch(0)).unwrap();
    assert_eq!((chain.written(), chain.durable()), (1, 0));
    assert_eq!(rest(&mut cursor), [] as [u64; 0]);
    chain.wait_durable(&receipt).unwrap();
    assert_eq!(rest(&mut cursor), [0]);
    append(&chain, 1..40);
    assert_eq!(rest(&mut cursor), (1..40).collect::<Vec<_>>());
    assert!(!cursor.at_end());
    let before = woken.load(Ordering::SeqCst);
    chain.seal().unwrap();
    assert!(before > 0 && woken.load(Ordering::SeqCst) > before);
    assert_eq!(rest(&mut cursor), [] as [u64; 0]);
    assert!(cursor.at_end());
}

/// Scenario: one process writes, another one reads the same chain.
/// Guarantees: the reader takes half a frame for nothing at all, never for damage, and gets it when it is whole.
#[test]
fn a_reader_beside_the_writer_stops_at_half_a_frame() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    let mut cursor = scene.ledger.cursor(chain.id(), "beside", None).unwrap();
    append(&chain, 0..3);
    let path = scene.path(chain.id(), crate::scene::SEGMENT);
    let mut half = Vec::new();
    scene
        .disk
        .tamper(&path, |bytes| half = bytes.split_off(bytes.len() - 50));
    assert_eq!(rest(&mut cursor), [0, 1]);
    assert!(!cursor.at_end());
    assert_eq!(crate::scene::numbers(&scene.ledger, chain.id()), (vec![0, 1], 0));
    scene.disk.tamper(&path, |bytes| bytes.append(&mut half));
    assert_eq!(rest(&mut cursor), [2]);
    append(&chain, 3..30);
    assert_eq!(rest(&mut cursor), (3..30).collect::<Vec<_>>());
    let id = chain.id().clone();
    drop(chain);
    assert_eq!(rest(&mut cursor), [] as [u64; 0]);
    assert!(
        cursor.at_end() && cursor.damage().is_empty(),
        "{id} has no writer any more"
    );
}

#[test]
fn a_cursor_has_one_holder_and_a_safe_name() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..2);
    let held = chain.cursor("otlp", None).unwrap();
    let pid = Some(std::process::id());
    let busy = scene.ledger.cursor(chain.id(), "otlp", None).map(|_| ());
    assert!(matches!(busy, Err(Error::CursorBusy { pid: found, .. }) if found == pid));
    drop(held);
    assert!(scene.ledger.cursor(chain.id(), "otlp", None).is_ok());
    assert!(matches!(chain.cursor("../x", None), Err(Error::CursorName(_))));
}

#[test]
fn a_cursor_file_stays_small() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..1);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    for item in 0..10_000 {
        cursor
            .commit(Progress {
                upto: Position { frame: 0, item },
                ahead: vec![],
            })
            .unwrap();
    }
    let path = scene.path(chain.id(), "cursors/otlp.cursor");
    let mut len = 0;
    scene.disk.tamper(&path, |bytes| len = bytes.len());
    assert!((12..70_000).contains(&len), "{len}");
    drop(cursor);
    assert_eq!(chain.cursor("otlp", None).unwrap().progress().upto.item, 9_999);
}

/// Scenario: progress is noted, not committed; the process is killed, or the power fails, before or after it was settled.
/// Guarantees: `kill -9` costs nothing, a power loss at most what was noted since, and then it comes again.
#[test]
fn noted_progress_survives_kill_9_and_is_durable_once_settled() {
    for (how, settles) in Crash::ALL.into_iter().flat_map(|how| [(how, false), (how, true)]) {
        let scene = Scene::new();
        let chain = scene.chain(1);
        append(&chain, 0..6);
        let mut cursor = chain.cursor("x", None).unwrap();
        cursor.commit(upto(2)).unwrap();
        cursor.note(upto(3)).unwrap();
        cursor.note(upto(4)).unwrap();
        if settles {
            cursor.settle().unwrap();
        }
        scene.disk.crash(how);
        let id = chain.id().clone();
        drop((cursor, chain));
        scene.disk.restart();
        let kept = if settles || how == Crash::Kill { 4 } else { 2 };
        let mut cursor = scene.ledger.cursor(&id, "x", None).unwrap();
        let found = cursor.progress().upto.frame;
        assert!((kept..=4).contains(&found), "{how:?}, settled {settles}: {found}");
        cursor.commit(upto(5)).unwrap();
        assert_eq!(cursor.next().unwrap().map(|frame| frame.position.frame), Some(5));
    }
}

/// Guarantees: after going back, what was read and is not done comes again, and what is done does not.
#[test]
fn a_cursor_goes_back_to_what_is_not_done() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..30);
    let mut cursor = chain.cursor("x", None).unwrap();
    let read = |cursor: &mut Cursor| -> Vec<u64> {
        std::iter::from_fn(|| cursor.next().unwrap().map(|frame| frame.position.frame)).collect()
    };
    let all = read(&mut cursor);
    let mut progress = cursor.progress().clone();
    progress.upto = Position::start(all[20]);
    progress
        .ahead
        .push(Position::start(all[22])..Position::start(all[22] + 1));
    cursor.note(progress).unwrap();
    cursor.rewind().unwrap();
    let left: Vec<u64> = [20, 21, 23].into_iter().chain(24..30).map(|n: usize| all[n]).collect();
    assert_eq!(read(&mut cursor), left);
    chain.seal().unwrap();
    assert!(cursor.next().unwrap().is_none() && cursor.at_end());
    cursor.rewind().unwrap();
    assert_eq!(read(&mut cursor), left);
}
