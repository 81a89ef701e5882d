//! SIGKILL of the wrapper, at random moments, many times.

use super::{BULK, SINGLE, assert_counts, by_round, flush, numbers, wait_for_output};
use crate::scene::{Scene, end, read};
use crate::sink::{Answer, Sink};
use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::process::Stdio;
use std::time::Duration;

/// Kills in a home folder; several share a ledger, so that one `flush` finds them all.
const ROUNDS: u64 = 10;
/// Home folders: 200 kills under full output.
const HOMES: u64 = 20;

/// The latest moment of a kill, µs.
const LATEST: u64 = 30_000;

/// From when the random time until the kill is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// The wrapper's start: also before its first write to the ledger.
    Start,
    /// The first byte of output: the job writes all the time.
    Output,
}

/// Runs a job and kills its wrapper; gives what was seen on the wrapper's stdout before that.
fn kill_once(scene: &Scene, round: u64, from: From, endpoint: Option<&str>) -> Vec<u64> {
    let seen = scene.path(&format!("seen-{round}"));
    let name = format!("round={round}");
    let mut flags = vec!["--attr", name.as_str()];
    flags.extend(
        endpoint
            .iter()
            .flat_map(|endpoint| ["--otlp.protocol", "http/protobuf", "--otlp.endpoint", endpoint]),
    );
    let job = if round.is_multiple_of(2) { BULK } else { SINGLE };
    // The round's number is in the command, so that `jobs list` tells the runs apart.
    let mut command = scene.run_command(&flags, &["sh", "-c", job, &format!("{round}")]);
    let mut wrapper = command
        .stdout(File::create(&seen).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    if from == From::Output {
        wait_for_output(&seen);
    }
    std::thread::sleep(Duration::from_micros(RandomState::new().hash_one(round) % LATEST));
    wrapper.kill().unwrap();
    end(&mut wrapper);
    // Nobody but the wrapper writes to it, and it is dead: this was all seen before the kill.
    numbers(&read(&seen))
}

/// What is in the ledger of each round, by the program's own reading; runs that had not begun are not there.
fn in_ledger(scene: &Scene) -> BTreeMap<String, Vec<u64>> {
    let round = |job: &serde_json::Value| job["command"][3].as_str().unwrap().to_owned();
    let numbers_of = |job: &serde_json::Value| {
        assert_eq!(job["state"], "interrupted", "{job}");
        numbers(&scene.raw_logs(job["run"].as_str().unwrap()).0)
    };
    scene.jobs().iter().map(|job| (round(job), numbers_of(job))).collect()
}

/// One home: kills, then the ledger, then `flush`. Gives how many lines were seen and how many were kept.
fn home(rounds: u64, from: From) -> (usize, usize) {
    let scene = Scene::new();
    let seen: BTreeMap<String, Vec<u64>> = (0..rounds)
        .map(|round| (round.to_string(), kill_once(&scene, round, from, None)))
        .collect();
    let kept = in_ledger(&scene);
    for (round, seen) in &seen {
        let kept = kept.get(round).map(Vec::as_slice).unwrap_or_default();
        assert_counts(seen, "seen");
        assert_counts(kept, "kept");
        assert!(
            seen.len() <= kept.len(),
            "round {round}: {} lines seen, {} in the ledger",
            seen.len(),
            kept.len()
        );
    }
    let sink = Sink::start(Answer::Take);
    flush(&scene, &sink);
    let mut arrived = by_round(&sink);
    for (round, kept) in &kept {
        let arrived = arrived.get_mut(round).unwrap();
        assert_eq!(&arrived.numbers(), kept, "round {round}: delivered and kept differ");
        let span = arrived.span();
        assert_eq!((span.outcome(), span.failed), (("error", "interrupted", None), true));
    }
    assert_eq!(arrived.len(), kept.len());
    // A chain whose wrapper was killed before its first frame is no job.
    assert!(scene.verified_chains().len() >= kept.len());
    let count = |lines: &BTreeMap<String, Vec<u64>>| lines.values().map(Vec::len).sum();
    (count(&seen), count(&kept))
}

/// Two homes at a time.
fn homes(count: u64, rounds: u64, from: From) -> (usize, usize) {
    let half = move |homes: u64| {
        (0..homes)
            .map(|_| home(rounds, from))
            .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let other = std::thread::spawn(move || half(count / 2));
    let (here, there) = (half(count - count / 2), other.join().unwrap());
    (here.0 + there.0, here.1 + there.1)
}

/// Scenario: 200 times, a job writes numbered lines as fast as it can and the wrapper is killed at a random moment up to
/// 30 ms after the first output. Guarantees: every complete line seen on the wrapper's stdout is in the ledger, in order,
/// once, without a gap; one `flush` delivers exactly what the ledger has, and the runs' spans as interrupted.
#[test]
fn what_was_seen_before_a_kill_is_kept_and_delivered() {
    let (seen, kept) = homes(HOMES, ROUNDS, From::Output);
    println!(
        "{} kills: {seen} lines seen, {kept} kept and delivered, 0 lost",
        HOMES * ROUNDS
    );
    assert!(seen > 0);
}

/// Scenario: the kill comes up to 30 ms after the start, so also before and while the chain is made. Guarantees: the same;
/// whatever is left behind never keeps `jobs`, `spool` or `flush` from working.
#[test]
fn a_kill_while_the_run_begins_leaves_a_ledger_that_works() {
    homes(4, ROUNDS, From::Start);
}

/// Scenario: a sink takes records while the wrapper is killed. Guarantees: wrapper and `flush` together deliver all that the
/// ledger has; a line comes twice only when its acknowledgement was cut off, and then `seq` tells.
#[test]
fn a_kill_during_delivery_loses_nothing() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    (0..ROUNDS).for_each(|round| drop(kill_once(&scene, round, From::Output, Some(&sink.endpoint()))));
    let kept = in_ledger(&scene);
    flush(&scene, &sink);
    let mut arrived = by_round(&sink);
    for (round, kept) in &kept {
        let arrived = arrived.get_mut(round).unwrap();
        arrived.lines.sort_unstable();
        arrived.lines.dedup();
        assert_eq!(&arrived.numbers(), kept, "round {round}");
    }
}
