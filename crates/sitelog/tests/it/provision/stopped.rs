//! Engines and wrappers that are stopped: exactly one end for each operation, whoever died.

use super::stage::{Stage, typed};
use super::trail::{operation, shown};
use crate::scene::{Ran, end, wait_until};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;
use std::time::Duration;

const CASE: &str = "01-up-create";
/// Events after which the engine waits.
const BEGUN: usize = 40;

/// How the job starts the engine.
const WAYS: [&[&str]; 2] = [&[], &["sh", "-c", "trap : INT; \"$@\"; exit $?", "sh"]];

/// The run, stopped in the middle.
fn stopped(way: &[&str], stop: impl FnOnce(&Stage, &super::stage::Going)) -> (Stage, Ran) {
    let stage = Stage::of(&[CASE]).stalled_at(BEGUN);
    let argv = typed(CASE);
    let job: Vec<&str> = way.iter().copied().chain(argv.iter().map(String::as_str)).collect();
    let going = stage.start(&[], &job);
    stage.wait_for_records(10);
    stop(&stage, &going);
    let ran = going.end();
    stage.release();
    (stage, ran)
}

/// Scenario: Ctrl-C once while a resource is made, and twice. Guarantees: the engine stops in its own way, the signals are
/// recorded, and the operation is canceled.
#[test]
fn an_interrupted_engine_is_canceled() {
    for way in WAYS {
        for times in [1, 2] {
            let (stage, ran) = stopped(way, |stage, going| {
                for time in 0..times {
                    let said = stage.recorded().events.len();
                    going.signal(Signal::SIGINT);
                    if time == 0 {
                        stage.wait_for_records(said + 1);
                    }
                }
                if times == 1 {
                    stage.release();
                }
            });
            assert_eq!(ran.code, if times == 1 { 1 } else { 8 }, "{way:?} {times}");
            let operation = operation(&stage.recorded());
            assert_eq!(operation.result(), "canceled", "{way:?} {times}");
            assert_eq!(operation.named("sitelog.operation.canceled").len(), 1);
            let signals = operation.end("sitelog.signals.forwarded").as_array().unwrap();
            assert_eq!(*signals, vec![Value::from("SIGINT"); times], "{way:?}");
            assert_eq!(operation.count("sitelog.events.lost"), 0);
        }
    }
}

/// Scenario: the engine is killed. Guarantees: its operation is interrupted, by SIGKILL, with all that it had said.
#[test]
fn a_killed_engine_is_interrupted() {
    for way in WAYS {
        let (stage, ran) = stopped(way, |stage, _| kill(stage.engine(), Signal::SIGKILL).unwrap());
        assert_eq!(ran.code, 137, "{way:?}");
        let operation = operation(&stage.recorded());
        assert_eq!(operation.result(), "interrupted");
        assert_eq!(*operation.end("error.type"), "SIGKILL");
        assert_eq!(*operation.end("sitelog.summary.missing"), Value::Bool(true));
        assert_eq!(operation.count("sitelog.events.received"), BEGUN as i64);
    }
}

/// Scenario: sitelog is killed, or it and the engine are. Guarantees: the next start ends the operation as interrupted, once,
/// with all records that were made, and the record of the run is sealed.
#[test]
fn a_killed_sitelog_leaves_an_interrupted_operation() {
    for (way, both) in [(WAYS[0], false), (WAYS[1], false), (WAYS[0], true)] {
        let mut made = 0;
        let (stage, ran) = stopped(way, |stage, going| {
            made = stage.recorded().events.len();
            going.signal(Signal::SIGKILL);
            if both {
                kill(stage.engine(), Signal::SIGKILL).unwrap();
            }
        });
        assert_eq!(ran.code, 137);
        for _ in 0..2 {
            let listed = stage.scene.tell(&["audit", "list", "--format", "json"]);
            let listed: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
            assert_eq!(listed.len(), 1, "{listed:#?}");
            assert_eq!(listed[0]["result"], "interrupted", "{way:?} {both}");
            assert_eq!(
                (&listed[0]["project"], &listed[0]["stack"]),
                (&"payments".into(), &"prod".into())
            );
        }
        let records = shown(&stage, "last");
        assert!(records.len() > made, "{} of {made}", records.len());
        let ends = records
            .iter()
            .filter(|record| record["event"] == "sitelog.operation.completed");
        assert_eq!(ends.count(), 1);
        assert_eq!(stage.scene.verified_chains().len(), 1);
        assert_eq!(stage.scene.tell(&["audit", "verify"]).code, 0);
    }
}

/// Scenario: the job ends and leaves an engine behind that never ends its stream. Guarantees: the run ends, and its operation
/// with it, which is no success.
#[test]
fn a_stream_that_never_ends_holds_up_nobody() {
    let stage = Stage::of(&[CASE]).stalled_at(BEGUN);
    let script = "pulumi up --yes --skip-preview >out-of-it 2>&1 & until [ -e enough ]; do sleep 0.01; done; exit 3";
    let going = stage.start(&[], &["sh", "-c", script]);
    stage.wait_for_records(10);
    stage.scene.file("enough", "");
    let ran = going.end();
    stage.release();
    assert_eq!(ran.code, 3, "{}", ran.err());
    assert!(ran.wall < Duration::from_secs(30), "{:?}", ran.wall);
    let operation = operation(&stage.recorded());
    assert_eq!(operation.result(), "interrupted", "{:#?}", operation.completed());
    assert_eq!(operation.count("sitelog.events.received"), BEGUN as i64);
}

/// Scenario: the program that plays for a test is killed with the test, or the test's folder goes. Guarantees: an engine that
/// waits ends too.
#[test]
fn a_stalled_replayer_does_not_outlive_its_test() {
    let argv = typed(CASE);
    let job: Vec<&str> = argv.iter().map(String::as_str).collect();
    for folder in [false, true] {
        let stage = Stage::of(&[CASE]).stalled_at(BEGUN);
        let mut test = stage.scene.command("sleep", ["1000"]).spawn().unwrap();
        let gone = stage.scene.path("gone");
        std::fs::create_dir(&gone).unwrap();
        let mut engine = stage.alone(&job);
        engine.env("REPLAY_FOR", test.id().to_string());
        engine
            .env("REPLAY_STALL_UNTIL", gone.join("until"))
            .stdout(std::process::Stdio::null());
        let mut engine = engine.spawn().unwrap();
        wait_until("the engine", || stage.scene.path("pid").exists());
        assert_eq!(engine.try_wait().unwrap(), None);
        if folder {
            std::fs::remove_dir(&gone).unwrap();
            assert_eq!(end(&mut engine).code(), Some(0), "it goes on where it waited");
        }
        test.kill().unwrap();
        test.wait().unwrap();
        if !folder {
            assert_eq!(end(&mut engine).code(), Some(254));
        }
    }
}
