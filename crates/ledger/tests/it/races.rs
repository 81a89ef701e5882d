//! Many at once on one folder.

use crate::scene::{append, batch, id, numbers, options};
use sitelog_ledger::{Budget, Check, Committer, Ledger, Options, Position, Progress, Refused};
use sitelog_model::TenantId;
use sitelog_sanitize::Clean;
use std::sync::Barrier;
use std::time::Duration;

const CROWD: u64 = 50;

/// Scenario: fifty runs begin at the same moment in a folder that does not exist yet, each with a ledger of its own.
/// Guarantees: none waits for another or fails; there is one key, and every chain verifies with it.
#[test]
fn fifty_begin_at_once_in_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("a/b/data");
    let barrier = Barrier::new(CROWD as usize);
    std::thread::scope(|scope| {
        for n in 0..CROWD {
            let (root, barrier) = (&root, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let ledger = Ledger::open(root, options()).unwrap();
                let chain = ledger.create(&TenantId::default(), id(n.into())).unwrap();
                append(&chain, 0..12);
                chain.seal().unwrap();
            });
        }
    });
    let ledger = Ledger::open(&root, options()).unwrap();
    let chains = ledger.chains().unwrap();
    assert_eq!(chains.len() as u64, CROWD);
    let key = ledger.public_key().unwrap();
    for chain in &chains {
        assert!(ledger.verify(chain, &key).unwrap().is_sealed(), "{chain}");
        assert_eq!(numbers(&ledger, chain), ((0..12).collect(), 0));
    }
    let mut keys: Vec<_> = std::fs::read_dir(root.join("keys"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    keys.sort();
    assert_eq!(keys, ["ed25519.pk8", "ed25519.pub"], "nothing is left over");
}

/// Scenario: many threads append to one chain over many segments, and each waits for durability.
/// Guarantees: every append has a place of its own, each thread's are in its order, and commits are shared.
#[test]
fn many_threads_append_to_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    let chain = ledger.create(&TenantId::default(), id(1)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let chain = chain.clone();
            scope.spawn(move || append(&chain, thread * 1000..thread * 1000 + 100));
        }
    });
    chain.seal().unwrap();
    let (found, damage) = numbers(&ledger, chain.id());
    assert_eq!((found.len(), damage), (800, 0));
    for thread in 0..8 {
        let own: Vec<u64> = found.iter().copied().filter(|n| n / 1000 == thread).collect();
        assert_eq!(own, (thread * 1000..thread * 1000 + 100).collect::<Vec<_>>());
    }
    assert!(
        ledger
            .verify(chain.id(), &ledger.public_key().unwrap())
            .unwrap()
            .is_sealed()
    );
}

/// Scenario: a run is nested in another one, in the same folder, and ends before it.
/// Guarantees: both chains are whole; a chain that is closed stays readable while others are written.
#[test]
fn a_nested_chain_ends_before_the_outer_one() {
    let folder = tempfile::tempdir().unwrap();
    let (outer, inner) = (
        Ledger::open(folder.path(), options()),
        Ledger::open(folder.path(), options()),
    );
    let (outer, inner) = (outer.unwrap(), inner.unwrap());
    let first = outer.create(&TenantId::default(), id(1)).unwrap();
    append(&first, 0..2);
    let second = inner.create(&TenantId::default(), id(2)).unwrap();
    append(&second, 0..2);
    second.seal().unwrap();
    append(&first, 2..4);
    first.seal().unwrap();
    assert_eq!(numbers(&inner, first.id()).0, [0, 1, 2, 3]);
    assert_eq!(numbers(&outer, second.id()).0, [0, 1]);
}

/// Scenario: a chain is sealed while others still append.
/// Guarantees: each append is either in the chain before its end, or refused as sealed.
#[test]
fn an_append_is_before_the_seal_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), Options::default()).unwrap();
    let chain = ledger.create(&TenantId::default(), id(1)).unwrap();
    append(&chain, 0..1);
    let taken: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4u64)
            .map(|thread| {
                let chain = chain.clone();
                scope.spawn(move || {
                    let sealed = (1..).find(|n| match chain.append(&batch(thread * 1_000_000 + n)) {
                        Ok(_) => false,
                        Err(Refused::Sealed) => true,
                        Err(refused) => panic!("{refused}"),
                    });
                    sealed.unwrap() as usize - 1
                })
            })
            .collect();
        while chain.durable() < 20 {
            std::thread::yield_now();
        }
        chain.seal().unwrap();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(numbers(&ledger, chain.id()).0.len(), taken + 1);
}

/// Scenario: fifty tenants in one process, each with a ledger of its own on the same folder and a budget of its own, all with
/// one committer; half of them are never read.
/// Guarantees: there is one key and one trail with every head; a full budget refuses its tenant alone; each ledger counts its own.
#[test]
fn fifty_tenants_have_ledgers_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let committer = Committer::start();
    let barrier = Barrier::new(CROWD as usize);
    let tenant = |n: u64| TenantId::new(format!("tenant-{n}")).unwrap();
    std::thread::scope(|scope| {
        for n in 0..CROWD {
            let (folder, barrier, committer) = (&folder, &barrier, committer.clone());
            scope.spawn(move || {
                let budget = Budget {
                    bytes: Some(10_000),
                    age: None,
                };
                barrier.wait();
                let ledger = Ledger::open(
                    folder.path(),
                    Options {
                        budget,
                        committer: Some(committer),
                        linger: Duration::ZERO,
                        ..options()
                    },
                )
                .unwrap();
                let chain = ledger.create(&tenant(n), id(n.into())).unwrap();
                let mut cursor = chain.cursor("otlp.logs", None).unwrap();
                let mut batch = batch(0).get().clone();
                batch.tenant = tenant(n);
                let batch = Clean::stored(batch);
                let is_read = n % 2 == 0;
                let mut taken = 0;
                for _ in 0..200 {
                    match chain.append(&batch) {
                        Ok(_) => taken += 1,
                        Err(Refused::Full { .. }) if !is_read => {}
                        Err(error) => panic!("tenant {n}: {error}"),
                    }
                    while let Some(frame) = cursor.next().unwrap().filter(|_| is_read) {
                        let upto = Position::start(frame.position.frame + 1);
                        cursor.note(Progress { upto, ahead: vec![] }).unwrap();
                    }
                }
                assert_eq!(taken + ledger.counters().refused_full.get(), 200, "tenant {n}");
                assert_eq!(taken == 200, is_read, "tenant {n}");
                chain.seal().unwrap();
                assert_eq!(ledger.counters().erased_segments.get() > 0, is_read, "tenant {n}");
            });
        }
    });
    let ledger = Ledger::open(folder.path(), options()).unwrap();
    assert_eq!(ledger.chains().unwrap().len() as u64, CROWD);
    ledger.settle().unwrap();
    assert_eq!(ledger.settle().unwrap(), 0);
    let report = ledger.check(&Check::default()).unwrap();
    assert_eq!(report.findings, []);
}
