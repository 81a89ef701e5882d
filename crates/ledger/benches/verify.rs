//! Checks a ledger, beside `sha256sum` over the same files; and what the trail costs a run. Prints ratios; no test depends on them.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends when its disk fails"
)]

use sitelog_ledger::{Check, Durability, Ledger, Options, Outside, Selection, read_bundle};
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes of frames in all.
const BYTES: usize = 512 << 20;
const ROUNDS: usize = 5;

fn main() {
    for (name, size) in [("frames of 36 kB", 36_000), ("frames of 500 B", 500)] {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let bytes = if size < 1000 { BYTES / 4 } else { BYTES };
        let ledger = fill(folder.path(), size, bytes);
        check(name, &ledger, folder.path());
    }
    let folder = tempfile::tempdir().expect("a scratch folder");
    trail(folder.path());
}

fn batch(size: usize) -> Clean<Batch> {
    let origin = Origin {
        source: Source::Run,
        id: Ulid::generate(),
    };
    let bytes: Vec<u8> = (0..size).map(|n| b' ' + (n * 7 % 90) as u8).collect();
    Clean::stored(Batch {
        tenant: TenantId::default(),
        signal: Signal::Logs,
        origin,
        payload: Payload::Lines(bytes.into()),
    })
}

fn fill(root: &Path, size: usize, bytes: usize) -> Ledger {
    let options = Options {
        durability: Durability::Os,
        ..Options::default()
    };
    let ledger = Ledger::open(root, options).expect("a ledger");
    let batch = batch(size);
    for _ in 0..4 {
        let chain = ledger.create(&TenantId::default(), Ulid::generate()).expect("a chain");
        for _ in 0..bytes / 4 / size {
            chain.write(&batch).expect("a write");
        }
        chain.seal().expect("a seal");
    }
    ledger
}

fn check(name: &str, ledger: &Ledger, root: &Path) {
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let report = ledger.check(&Check::default()).expect("a check");
        ours = ours.min(begun.elapsed());
        assert!(report.is_sound());
        bytes = report.bytes;
        let begun = Instant::now();
        let sum = Command::new("sh")
            .args(["-c", "find tenants -name '*.seg' -print0 | xargs -0 sha256sum"])
            .current_dir(root)
            .stdout(Stdio::null())
            .status();
        theirs = theirs.min(begun.elapsed());
        assert!(sum.expect("sha256sum").success());
    }
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!(
        "check, {name}: {:.0} MB/s; sha256sum {:.0} MB/s; {:.2} x its time",
        rate(ours),
        rate(theirs),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    let chain = ledger.chains().expect("chains").swap_remove(0);
    let selection = Selection { chain, frames: None };
    let mut bundle = Vec::new();
    let begun = Instant::now();
    ledger.export(&[selection], &mut bundle, None).expect("an export");
    let exported = begun.elapsed();
    let key = ledger.public_key().expect("a key");
    let begun = Instant::now();
    read_bundle(&mut &bundle[..], &key, &mut |_, _| {}).expect("a bundle");
    let (size, read) = (bundle.len() as f64 / 1e6, begun.elapsed());
    println!(
        "bundle of {size:.0} MB: export {:.0} MB/s, verification {:.0} MB/s",
        size / exported.as_secs_f64(),
        size / read.as_secs_f64()
    );
}

/// What a run pays for its entries, and what many runs cost the check.
fn trail(root: &Path) {
    let options = Options {
        durability: Durability::Os,
        ..Options::default()
    };
    let ledger = Ledger::open(root, options).expect("a ledger");
    let batch = batch(100);
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..2000 {
        let chain = ledger.create(&TenantId::default(), Ulid::generate()).expect("a chain");
        // With this durability the first write enters the beginning itself; with the other one a thread does, beside the job.
        let begun = Instant::now();
        chain.write(&batch).expect("a write");
        let first = begun.elapsed();
        let begun = Instant::now();
        chain.write(&batch).expect("a write");
        starts.push(first.saturating_sub(begun.elapsed()));
        let begun = Instant::now();
        chain.seal().expect("a seal");
        ends.push(begun.elapsed());
    }
    starts.sort();
    ends.sort();
    println!(
        "entry of a beginning (and the first segment's file): median {:?}, p99 {:?}; seal with its entry: median {:?}, p99 {:?}",
        starts[1000], starts[1980], ends[1000], ends[1980]
    );
    let note = ledger.trail_note().expect("a note");
    let outside = Outside::read(&note).expect("a note");
    let begun = Instant::now();
    let check = Check {
        outside: &outside,
        ..Check::default()
    };
    assert!(ledger.check(&check).expect("a check").is_sound());
    println!("check of 2,000 small runs and 4,000 entries: {:?}", begun.elapsed());
    let begun = Instant::now();
    ledger.settle().expect("settled");
    println!("settle when all is entered: {:?}", begun.elapsed());
}
