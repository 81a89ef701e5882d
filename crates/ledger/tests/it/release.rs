//! Delivered segments go at once, and nothing else does.

use crate::scene::{Scene, append, batch, id, numbers, of, options, refuse};
use sitelog_ledger::disk::fault::{Crash, FaultDisk};
use sitelog_ledger::{Chain, ChainId, Check, Clock, Cursor, Error, Ledger, Options, Position, Progress, Wrong};
use sitelog_model::{Signal, TenantId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn at_once() -> Options {
    Options {
        keep_delivered: Some(Duration::ZERO),
        ..options()
    }
}

fn release(ledger: &Ledger) -> u64 {
    ledger.release(&TenantId::default()).unwrap().segments
}

fn deliver_all(cursor: &mut Cursor) -> Option<()> {
    let mut last = None;
    while let Some(frame) = cursor.next().ok()? {
        last = Some(frame.position.frame);
    }
    let upto = Position::start(last? + 1);
    cursor.note(Progress { upto, ahead: vec![] }).ok()
}

fn first(ledger: &Ledger, chain: &Chain) -> u64 {
    numbers(ledger, chain.id()).0[0]
}

/// Scenario: one destination is slower than the other; then both have everything.
/// Guarantees: what the slower one lacks stays; the rest goes, all but the segment being written; what is left verifies.
#[test]
fn what_every_cursor_has_passed_goes() {
    let scene = Scene::with(at_once());
    let chain = scene.chain(1);
    let (mut fast, mut slow) = (chain.cursor("fast", None).unwrap(), chain.cursor("slow", None).unwrap());
    append(&chain, 0..40);
    deliver_all(&mut fast).unwrap();
    assert_eq!(release(&scene.ledger), 0);
    let upto = Position::start(20);
    slow.commit(Progress { upto, ahead: vec![] }).unwrap();
    let some = release(&scene.ledger);
    assert!(some > 0 && (1..=20).contains(&first(&scene.ledger, &chain)));
    deliver_all(&mut slow).unwrap();
    assert!(release(&scene.ledger) > 0);
    assert_eq!(release(&scene.ledger), 0, "once");
    let left = numbers(&scene.ledger, chain.id()).0;
    assert!(left.len() < 10 && left.last() == Some(&39), "{left:?}");
    append(&chain, 40..60);
    chain.seal().unwrap();
    let key = scene.ledger.public_key().unwrap();
    assert!(scene.ledger.verify(chain.id(), &key).unwrap().is_sealed());
    assert_eq!(scene.ledger.check(&Check::default()).unwrap().findings, []);
}

/// Guarantees: a cursor of a signal that a segment has none of does not keep it.
#[test]
fn what_no_cursor_wants_goes() {
    let scene = Scene::with(at_once());
    let chain = scene.chain(1);
    let _traces = chain.cursor("otlp.traces", Some(Signal::Traces)).unwrap();
    let mut logs = chain.cursor("otlp.logs", Some(Signal::Logs)).unwrap();
    append(&chain, 0..20);
    deliver_all(&mut logs).unwrap();
    assert!(release(&scene.ledger) > 0);
    chain.append(&of(Signal::Traces, 20, 100)).unwrap();
    append(&chain, 21..60);
    deliver_all(&mut logs).unwrap();
    release(&scene.ledger);
    assert!(first(&scene.ledger, &chain) <= 20, "the trace was not delivered");
}

/// Guarantees: refused records, chains without a destination and what is too young stay; without the option everything does.
#[test]
fn what_is_to_be_kept_stays() {
    let now = Arc::new(AtomicU64::new(1 << 60));
    let clock = Clock::new({
        let now = now.clone();
        move || now.load(Ordering::Relaxed)
    });
    let scene = Scene::with(Options {
        keep_delivered: Some(Duration::from_secs(60)),
        clock,
        ..options()
    });
    let chains = [1, 2].map(|n| scene.chain(n));
    let mut cursor = chains[0].cursor("x", None).unwrap();
    chains.iter().for_each(|chain| append(chain, 0..40));
    refuse(&mut cursor, Position { frame: 20, item: 0 }, "no").unwrap();
    deliver_all(&mut cursor).unwrap();
    assert_eq!(release(&scene.ledger), 0, "too young");
    now.fetch_add(61_000_000_000, Ordering::Relaxed);
    assert!(release(&scene.ledger) > 0);
    assert!(
        (1..=20).contains(&first(&scene.ledger, &chains[0])),
        "refused records are kept"
    );
    assert_eq!(first(&scene.ledger, &chains[1]), 0, "nobody was ever meant to get it");

    let scene = Scene::new();
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("x", None).unwrap();
    append(&chain, 0..40);
    deliver_all(&mut cursor).unwrap();
    assert_eq!(release(&scene.ledger), 0);
}

/// Guarantees: segments that another process wrote go too, once they are looked into.
#[test]
fn a_chain_that_was_taken_over_is_released() {
    let scene = Scene::with(at_once());
    let chain = scene.chain(1);
    append(&chain, 0..40);
    let id = chain.id().clone();
    drop(chain);
    let (chain, _) = scene.ledger.reopen(&id).unwrap();
    append(&chain, 40..80);
    let mut cursor = chain.cursor("x", None).unwrap();
    assert_eq!(release(&scene.ledger), 0);
    deliver_all(&mut cursor).unwrap();
    assert!(release(&scene.ledger) > 8);
    assert!(first(&scene.ledger, &chain) >= 72);
}

/// Scenario: the budget is reached again and again while delivery keeps up; one record was refused for good.
/// Guarantees: that one ends nothing; input is never refused, and the survey of all segments is not needed: what goes is known.
#[test]
fn at_the_budget_delivered_segments_make_room() {
    let budget = sitelog_ledger::Budget {
        bytes: Some(20_000),
        age: None,
    };
    let scene = Scene::with(Options { budget, ..options() });
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("x", None).unwrap();
    for n in 0..600 {
        chain.append(&batch(n)).unwrap();
        if n == 5 {
            refuse(&mut cursor, Position { frame: 3, item: 0 }, "no").unwrap();
        }
        if n % 10 == 9 {
            deliver_all(&mut cursor).unwrap();
        }
    }
    assert!(scene.ledger.counters().erased_segments.get() > 50);
    assert_eq!(scene.ledger.counters().refused_records_erased.get(), 1);
    assert_eq!(scene.ledger.check(&Check::default()).unwrap().findings, []);
}

fn workload(disk: &FaultDisk, delivered: &mut u64, written: &mut u64) -> Option<()> {
    let ledger = Ledger::with_disk(Arc::new(disk.clone()), "/data", at_once()).ok()?;
    let chain = ledger.create(&TenantId::default(), id(1)).ok()?;
    let mut cursor = chain.cursor("x", None).ok()?;
    for _ in 0..3 {
        for _ in 0..12 {
            chain.append(&batch(*written)).ok()?;
            *written += 1;
        }
        *delivered = *written;
        deliver_all(&mut cursor)?;
        chain.append(&batch(*written)).ok()?;
        *written += 1;
        ledger.release(&TenantId::default()).ok()?;
    }
    chain.seal().ok().map(drop)
}

/// Scenario: `kill -9` or a power loss in the middle of each operation of a chain whose delivered segments go at once.
/// Guarantees: what was not delivered is there, and nothing is gone that the trail does not know of.
#[test]
fn nothing_undelivered_goes_at_any_operation() {
    let disk = FaultDisk::new();
    workload(&disk, &mut 0, &mut 0).expect("it runs through without a crash");
    let operations = disk.operations();
    for how in Crash::ALL {
        for at in 1..=operations {
            let disk = FaultDisk::new();
            let (mut delivered, mut written) = (0, 0);
            disk.crash_at(at, how);
            workload(&disk, &mut delivered, &mut written);
            disk.crash(how);
            disk.restart();
            let case = format!("{how:?} at operation {at}");
            let ledger = Ledger::with_disk(Arc::new(disk), "/data", options()).unwrap();
            let (tenant, id) = (TenantId::default(), id(1));
            let chain = ChainId { tenant, id };
            match ledger.reopen(&chain) {
                Ok((chain, _)) => drop(chain.seal().unwrap()),
                Err(Error::NoChain(_)) if written == 0 => continue,
                Err(Error::Sealed(_)) => {}
                Err(error) => panic!("{case}: {error}"),
            }
            let found = numbers(&ledger, &chain).0;
            assert!(
                (delivered..written).all(|n| found.contains(&n)),
                "{case}: {found:?}, {delivered}..{written}"
            );
            if ledger.public_key().is_ok() {
                ledger.settle().unwrap();
                let findings = ledger.check(&Check::default()).unwrap().findings;
                // A power loss may tear a checkpoint that was not durable yet; what is missing is another matter.
                let is_torn = |wrong: &Wrong| how != Crash::Kill && matches!(wrong, Wrong::FrameDamaged { .. });
                assert!(
                    findings.iter().all(|finding| is_torn(&finding.wrong)),
                    "{case}: {findings:?}"
                );
            }
        }
    }
}

/// Scenario: a chain has traces, and no cursor but one of logs.
/// Guarantees: segments of which nobody got all go with the others, and are counted; those that hold logs alone are not.
#[test]
fn what_goes_without_a_reader_is_counted() {
    let scene = Scene::with(at_once());
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("x", Some(Signal::Logs)).unwrap();
    append(&chain, 0..40);
    deliver_all(&mut cursor).unwrap();
    let logs = release(&scene.ledger);
    assert!(logs > 2);
    assert_eq!(scene.ledger.counters().erased_unread_segments.get(), 0);
    (40..80).for_each(|n| assert!(chain.append(&of(Signal::Traces, n, 100)).is_ok()));
    append(&chain, 80..81);
    deliver_all(&mut cursor).unwrap();
    let gone = release(&scene.ledger);
    let unread = scene.ledger.counters().erased_unread_segments.get();
    assert!(unread > 2 && unread <= gone, "{unread} of {gone}");
}
