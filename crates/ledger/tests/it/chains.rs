//! Writing, locking, rolling, sealing, reopening.

use crate::scene::{Scene, append, batch, id, number, numbers, of, options, payload, refuse};
use sitelog_ledger::{Clock, Durability, Error, Ledger, MAX_STORED, Options, Refused, State};
use sitelog_model::{Bytes, Payload, Signal, TenantId};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn what_is_appended_comes_back_in_order_over_many_segments() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..50);
    assert_eq!(numbers(&scene.ledger, chain.id()), ((0..50).collect(), 0));
    let status = scene.ledger.status(chain.id()).unwrap();
    assert_eq!(
        (status.state, status.frames),
        (
            State::Writing {
                pid: Some(std::process::id())
            },
            50
        )
    );
    let checkpoint = chain.seal().unwrap();
    assert_eq!(chain.seal().unwrap(), checkpoint, "sealing again says the same");
    assert!(matches!(chain.write(&batch(50)), Err(Refused::Sealed)));
    assert!(matches!(scene.ledger.reopen(chain.id()), Err(Error::Sealed(_))));
    assert_eq!(scene.ledger.status(chain.id()).unwrap().state, State::Sealed);
}

#[test]
fn every_kind_of_payload_and_its_origin_comes_back() {
    let scene = Scene::with(Options {
        compress: true,
        ..options()
    });
    let chain = scene.chain(1);
    let text: Bytes = "2026-11-21 a line that repeats itself\n".repeat(2000).into();
    let random: Bytes = (0..9000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect::<Vec<u8>>()
        .into();
    let sent = [
        payload(Signal::Logs, Payload::Lines(text.clone())),
        payload(Signal::Traces, Payload::Otlp(random)),
        payload(Signal::Metrics, Payload::Otlp(Bytes::new())),
        payload(Signal::Logs, Payload::Note(text)),
    ];
    sent.iter().for_each(|batch| assert!(chain.append(batch).is_ok()));
    let back: Vec<_> = scene
        .ledger
        .frames(chain.id())
        .unwrap()
        .map(|frame| frame.unwrap().batch)
        .collect();
    assert_eq!(back, sent);
    assert!(
        scene.ledger.status(chain.id()).unwrap().bytes < 20_000,
        "what repeats itself is compressed"
    );
}

/// Scenario: a second process opens a chain that is being written, and one takes it over after it was closed.
/// Guarantees: one writer a chain; the second one learns who the first is.
#[test]
fn a_chain_has_one_writer() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..3);
    let pid = Some(std::process::id());
    let busy = scene.ledger.reopen(chain.id()).map(|_| ());
    assert!(matches!(busy, Err(Error::Locked { pid: found, .. }) if found == pid));
    let again = scene.ledger.create(&TenantId::default(), id(1)).map(|_| ());
    assert!(matches!(&again, Err(Error::Locked { .. })));
    let chain_id = chain.id().clone();
    drop(chain);
    assert_eq!(scene.ledger.status(&chain_id).unwrap().state, State::Orphaned);
    assert!(matches!(
        scene.ledger.create(&TenantId::default(), id(1)),
        Err(Error::Exists(_))
    ));
    let (chain, recovery) = scene.ledger.reopen(&chain_id).unwrap();
    assert_eq!(recovery, Default::default());
    append(&chain, 3..5);
    assert_eq!(numbers(&scene.ledger, &chain_id).0, [0, 1, 2, 3, 4]);
}

#[test]
fn a_batch_that_does_not_belong_is_refused_and_counted() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    let huge = of(Signal::Logs, 1, MAX_STORED + 1);
    assert!(matches!(
        chain.append(&huge),
        Err(Refused::TooLarge { max: MAX_STORED })
    ));
    assert_eq!(scene.ledger.counters().refused_too_large.get(), 1);
    let other = scene.ledger.create(&TenantId::new("other").unwrap(), id(2)).unwrap();
    assert!(matches!(other.append(&batch(1)), Err(Refused::OtherTenant)));
    chain.append(&of(Signal::Logs, 2, MAX_STORED)).unwrap();
}

/// Scenario: the wall clock is set back by an hour while a chain is written.
/// Guarantees: times never go back within the chain, and that this happened is counted.
#[test]
fn a_clock_set_back_is_held_and_counted() {
    let now = Arc::new(AtomicU64::new(7_200_000_000_000));
    let clock = Clock::new({
        let now = now.clone();
        move || now.load(Ordering::Relaxed)
    });
    let scene = Scene::with(Options { clock, ..options() });
    let chain = scene.chain(1);
    let first = chain.append(&batch(0)).unwrap();
    now.fetch_sub(3_600_000_000_000, Ordering::Relaxed);
    assert_eq!(chain.append(&batch(1)).unwrap().time, first.time);
    now.fetch_add(7_200_000_000_000, Ordering::Relaxed);
    assert!(chain.append(&batch(2)).unwrap().time > first.time);
    assert_eq!(scene.ledger.counters().clock_set_back.get(), 1);
}

#[test]
fn a_chain_without_a_frame_disappears_when_it_is_sealed() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    assert_eq!(scene.ledger.chains().unwrap().len(), 1);
    assert_eq!(chain.seal().unwrap(), None);
    assert_eq!(scene.ledger.chains().unwrap(), []);
    assert!(matches!(scene.ledger.status(chain.id()), Err(Error::NoChain(_))));
    assert!(matches!(chain.write(&batch(0)), Err(Refused::Sealed)));
}

#[test]
fn chains_of_all_tenants_are_found_and_strangers_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("deep/data"), options()).unwrap();
    let tenants = ["a", "b"].map(|name| TenantId::new(name).unwrap());
    let chains = [(1, 0), (2, 1), (3, 0)].map(|(n, tenant)| ledger.create(&tenants[tenant], id(n)).unwrap());
    let tenant = folder.path().join("deep/data/tenants/a");
    std::fs::create_dir(tenant.join("not a chain")).unwrap();
    std::fs::create_dir(tenant.join("01arz3ndektsv4rrffq69g5fav")).unwrap();
    std::fs::write(tenant.join("README"), "hello").unwrap();
    let expected: Vec<_> = chains.iter().map(|chain| chain.id().clone()).collect();
    assert_eq!(ledger.chains().unwrap(), expected);
}

#[test]
fn on_the_real_disk_all_is_for_the_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path().join("data"), options()).unwrap();
    let chain = ledger.create(&TenantId::default(), id(1)).unwrap();
    append(&chain, 0..20);
    refuse(&mut chain.cursor("x", None).unwrap(), Default::default(), "why").unwrap();
    chain.seal().unwrap();
    assert_eq!(numbers(&ledger, chain.id()), ((0..20).collect(), 0));
    let mut folders = vec![folder.path().join("data")];
    let mut files = 0;
    while let Some(inner) = folders.pop() {
        assert_eq!(
            inner.metadata().unwrap().permissions().mode() & 0o777,
            0o700,
            "{inner:?}"
        );
        for entry in std::fs::read_dir(inner).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            files += 1;
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o777,
                0o600,
                "{:?}",
                entry.path()
            );
        }
    }
    assert!(files > 6);
}

#[test]
fn with_the_operating_systems_durability_nothing_is_synced() {
    let scene = Scene::with(Options {
        durability: Durability::Os,
        ..options()
    });
    scene.disk.fail(
        sitelog_ledger::disk::fault::Op::Sync,
        ".seg",
        std::io::ErrorKind::Other,
        1,
    );
    let chain = scene.chain(1);
    let receipt = chain.write(&batch(0)).unwrap();
    assert_eq!(chain.durable(), 1);
    chain.wait_durable(&receipt).unwrap();
    let frame = chain.cursor("x", None).unwrap().next().unwrap().unwrap();
    assert_eq!(number(frame.batch.get().payload.bytes()), 0);
    chain.seal().unwrap();
}
