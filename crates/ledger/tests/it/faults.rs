//! The disk refuses, fills up, writes short, or loses what it had taken.

use crate::scene::{SEGMENT, Scene, append, batch, numbers, options};
use sitelog_ledger::disk::fault::Op;
use sitelog_ledger::{Error, Options, Refused};
use std::io::ErrorKind;

/// Scenario: the disk is full in the middle of a frame, and later there is room again.
/// Guarantees: the frame is refused whole, nothing half is left, it is counted, and the chain goes on and verifies.
#[test]
fn a_full_disk_refuses_and_the_chain_goes_on() {
    for room in 0..400 {
        let scene = Scene::new();
        let chain = scene.chain(1);
        append(&chain, 0..2);
        scene.disk.set_room(Some(room));
        let mut next = 2;
        while chain.append(&batch(next)).is_ok() {
            next += 1;
        }
        assert!(matches!(chain.append(&batch(next)), Err(Refused::DiskFull(_))));
        assert_eq!(
            numbers(&scene.ledger, chain.id()),
            ((0..next).collect(), 0),
            "room for {room} bytes"
        );
        assert_eq!(scene.ledger.counters().refused_disk_full.get(), 2);
        scene.disk.set_room(None);
        append(&chain, next..next + 20);
        chain.seal().unwrap();
        assert_eq!(numbers(&scene.ledger, chain.id()), ((0..next + 20).collect(), 0));
        let key = scene.ledger.public_key().unwrap();
        assert!(scene.ledger.verify(chain.id(), &key).unwrap().is_sealed());
    }
}

/// Scenario: the disk is full when a segment rolls, at any byte of the checkpoint, the new file and its header.
/// Guarantees: as above.
#[test]
fn a_full_disk_at_a_roll_refuses_and_the_chain_goes_on() {
    for room in (0..900).step_by(7) {
        let scene = Scene::new();
        let chain = scene.chain(1);
        append(&chain, 0..7);
        scene.disk.set_room(Some(room));
        let mut next = 7;
        while chain.append(&batch(next)).is_ok() {
            next += 1;
        }
        scene.disk.set_room(None);
        append(&chain, next..next + 9);
        chain.seal().unwrap();
        assert_eq!(
            numbers(&scene.ledger, chain.id()),
            ((0..next + 9).collect(), 0),
            "room for {room} bytes"
        );
        let key = scene.ledger.public_key().unwrap();
        assert!(scene.ledger.verify(chain.id(), &key).unwrap().is_sealed());
    }
}

#[test]
fn short_writes_are_completed() {
    let scene = Scene::new();
    scene.disk.set_short_writes(true);
    let chain = scene.chain(1);
    append(&chain, 0..30);
    chain.seal().unwrap();
    assert_eq!(numbers(&scene.ledger, chain.id()), ((0..30).collect(), 0));
}

/// Scenario: a sync fails once; the next one would succeed, but the system has dropped the pages.
/// Guarantees: no frame from then on is called durable; writers and waiters learn why; what was durable stays.
#[test]
fn a_failed_sync_ends_the_chain() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..3);
    scene.disk.fail(Op::Sync, SEGMENT, ErrorKind::Other, 1);
    let receipt = chain.write(&batch(3)).unwrap();
    assert!(matches!(chain.wait_durable(&receipt), Err(Error::NotDurable(_))));
    assert!(
        matches!(chain.wait_durable(&receipt), Err(Error::NotDurable(_))),
        "asking again does not help"
    );
    assert!(matches!(chain.write(&batch(4)), Err(Refused::Failed { .. })));
    assert!(matches!(chain.seal(), Err(Error::NotDurable(_))));
    assert_eq!(chain.durable(), 3);
    let mut cursor = chain.cursor("x", None).unwrap();
    assert_eq!(std::iter::from_fn(|| cursor.next().unwrap()).count(), 3);
    assert!(cursor.at_end());
    let id = chain.id().clone();
    drop((chain, cursor));
    assert_eq!(scene.ledger.counters().failed_chains.get(), 1);
    let (chain, _) = scene.ledger.reopen(&id).unwrap();
    assert!(chain.written() >= 3);
    append(&chain, 9..10);
}

/// Scenario: a write fails in the middle and the half frame cannot be removed.
/// Guarantees: the chain ends with a clear error, and recovery cuts the half frame.
#[test]
fn half_a_frame_that_stays_ends_the_chain() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..3);
    scene.disk.set_room(Some(40));
    scene.disk.fail(Op::Truncate, SEGMENT, ErrorKind::Other, 1);
    assert!(matches!(chain.write(&batch(3)), Err(Refused::Failed { .. })));
    assert!(matches!(chain.write(&batch(3)), Err(Refused::Failed { .. })));
    let id = chain.id().clone();
    drop(chain);
    scene.disk.set_room(None);
    let (chain, recovery) = scene.ledger.reopen(&id).unwrap();
    assert_eq!(recovery.cut, 40);
    append(&chain, 3..5);
    assert_eq!(numbers(&scene.ledger, &id), ((0..5).collect(), 0));
}

#[test]
fn a_failed_write_or_open_is_refused_and_can_be_repeated() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    scene.disk.fail(Op::Create, ".seg", ErrorKind::PermissionDenied, 1);
    assert!(matches!(chain.append(&batch(0)), Err(Refused::Io(_))));
    scene.disk.fail(Op::Write, ".seg", ErrorKind::Other, 1);
    assert!(matches!(chain.append(&batch(0)), Err(Refused::Io(_))));
    append(&chain, 0..2);
    assert_eq!(scene.ledger.counters().refused_io.get(), 2);
    assert_eq!(numbers(&scene.ledger, chain.id()), (vec![0, 1], 0));
}

/// Scenario: a cursor's commit fails, at its write or its sync, and the process goes on or dies.
/// Guarantees: the commit before it stays, the error is told, and the next commit is durable.
#[test]
fn a_failed_commit_can_be_repeated() {
    for op in [Op::Write, Op::Sync] {
        let scene = Scene::new();
        let chain = scene.chain(1);
        append(&chain, 0..5);
        let mut cursor = chain.cursor("x", None).unwrap();
        let mut progress = cursor.progress().clone();
        progress.upto.frame = 2;
        cursor.commit(progress.clone()).unwrap();
        scene.disk.fail(op, "x.cursor", ErrorKind::Other, 1);
        progress.upto.frame = 3;
        assert!(matches!(cursor.commit(progress.clone()), Err(Error::Io { .. })));
        assert_eq!(cursor.progress().upto.frame, 2);
        cursor.commit(progress).unwrap();
        scene.disk.crash(sitelog_ledger::disk::fault::Crash::Lost);
        drop((cursor, chain));
        scene.disk.restart();
        let id = scene.ledger.chains().unwrap().remove(0);
        assert_eq!(scene.ledger.cursor(&id, "x", None).unwrap().progress().upto.frame, 3);
    }
}

/// Scenario: the disk is slower than the writer.
/// Guarantees: never more than `ahead_bytes` (and one frame) wait for durability.
#[test]
fn a_writer_does_not_run_away_from_the_disk() {
    let scene = Scene::with(Options {
        ahead_bytes: 500,
        ..options()
    });
    let chain = scene.chain(1);
    for n in 0..100 {
        chain.write(&batch(n)).unwrap();
        // 192 bytes a frame; three stay below the limit, the fourth may begin.
        assert!(chain.written() - chain.durable() <= 5);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    std::fs::write(&file, "not a folder").unwrap();
    let error = sitelog_ledger::Ledger::open(&file, options()).map(|_| ()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot create {}", file.display())),
        "{error}"
    );
}
