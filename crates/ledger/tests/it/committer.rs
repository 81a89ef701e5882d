//! Many chains made durable by one thread.

use crate::scene::{SEGMENT, append, batch, id, numbers, options};
use sitelog_ledger::disk::fault::{Crash, FaultDisk, Op};
use sitelog_ledger::{Chain, ChainId, Committer, Error, Ledger, Options, Receipt};
use sitelog_model::TenantId;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

const CHAINS: u128 = 3;

fn open(disk: &FaultDisk, committer: &Committer) -> Ledger {
    try_open(disk, committer).unwrap()
}

fn try_open(disk: &FaultDisk, committer: &Committer) -> Result<Ledger, Error> {
    let options = Options {
        committer: Some(committer.clone()),
        ..options()
    };
    Ledger::with_disk(Arc::new(disk.clone()), "/data", options)
}

fn create(ledger: &Ledger, number: u128) -> Chain {
    ledger.create(&TenantId::default(), id(number)).unwrap()
}

/// How many numbers of a chain are written and durable.
#[derive(Clone, Copy, Default)]
struct Done {
    written: u64,
    durable: u64,
}

/// Chains of two handles on one folder, written and committed together; one is closed early, one sealed, one left open.
fn workload(disk: &FaultDisk, whole_above: usize, done: &mut [Done; CHAINS as usize]) -> Option<()> {
    let committer = Committer::with_whole_above(whole_above);
    let ledgers = [try_open(disk, &committer).ok()?, try_open(disk, &committer).ok()?];
    let chain = |n: u128| ledgers[n as usize % 2].create(&TenantId::default(), id(n)).ok();
    let mut chains = (0..CHAINS).map(chain).collect::<Option<Vec<_>>>()?;
    for round in 0..4 {
        let mut receipts = Vec::new();
        for (chain, done) in chains.iter().zip(done.iter_mut()) {
            let mut last = None;
            for _ in 0..3 {
                last = Some(chain.write(&batch(done.written)).ok()?);
                done.written += 1;
            }
            receipts.extend(last);
        }
        for ((chain, receipt), done) in chains.iter().zip(&receipts).zip(done.iter_mut()) {
            chain.wait_durable(receipt).ok()?;
            assert_eq!(chain.ahead(), 0);
            done.durable = done.written;
        }
        if round == 2 {
            chains.pop();
        }
    }
    chains.pop()?.seal().ok()?;
    Some(())
}

fn check(disk: &FaultDisk, how: Crash, done: &[Done], case: &str) {
    let ledger = Ledger::with_disk(Arc::new(disk.clone()), "/data", options()).unwrap();
    for (n, done) in done.iter().enumerate() {
        let (tenant, id) = (TenantId::default(), id(n as u128));
        let chain = ChainId { tenant, id };
        let kept = if how == Crash::Kill { done.written } else { done.durable };
        let reopened = match ledger.reopen(&chain) {
            Ok((chain, _)) => Some(chain),
            Err(Error::NoChain(_)) if kept == 0 => continue,
            Err(Error::Sealed(_)) => None,
            Err(error) => panic!("{case}: {error}"),
        };
        let (found, _) = numbers(&ledger, &chain);
        assert!(
            found.iter().copied().take(kept as usize).eq(0..kept),
            "{case}: chain {n} has {found:?}, acknowledged {kept}"
        );
        if let Some(chain) = reopened {
            append(&chain, found.last().map_or(0, |last| last + 1)..found.len() as u64 + 1);
        }
    }
    ledger.settle().unwrap();
}

/// Scenario: `kill -9` or a power loss at each operation, while three chains of two handles are committed together, with one
/// sync of the file system or one of each file.
/// Guarantees: what any of them has acknowledged is there, and each goes on.
#[test]
fn nothing_that_was_committed_together_is_lost_at_any_operation() {
    for whole_above in [0, usize::MAX] {
        let disk = FaultDisk::new();
        workload(&disk, whole_above, &mut Default::default()).expect("it runs through without a crash");
        let operations = disk.operations();
        assert!(operations > 50, "{operations}");
        for how in Crash::ALL {
            for at in 1..=operations {
                let (disk, mut done) = (FaultDisk::new(), <[Done; CHAINS as usize]>::default());
                disk.crash_at(at, how);
                workload(&disk, whole_above, &mut done);
                disk.crash(how);
                disk.restart();
                check(
                    &disk,
                    how,
                    &done,
                    &format!("{how:?} at operation {at}, whole above {whole_above}"),
                );
            }
        }
    }
}

fn write_all(chains: &[Chain], number: u64) -> Vec<Receipt> {
    let write = |chain: &Chain| chain.write(&batch(number)).unwrap();
    chains.iter().map(write).collect()
}

/// Guarantees: chains written to meanwhile cost one sync together, however many they are.
#[test]
fn a_hundred_chains_cost_one_sync() {
    let (disk, committer) = (FaultDisk::new(), Committer::start());
    let ledgers = [open(&disk, &committer), open(&disk, &committer)];
    let chains: Vec<Chain> = (0..100).map(|n| create(&ledgers[n as usize % 2], n)).collect();
    for (chain, receipt) in chains.iter().zip(write_all(&chains, 0)) {
        chain.wait_durable(&receipt).unwrap();
    }
    let commits = committer.commits();
    let counted = [
        &commits.rounds,
        &commits.system_syncs,
        &commits.file_syncs,
        &commits.chains,
    ];
    assert_eq!(counted.map(|counter| counter.get()), [1, 1, 0, 100]);
    drop(chains);
    disk.crash(Crash::Lost);
    disk.restart();
    let ledger = open(&disk, &committer);
    let found = ledger.chains().unwrap();
    assert_eq!(found.len(), 100);
    assert!(found.iter().all(|chain| numbers(&ledger, chain).0 == [0]));
    assert_eq!(
        ledger.settle().unwrap(),
        100,
        "the power loss took the trail: all are entered again"
    );
}

/// Guarantees: the beginnings of chains committed together are entered in the trail at once, each.
#[test]
fn chains_that_begin_together_are_entered_together() {
    let (disk, committer) = (FaultDisk::new(), Committer::start());
    let ledger = open(&disk, &committer);
    let chains: Vec<Chain> = (0..20).map(|n| create(&ledger, n)).collect();
    write_all(&chains, 0);
    drop(chains);
    assert_eq!(ledger.settle().unwrap(), 0);
    assert_eq!(ledger.counters().heads_not_entered.get(), 0);
}

/// Scenario: the sync of the whole file system fails; then one chain's file cannot be synced by itself either.
/// Guarantees: that chain fails, the others are durable and go on.
#[test]
fn a_failing_sync_costs_only_the_chain_whose_it_is() {
    for lost in [None, Some(1usize)] {
        let (disk, committer) = (FaultDisk::new(), Committer::with_whole_above(0));
        let ledger = open(&disk, &committer);
        let chains: Vec<Chain> = (0..4).map(|n| create(&ledger, n)).collect();
        chains.iter().for_each(|chain| append(chain, 0..2));
        disk.fail(Op::SyncSystem, "", ErrorKind::Other, 1);
        if let Some(lost) = lost {
            disk.fail(
                Op::Sync,
                &format!("{}/{SEGMENT}", chains[lost].id().id),
                ErrorKind::Other,
                1,
            );
        }
        let receipts = write_all(&chains, 2);
        for (n, (chain, receipt)) in chains.iter().zip(&receipts).enumerate() {
            let is_lost = lost == Some(n);
            assert_eq!(chain.wait_durable(receipt).is_err(), is_lost, "chain {n}");
            assert_eq!(chain.failure().is_some(), is_lost, "chain {n}");
            assert_eq!(chain.durable(), if is_lost { 2 } else { 3 });
            assert_eq!(chain.append(&batch(3)).is_err(), is_lost, "chain {n}");
        }
        assert_eq!(ledger.counters().failed_chains.get(), u64::from(lost.is_some()));
        assert_eq!(committer.commits().failed_system_syncs.get(), 1);
    }
}

/// Scenario: the last clone of a chain is let go by a function that the committer itself calls.
/// Guarantees: it does not wait for itself, and the other chains are served.
#[test]
fn a_chain_may_be_let_go_by_its_own_wake() {
    let (disk, committer) = (FaultDisk::new(), Committer::start());
    let ledger = open(&disk, &committer);
    let (chain, other) = (create(&ledger, 1), create(&ledger, 2));
    let last = Arc::new(Mutex::new(Some(chain.clone())));
    let (sender, gone) = std::sync::mpsc::channel();
    chain.subscribe(Box::new({
        let last = last.clone();
        move || {
            let chain = last.lock().unwrap().take();
            if chain.is_some_and(|chain| chain.durable() > 0) {
                sender.send(()).unwrap();
            }
        }
    }));
    chain.write(&batch(0)).unwrap();
    drop(chain);
    append(&other, 0..3);
    gone.recv().unwrap();
    assert_eq!(other.durable(), 3);
}

/// Guarantees: a committer outlives its first owner as long as a chain needs it.
#[test]
fn a_committer_lives_as_long_as_its_chains() {
    let (disk, committer) = (FaultDisk::new(), Committer::start());
    let ledger = open(&disk, &committer);
    let chain = create(&ledger, 1);
    drop((committer, ledger));
    append(&chain, 0..5);
    chain.seal().unwrap();
}
