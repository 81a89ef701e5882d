//! The model test: the process or the machine ends at every operation of a workload.

use crate::scene::{SEGMENT, append, batch, id, number, numbers, options, refuse};
use sitelog_ledger::disk::fault::{Crash, FaultDisk};
use sitelog_ledger::{ChainId, Cursor, Error, Ledger, Position, Progress};
use sitelog_model::{Signal, TenantId};
use std::sync::Arc;

/// What the ledger has acknowledged up to the crash.
#[derive(Default)]
struct Acknowledged {
    /// Numbers below this are written: they survive `kill -9`.
    written: u64,
    /// Numbers below this are durable.
    durable: u64,
    progress: Progress,
    refused: usize,
    sealed: bool,
}

fn chain_id() -> ChainId {
    ChainId {
        tenant: TenantId::default(),
        id: id(7),
    }
}

fn open(disk: &FaultDisk) -> Result<Ledger, Error> {
    Ledger::with_disk(Arc::new(disk.clone()), "/data", options())
}

/// Single appends, groups, segment rolls, cursor commits out of order, a refused record, a reopen, and a seal.
fn workload(disk: &FaultDisk, done: &mut Acknowledged) -> Option<()> {
    let ledger = open(disk).ok()?;
    let chain = ledger.create(&TenantId::default(), id(7)).ok()?;
    let mut cursor = chain.cursor("otlp", Some(Signal::Logs)).ok()?;
    for round in 0..3 {
        write_round(&chain, done, 4)?;
        read_round(&mut cursor, done)?;
        if round == 1 {
            refuse(&mut cursor, Position { frame: 1, item: 2 }, "no such metric").ok()?;
            done.refused = 1;
        }
    }
    drop((cursor, chain));
    let (chain, recovery) = ledger.reopen(&chain_id()).ok()?;
    assert_eq!(
        (recovery.cut, recovery.damage.len()),
        (0, 0),
        "a chain that was closed in peace is whole"
    );
    write_round(&chain, done, 3)?;
    chain.seal().ok()?;
    done.sealed = true;
    let mut cursor = chain.cursor("otlp", Some(Signal::Logs)).ok()?;
    read_round(&mut cursor, done)
}

fn write_round(chain: &sitelog_ledger::Chain, done: &mut Acknowledged, count: u64) -> Option<()> {
    chain.append(&batch(done.written)).ok()?;
    done.written += 1;
    done.durable = done.written;
    let mut last = None;
    for _ in 0..count {
        last = Some(chain.write(&batch(done.written)).ok()?);
        done.written += 1;
    }
    chain.wait_durable(&last?).ok()?;
    done.durable = done.written;
    Some(())
}

fn read_round(cursor: &mut Cursor, done: &mut Acknowledged) -> Option<()> {
    while let Some(frame) = cursor.next().ok()? {
        let at = frame.position.frame;
        let mut progress = cursor.progress().clone();
        match at % 3 {
            // The answer to this one comes late: it stays open until the next frame's commit joins the two.
            1 => continue,
            0 => progress.add(Position::start(at)..Position::start(at + 1)),
            _ => progress.upto = Position::start(at + 1),
        }
        cursor.commit(progress.clone()).ok()?;
        done.progress = cursor.progress().clone();
    }
    Some(())
}

fn check(disk: &FaultDisk, how: Crash, done: &Acknowledged, case: &str) {
    let ledger = open(disk).unwrap();
    let kept = if how == Crash::Kill { done.written } else { done.durable };
    let reopened = ledger.reopen(&chain_id());
    let damage = match &reopened {
        Ok((_, recovery)) => recovery.damage.len(),
        Err(Error::Sealed(_)) => 0,
        Err(Error::NoChain(_)) => return assert_eq!(kept, 0, "{case}: the chain is gone"),
        Err(error) => panic!("{case}: {error}"),
    };
    assert!(!done.sealed || reopened.is_err(), "{case}: the seal is gone");
    let (found, reported) = numbers(&ledger, &chain_id());
    assert!(
        found.iter().copied().take(kept as usize).eq(0..kept),
        "{case}: {found:?}, acknowledged {kept}"
    );
    assert!(
        found.is_sorted_by(|a, b| a < b),
        "{case}: {found:?} is out of order or doubled"
    );
    if how == Crash::Kill {
        assert_eq!(damage, 0, "{case}: a killed process leaves a torn tail, no damage");
    }
    let cursor = match &reopened {
        Ok((chain, _)) => chain.cursor("otlp", Some(Signal::Logs)),
        Err(_) => ledger.cursor(&chain_id(), "otlp", Some(Signal::Logs)),
    };
    check_cursor(cursor.unwrap(), done, &found, case);
    if let Ok((chain, _)) = reopened {
        let next = found.last().map_or(0, |last| last + 1);
        chain.append(&batch(next)).unwrap();
        assert!(chain.seal().unwrap().is_some_and(|checkpoint| checkpoint.end), "{case}");
        assert_eq!(
            numbers(&ledger, &chain_id()).0.last(),
            Some(&next),
            "{case}: it goes on"
        );
    }
    if damage + reported == 0 {
        let verified = ledger.verify(&chain_id(), &ledger.public_key().unwrap()).unwrap();
        assert!(verified.is_sealed(), "{case}: {verified:?}");
    }
}

fn check_cursor(mut cursor: Cursor, done: &Acknowledged, found: &[u64], case: &str) {
    let now = cursor.progress().clone();
    assert!(
        now.upto >= done.progress.upto,
        "{case}: the cursor went back to {}",
        now.upto
    );
    let forgotten = done.progress.ahead.iter().find(|range| !now.has(range.start.frame));
    assert_eq!(forgotten, None, "{case}: an acknowledged range is open again");
    assert!(
        cursor.refused().len() >= done.refused,
        "{case}: a refused record is forgotten"
    );
    let mut delivered = Vec::new();
    while let Some(frame) = cursor.next().unwrap() {
        assert!(
            !done.progress.has(frame.position.frame),
            "{case}: {} comes again",
            frame.position
        );
        delivered.push(number(frame.batch.get().payload.bytes()));
    }
    assert!(delivered.iter().all(|number| found.contains(number)), "{case}");
    assert!(delivered.is_sorted_by(|a, b| a < b), "{case}: {delivered:?}");
}

/// Scenario: `kill -9` or a power loss in the middle of each operation, with a torn last write, then a restart.
/// Guarantees: everything acknowledged is there, in order, once; an acknowledged commit stays; the chain goes on, and verifies.
#[test]
fn nothing_acknowledged_is_lost_at_any_operation() {
    let disk = FaultDisk::new();
    let mut done = Acknowledged::default();
    workload(&disk, &mut done).expect("the workload runs through without a crash");
    assert!(
        disk.files()
            .iter()
            .filter(|path| path.extension().is_some_and(|e| e == "seg"))
            .count()
            > 1,
        "it rolls"
    );
    let operations = disk.operations();
    assert!(operations > 100, "{operations}");
    for how in Crash::ALL {
        for at in 1..=operations {
            let (disk, mut done) = (FaultDisk::new(), Acknowledged::default());
            disk.crash_at(at, how);
            let finished = workload(&disk, &mut done).is_some();
            assert!(finished != disk.has_crashed(), "operation {at} is reached");
            disk.crash(how);
            disk.restart();
            check(&disk, how, &done, &format!("{how:?} at operation {at}"));
        }
    }
}

/// Scenario: a power loss after a disk that only said that it had synced.
/// Guarantees: acknowledged frames may be gone, but what is left is in order, and the chain opens and goes on by itself.
#[test]
fn a_lying_disk_leaves_a_chain_that_opens() {
    for how in [Crash::Lost, Crash::Torn, Crash::Zeroed] {
        let (disk, mut done) = (FaultDisk::new(), Acknowledged::default());
        let ledger = open(&disk).unwrap();
        let chain = ledger.create(&TenantId::default(), id(7)).unwrap();
        write_round(&chain, &mut done, 3).unwrap();
        disk.set_lying_sync(true);
        write_round(&chain, &mut done, 20).unwrap();
        disk.crash(how);
        drop(chain);
        disk.restart();
        check(
            &disk,
            how,
            &Acknowledged {
                durable: 4,
                ..Acknowledged::default()
            },
            &format!("{how:?}"),
        );
    }
}

/// Scenario: a writer dies with half a frame at the end; another process takes over.
/// Guarantees: the half frame is cut, reported and kept in the quarantine; a reader before that sees the whole frames only.
#[test]
fn a_torn_tail_is_cut_and_reported() {
    let disk = FaultDisk::new();
    let ledger = open(&disk).unwrap();
    let chain = ledger.create(&TenantId::default(), id(7)).unwrap();
    append(&chain, 0..3);
    drop(chain);
    let path = std::path::PathBuf::from(format!("/data/tenants/default/{}/{SEGMENT}", id(7)));
    disk.tamper(&path, |bytes| bytes.truncate(bytes.len() - 10));
    assert_eq!(numbers(&ledger, &chain_id()), (vec![0, 1], 0));
    let (_chain, recovery) = ledger.reopen(&chain_id()).unwrap();
    assert_eq!((recovery.cut, recovery.damage.len()), (182, 0));
    assert_eq!(ledger.counters().tail_bytes_cut.get(), 182);
    assert!(
        disk.files()
            .iter()
            .any(|path| path.to_string_lossy().contains("quarantine"))
    );
}
