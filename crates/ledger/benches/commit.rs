//! A thousand chains that each write a frame of 4 kB a second: how long until it is durable, and what that costs in syncs
//! and CPU, with a thread a chain and with one committer. `cargo bench -p sitelog-ledger --bench commit [chains [seconds]]`.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for developers, whose output is its purpose"
)]

use sitelog_ledger::{Chain, Committer, Ledger, Options};
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A chain, and when its frames were written that are not durable yet.
struct Writer {
    chain: Chain,
    frames: Arc<Mutex<Frames>>,
}

#[derive(Default)]
struct Frames {
    seen: u64,
    written: Vec<Instant>,
    times: Vec<Duration>,
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (chains, seconds) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(6));
    println!("{chains} chains, a frame of 4 kB a second each, {seconds} s");
    run("a thread a chain", None, chains, seconds);
    run("one committer", Some(Committer::start()), chains, seconds);
    let whole = Committer::with_whole_above(0);
    run(
        "one committer, always the whole file system",
        Some(whole),
        chains,
        seconds,
    );
    let each = Committer::with_whole_above(usize::MAX);
    run("one committer, each file by itself", Some(each), chains, seconds);
}

fn run(name: &str, committer: Option<Committer>, chains: usize, seconds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options {
        committer: committer.clone(),
        ..Options::default()
    };
    let ledger = Ledger::open(folder.path(), options).expect("a ledger");
    let payload = vec![b'x'; 4096];
    let writers: Vec<Writer> = (0..chains).map(|n| writer(&ledger, n)).collect();
    // The first frame also makes folders durable: that is not what is measured.
    writers.iter().for_each(|writer| write(writer, &payload));
    let receipts: Vec<u64> = writers.iter().map(|writer| writer.chain.written()).collect();
    while writers
        .iter()
        .zip(&receipts)
        .any(|(writer, written)| writer.chain.durable() < *written)
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    writers.iter().for_each(|writer| lock(&writer.frames).times.clear());
    let syncs = || {
        committer.as_ref().map(|committer| {
            let commits = committer.commits();
            (
                commits.file_syncs.get(),
                commits.system_syncs.get(),
                commits.rounds.get(),
            )
        })
    };
    let (before, cpu, begun) = (syncs(), cpu_seconds(), Instant::now());
    for n in 0..chains * seconds {
        let due = begun + Duration::from_secs(1).mul_f64(n as f64 / chains as f64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        write(&writers[n % chains], &payload);
    }
    let took = begun.elapsed();
    let cpu = cpu_seconds() - cpu;
    let after = syncs();
    let mut times: Vec<Duration> = Vec::new();
    for writer in &writers {
        let mut frames = lock(&writer.frames);
        times.append(&mut frames.times);
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let per_second = |count: u64| count as f64 / took.as_secs_f64();
    let syncs = match before.zip(after) {
        Some((before, after)) => format!(
            "{:.0} file and {:.0} system syncs/s in {:.0} rounds/s",
            per_second(after.0 - before.0),
            per_second(after.1 - before.1),
            per_second(after.2 - before.2)
        ),
        None => "a sync a frame".to_owned(),
    };
    println!(
        "{name}: {:.0} frames/s durable, p50 {:.1} ms, p99 {:.1} ms, max {:.0} ms; {syncs}; {:.2} CPU-s a second",
        times.len() as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        cpu / took.as_secs_f64()
    );
}

fn writer(ledger: &Ledger, n: usize) -> Writer {
    let tenant = TenantId::new(format!("tenant-{n}")).expect("an id");
    let chain = ledger.create(&tenant, Ulid::generate()).expect("a chain");
    let frames = Arc::<Mutex<Frames>>::default();
    // A handle that holds the chain would keep it for ever: the durable count is asked for through the receipt's number.
    let (known, weak) = (frames.clone(), chain.clone());
    let cell = Mutex::new(Some(weak));
    chain.subscribe(Box::new(move || {
        let Some(durable) = lock(&cell).as_ref().map(Chain::durable) else {
            return;
        };
        let mut frames = lock(&known);
        while frames.seen < durable && !frames.written.is_empty() {
            let written = frames.written.remove(0);
            frames.times.push(written.elapsed());
            frames.seen += 1;
        }
    }));
    Writer { chain, frames }
}

fn write(writer: &Writer, payload: &[u8]) {
    let id = writer.chain.id();
    let origin = Origin {
        source: Source::Run,
        id: id.id,
    };
    let batch = Clean::stored(Batch {
        tenant: id.tenant.clone(),
        signal: Signal::Logs,
        origin,
        payload: Payload::Lines(payload.to_vec().into()),
    });
    lock(&writer.frames).written.push(Instant::now());
    writer.chain.write(&batch).expect("a write");
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).expect("usage");
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}
