//! Updates as audit records: each that counts, once, whatever happens on the way into the ledger.

use crate::recording::{Of, Record, Recording};
use proptest::prelude::*;
use sitelog_cloud::state::{Change, State};
use sitelog_cloud_sim::{Backfill, Fault, Kind, Mutation, Operation, Outcome, Plan, Random, Rule, StackPath, World};
use sitelog_ledger::{Budget, Options};
use std::collections::HashSet;
use std::time::Duration;

const UPDATES: Of = Of {
    updates: true,
    events: false,
    log: false,
};
const EVENTS: Of = Of {
    events: true,
    ..UPDATES
};

fn world(seed: u64) -> World {
    let mut world = World::generate(&Plan {
        seed,
        now: 1_790_000_000,
        organizations: Plan::organization_names(2),
        stacks: 5,
        updates: 3,
    });
    world.advance(60);
    world
}

/// A stack with one more update that has ended.
fn updated(recording: &Recording, kind: Kind, outcome: Outcome) -> StackPath {
    let mut world = recording.stage.sim.world();
    let stack = world.stacks().keys().next().unwrap().clone();
    world
        .run(&stack, kind, outcome, 30, &[("create", 4), ("same", 1)])
        .unwrap();
    stack
}

/// Each update that counts is there once, where it stood and as it ended; no id is there twice.
fn compare(recording: &Recording) {
    let records = recording.records();
    let ended: Vec<&Record> = records
        .iter()
        .filter(|record| record.event == "sitelog.operation.completed")
        .collect();
    let mut said: Vec<[String; 7]> = ended
        .iter()
        .map(|record| {
            let keys = ["id", "version", "kind"].map(|key| format!("pulumi.update.{key}"));
            let [id, version, kind] = keys.map(|key| record.get(&key).to_owned());
            let [org, project, stack] = ["organization", "project", "stack"].map(|key| {
                let key = format!("pulumi.{key}");
                record.get(&key).to_owned()
            });
            let result = record.get("sitelog.operation.result");
            [
                id,
                version,
                kind,
                org,
                project,
                stack,
                format!("{result} {}", record.time / 1_000_000_000),
            ]
        })
        .collect();
    let mut wanted: Vec<[String; 7]> = recording
        .stage
        .observer
        .counted()
        .iter()
        .map(|counted| {
            let (path, update) = (&counted.path, &counted.update);
            let (kind, result) = (update.kind.as_str(), update.outcome.as_str());
            [
                counted.id.clone(),
                update.version.to_string(),
                kind.to_owned(),
                path.org.clone(),
                path.project.clone(),
                path.stack.clone(),
                format!("{result} {}", update.end),
            ]
        })
        .collect();
    said.sort();
    wanted.sort();
    assert_eq!(said, wanted);
    let uids: HashSet<&str> = records.iter().map(|record| record.get("log.record.uid")).collect();
    assert_eq!(uids.len(), records.len(), "a record is there twice");
    let begun = records
        .iter()
        .filter(|record| record.event == "sitelog.operation.started");
    assert_eq!(begun.count(), ended.len());
    let spans = recording.spans();
    let ids: HashSet<(&[u8], &[u8])> = spans
        .iter()
        .map(|span| (&span.trace_id[..], &span.span_id[..]))
        .collect();
    assert_eq!(ids.len(), spans.len(), "a span is there twice");
    let roots = spans.iter().filter(|span| span.parent_span_id.is_empty());
    assert_eq!(roots.count(), ended.len());
}

/// What is done next.
#[derive(Clone, Debug)]
enum Step {
    /// So many changes of the world, from a seed.
    Happen(u8, u64),
    /// Counted, and not recorded yet.
    Poll,
    Record,
    /// Killed so many microseconds after it began to record.
    KillRecording(u16),
    /// Killed so many microseconds after a cycle began.
    KillWithin(u16),
    /// Killed when all is in the ledger and the outbox does not know.
    KillBetween,
    /// Killed, and somebody looks at the trail before it starts again.
    KillAndLook,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u8..10, any::<u64>()).prop_map(|(count, seed)| Step::Happen(count, seed)),
        2 => Just(Step::Poll),
        2 => Just(Step::Record),
        3 => (0u16..30_000).prop_map(Step::KillRecording),
        1 => (0u16..60_000).prop_map(Step::KillWithin),
        2 => Just(Step::KillBetween),
        1 => Just(Step::KillAndLook),
    ]
}

async fn run(seed: u64, backfill: Backfill, steps: Vec<Step>) {
    let mut recording = Recording::new(world(seed), backfill, UPDATES);
    recording.settle().await;
    for step in steps {
        match step {
            Step::Happen(count, seed) => {
                let mut random = Random::new(seed);
                let mut world = recording.stage.sim.world();
                for _ in 0..count {
                    world.apply(&Mutation::random(&mut random));
                }
            }
            Step::Poll => drop(recording.stage.poll().await),
            Step::Record => assert_eq!(recording.drain().await, 0),
            Step::KillRecording(micros) => {
                recording.stage.poll().await;
                let _killed = tokio::time::timeout(Duration::from_micros(micros.into()), recording.drain()).await;
                recording.kill();
            }
            Step::KillWithin(micros) => {
                let _killed = tokio::time::timeout(Duration::from_micros(micros.into()), recording.cycle()).await;
                recording.kill();
                // Whatever it has counted, nothing has happened since.
                recording.stage.poll().await;
            }
            Step::KillBetween => {
                recording.stage.poll().await;
                recording.kill_between().await;
            }
            Step::KillAndLook => recording.kill_and_seal(),
        }
    }
    recording.settle().await;
    compare(&recording);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, max_shrink_iters: 100, ..ProptestConfig::default() })]

    /// Scenario: stacks come, go, are renamed and updated while the exporter is killed anywhere.
    /// Guarantees: what counts is recorded, once by its ids.
    #[test]
    fn each_update_is_recorded_once(
        seed in any::<u64>(),
        backfill in prop_oneof![Just(Backfill::None), Just(Backfill::All), Just(Backfill::Window(50_000))],
        steps in proptest::collection::vec(step(), 1..10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(seed, backfill, steps));
    }
}

/// Scenario: killed between the ledger and the outbox; again after somebody has looked at the trail, which seals its chain,
/// and again in the chain after that. Guarantees: what is in the ledger is not written again, and is counted as repeated.
#[tokio::test]
async fn what_a_crash_left_in_the_ledger_is_not_written_again() {
    for of in [UPDATES, EVENTS] {
        let mut recording = Recording::new(world(9), Backfill::None, of);
        recording.settle().await;
        updated(&recording, Kind::Update, Outcome::Failed);
        recording.stage.poll().await;
        recording.kill_between().await;
        let written = recording.records().len();
        assert!(written >= 2);
        recording.kill_between().await;
        recording.kill_and_seal();
        recording.start().await;
        updated(&recording, Kind::Destroy, Outcome::Succeeded);
        recording.stage.poll().await;
        recording.kill_between().await;
        recording.kill_and_seal();
        recording.settle().await;
        compare(&recording);
        assert!(recording.counts().await.audit_repeats as usize > written);
        assert_eq!(recording.counts().await.audit_records, 0);
    }
}

/// Scenario: killed while the events of updates are being recorded, again and again.
/// Guarantees: each update with all of its events, once by its ids; the events' pages are followed.
#[tokio::test]
async fn events_are_recorded_once_over_crashes() {
    let mut recording = Recording::new(world(3), Backfill::None, EVENTS);
    recording.settle().await;
    for (micros, kind) in [
        (3_000, Kind::Update),
        (9_000, Kind::Refresh),
        (15_000, Kind::Destroy),
        (40_000, Kind::Update),
    ] {
        updated(&recording, kind, Outcome::Succeeded);
        updated(&recording, kind, Outcome::Failed);
        recording.start().await;
        recording.stage.poll().await;
        let _killed = tokio::time::timeout(Duration::from_micros(micros), recording.drain()).await;
        recording.kill();
    }
    recording.settle().await;
    compare(&recording);
    let calls = recording.stage.sim.stats().of(Operation::GetEngineEvents);
    assert!(calls > 8, "pages: {calls}");
    let records = recording.records();
    assert!(records.iter().all(|record| record.get("sitelog.feed") == "events"));
    let of = |event: &str| records.iter().filter(|record| record.event == event).count();
    assert!(of("sitelog.resource.completed") > 20 && of("sitelog.resource.failed") > 0);
}

/// Scenario: events cannot be had: for a while, or never.
/// Guarantees: what may pass is waited for while the rest goes on; without events there still is a record, and a counter.
#[tokio::test]
async fn an_update_without_events_is_recorded_all_the_same() {
    let mut recording = Recording::new(world(4), Backfill::None, EVENTS);
    recording.settle().await;
    let gone = Fault::Status {
        status: 404,
        retry_after: None,
    };
    recording
        .stage
        .sim
        .add_rule(Rule::new(gone).on(Operation::GetEngineEvents).times(1));
    updated(&recording, Kind::Update, Outcome::Succeeded);
    recording.settle().await;
    let missing = recording.counts().await.audit_events_missing;
    assert_eq!(missing.into_iter().collect::<Vec<_>>(), [("gone".to_owned(), 1)]);
    assert_eq!(recording.records().last().unwrap().get("sitelog.feed"), "history");

    recording
        .stage
        .sim
        .add_rule(Rule::new(Fault::RepeatingToken).on(Operation::GetEngineEvents));
    updated(&recording, Kind::Update, Outcome::Succeeded);
    recording.stage.poll().await;
    assert_eq!(recording.drain().await, 1);
    recording.stage.sim.clear_rules();
    while recording.drain().await > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    compare(&recording);
    assert_eq!(recording.records().last().unwrap().get("sitelog.feed"), "events");
}

/// Scenario: the ledger takes nothing for a while, and its exporter is killed.
/// Guarantees: what is recorded waits, counting goes on, the failure is counted and said; then all of it is there.
#[tokio::test]
async fn a_full_ledger_loses_nothing() {
    let mut recording = Recording::new(world(5), Backfill::None, UPDATES);
    recording.limit(Options {
        budget: Budget {
            bytes: Some(1),
            age: None,
        },
        ..Options::default()
    });
    recording.start().await;
    recording.stage.poll().await;
    for _ in 0..3 {
        updated(&recording, Kind::Update, Outcome::Failed);
        recording.stage.poll().await;
    }
    assert_eq!(recording.drain().await, 3);
    let counts = recording.counts().await;
    assert!(counts.audit_fault.is_some_and(|why| why.contains("budget")));
    assert_eq!((counts.audit_write_failures, counts.audit_waiting), (1, 3));
    recording.kill();
    recording.limit(Options::default());
    recording.settle().await;
    compare(&recording);
    assert!(recording.counts().await.audit_fault.is_none());
}

/// Scenario: something waits that nobody can read, left by another version or a damaged disk.
/// Guarantees: it is counted and holds up nothing.
#[tokio::test]
async fn what_cannot_be_read_holds_up_nothing() {
    let mut recording = Recording::new(world(7), Backfill::None, UPDATES);
    let (mut state, _) = State::open(&recording.stage.config.state_dir, 1).unwrap();
    let rows = [("not an id", &b"{}"[..]), ("01KZZZZZZZZZZZZZZZZZZZZZZZ", &b"junk"[..])];
    let outbox = rows.map(|(uid, row)| (uid.to_owned(), row.to_vec()));
    state
        .commit(&Change {
            outbox: outbox.into(),
            ..Change::default()
        })
        .unwrap();
    drop(state);
    recording.settle().await;
    updated(&recording, Kind::Update, Outcome::Succeeded);
    recording.settle().await;
    compare(&recording);
    assert_eq!(recording.counts().await.audit_records_refused, 2);
}

/// Scenario: secrets stand in messages, configuration and events.
/// Guarantees: no byte of them reaches a disk, neither the ledger nor what waits for it.
#[tokio::test]
async fn secrets_reach_no_disk() {
    let secret = format!("ghp_{}", "k3Yx".repeat(9));
    let mut recording = Recording::new(world(6), Backfill::None, EVENTS);
    recording.stage.sim.world().plant(&secret);
    recording.settle().await;
    updated(&recording, Kind::Update, Outcome::Failed);
    recording.stage.poll().await;
    let folders = [recording.path(), recording.stage.config.state_dir.clone()];
    let check = |recording: &Recording| {
        let files = folders.iter().flat_map(|folder| files(folder));
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{}", file.display());
        }
        recording.records()
    };
    check(&recording);
    assert_eq!(recording.drain().await, 0);
    let records = check(&recording);
    // Frames are compressed: what they hold is looked at, too.
    assert!(!format!("{records:?}").contains(&secret));
    assert!(records.iter().any(|record| record.body.contains("[REDACTED]")));
    assert!(records[0].get("pulumi.update.message").contains("[REDACTED]"));
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}
