//! Appends to a ledger, beside a plain file with the same bytes and as many syncs. Prints ratios; no test depends on them.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends when its disk fails"
)]

use sitelog_ledger::{Chain, Ledger, Options};
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// A record's line, and how many are in a batch: 36 kB.
const LINE: usize = 100;
const BATCH: usize = 360;
const BATCHES: usize = 3000;

fn main() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let line: Vec<u8> = (0..LINE * BATCH).map(|n| b' ' + (n * 7 % 90) as u8).collect();
    for (name, group) in [("each batch durable", 1), ("durable every 100 batches", 100)] {
        let plain = plain_file(&folder.path().join("plain"), &line, group);
        let ledger = ledger(&folder.path().join(name), &line, group);
        let rate = |time: Duration| (BATCHES * BATCH) as f64 / time.as_secs_f64();
        let ratio = ledger.as_secs_f64() / plain.as_secs_f64();
        println!(
            "{name}: ledger {:.0} records/s, file {:.0} records/s, {ratio:.2} x its time",
            rate(ledger),
            rate(plain)
        );
    }
    startup(&folder.path().join("startup"), &line[..LINE]);
}

fn plain_file(path: &Path, batch: &[u8], group: usize) -> Duration {
    let begun = Instant::now();
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    for n in 1..=BATCHES {
        out.write_all(batch).expect("a write");
        if n % group == 0 {
            out.flush().expect("a flush");
            out.get_ref().sync_data().expect("a sync");
        }
    }
    begun.elapsed()
}

fn ledger(root: &Path, batch: &[u8], group: usize) -> Duration {
    let chain = begin(root);
    let batch = batch_of(batch);
    let begun = Instant::now();
    for n in 1..=BATCHES {
        let receipt = chain.write(&batch).expect("a write");
        if n % group == 0 {
            chain.wait_durable(&receipt).expect("a sync");
        }
    }
    chain.seal().expect("a seal");
    begun.elapsed()
}

/// What one short run pays: a new chain, one small frame, durable, sealed.
fn startup(root: &Path, line: &[u8]) {
    drop(begin(root));
    let batch = batch_of(line);
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let begun = Instant::now();
            let chain = begin(root);
            chain.append(&batch).expect("an append");
            chain.seal().expect("a seal");
            drop(chain);
            begun.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "open, create, append, seal: median {:?}, worst of 200 {:?}",
        times[100], times[199]
    );
}

fn begin(root: &Path) -> Chain {
    let ledger = Ledger::open(root, Options::default()).expect("a ledger");
    ledger.create(&TenantId::default(), Ulid::generate()).expect("a chain")
}

fn batch_of(bytes: &[u8]) -> Clean<Batch> {
    let origin = Origin {
        source: Source::Run,
        id: Ulid::generate(),
    };
    let payload = Payload::Lines(bytes.to_vec().into());
    Clean::stored(Batch {
        tenant: TenantId::default(),
        signal: Signal::Logs,
        origin,
        payload,
    })
}
