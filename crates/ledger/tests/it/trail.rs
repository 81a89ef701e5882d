//! The trail: each chain's beginning and end is entered exactly once, whatever dies when.

use crate::scene::{Scene, append, id, options};
use sitelog_ledger::disk::Disk;
use sitelog_ledger::disk::fault::{Crash, FaultDisk, Op};
use sitelog_ledger::{Check, Error, Ledger, Remarkable, Report};
use sitelog_model::TenantId;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Barrier};

const ENTRIES: &str = "/data/trail/entries";

fn open(disk: &FaultDisk) -> Result<Ledger, Error> {
    Ledger::with_disk(Arc::new(disk.clone()), "/data", options())
}

/// The words and chains of all entries, each with how often it is there.
fn entries(bytes: &[u8]) -> BTreeMap<String, usize> {
    let mut entries = BTreeMap::new();
    for line in String::from_utf8_lossy(bytes).lines() {
        let kind = line.split(' ').next().unwrap_or_default();
        if ["begun", "sealed", "erased"].contains(&kind) {
            let name = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
            *entries.entry(name).or_insert(0) += 1;
        }
    }
    entries
}

fn check(ledger: &Ledger) -> Report {
    ledger.check(&Check::default()).unwrap()
}

fn workload(disk: &FaultDisk) -> Option<()> {
    let ledger = open(disk).ok()?;
    for run in 0..3 {
        let chain = ledger.create(&TenantId::default(), id(run)).ok()?;
        for number in 0..9 {
            chain.append(&crate::scene::batch(number)).ok()?;
        }
        if run != 1 {
            chain.seal().ok()?;
        }
    }
    ledger.trail_note().ok().map(drop)
}

/// Scenario: `kill -9` or a power loss in the middle of each operation, then the next run, which settles what was left.
/// Guarantees: nothing looks tampered with, before and after; each chain that ended is entered, and nothing twice.
#[test]
fn each_end_is_entered_once_whatever_dies_when() {
    let whole = FaultDisk::new();
    workload(&whole).unwrap();
    // Beginnings are entered by another thread: the count may differ by what it does.
    for how in Crash::ALL {
        for at in 1..=whole.operations() {
            let disk = FaultDisk::new();
            disk.crash_at(at, how);
            let finished = workload(&disk).is_some();
            disk.crash(how);
            disk.restart();
            let case = format!("{how:?} at operation {at}");
            let ledger = open(&disk).unwrap();
            // Without a key there is no chain.
            if ledger.public_key().is_err() {
                continue;
            }
            let before = check(&ledger);
            assert!(before.is_sound(), "{case}: {:?}", before.findings);
            ledger.settle().unwrap();
            ledger.settle().unwrap();
            let after = check(&ledger);
            assert!(after.is_sound(), "{case}: {:?}", after.findings);
            assert!(
                !after.remarks.iter().any(|remark| remark.what == Remarkable::NotEntered),
                "{case}"
            );
            let mut bytes = Vec::new();
            disk.tamper(Path::new(ENTRIES), |now| bytes = now.clone());
            let entries = entries(&bytes);
            assert!(entries.values().all(|count| *count == 1), "{case}: {entries:?}");
            let sealed = entries.keys().filter(|name| name.starts_with("sealed")).count();
            assert!(sealed == 2 || !finished, "{case}: {entries:?}");
        }
    }
}

/// Scenario: fifty runs of as many processes end at once, while others settle.
/// Guarantees: each is entered once, and the trail is one log.
#[test]
fn fifty_runs_are_entered_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let barrier = Barrier::new(50);
    std::thread::scope(|scope| {
        for run in 0..50 {
            let (root, barrier) = (folder.path(), &barrier);
            scope.spawn(move || {
                let ledger = Ledger::open(root, options()).unwrap();
                let chain = ledger.create(&TenantId::default(), id(run)).unwrap();
                append(&chain, 0..3);
                barrier.wait();
                chain.seal().unwrap();
                ledger.settle().unwrap();
            });
        }
    });
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    ledger.settle().unwrap();
    let report = check(&ledger);
    assert!(report.is_sound() && report.remarks.is_empty(), "{report:?}");
    let entries = entries(&std::fs::read(folder.path().join("trail/entries")).unwrap());
    assert!(entries.values().all(|count| *count == 1), "{entries:?}");
    assert_eq!(entries.keys().filter(|name| name.starts_with("sealed")).count(), 50);
}

/// Scenario: the trail cannot be written when a run ends: no permission, a full disk, a broken file.
/// Guarantees: the run ends well, it is counted, and the next run enters it.
#[test]
fn a_trail_that_cannot_be_written_fails_no_run() {
    for kind in [ErrorKind::PermissionDenied, ErrorKind::StorageFull] {
        let scene = Scene::new();
        scene.disk.fail(Op::Write, ENTRIES, kind, 2);
        let chain = scene.chain(1);
        append(&chain, 0..3);
        chain.seal().unwrap();
        drop(chain);
        if scene.ledger.counters().heads_not_entered.get() == 1 {
            // The beginning was not entered because the end came first, or the other way round: try the end again.
            scene.disk.fail(Op::Write, ENTRIES, kind, 0);
        }
        assert!(scene.ledger.counters().heads_not_entered.get() >= 1);
        scene.ledger.settle().unwrap_or_default();
        scene.ledger.settle().unwrap();
        let report = check(&scene.ledger);
        assert!(report.is_sound() && report.remarks.is_empty(), "{report:?}");
    }
}

/// Scenario: somebody has changed the last checkpoint of the trail; a run ends.
/// Guarantees: nothing is signed on top of what is not ours; the run ends well, and the check says what is wrong.
#[test]
fn nothing_is_signed_on_top_of_a_changed_trail() {
    let scene = Scene::new();
    for run in 1..3 {
        let chain = scene.chain(run);
        append(&chain, 0..3);
        chain.seal().unwrap();
        drop(chain);
        scene.disk.tamper(Path::new(ENTRIES), |bytes| {
            let at = bytes.len() - 20;
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        });
    }
    assert!(scene.ledger.counters().heads_not_entered.get() >= 1);
    assert!(matches!(scene.ledger.settle(), Err(Error::Trail { .. })));
    assert!(!check(&scene.ledger).is_sound());
    assert!(
        scene.disk.list(Path::new("/data/trail")).unwrap().len() == 1,
        "nothing was cut"
    );
}
