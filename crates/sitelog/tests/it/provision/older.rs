//! Pulumi from before 3.206, which writes its events into one file and truncates it in each phase.

use super::captures::Way;
use super::stage::{Stage, typed};
use super::trail::{Operation, operation, operations};
use super::truth::{Truth, events, printed};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;

const CASES: [&str; 5] = [
    "01-up-create",
    "02-preview-change",
    "06-refresh",
    "07-up-fail",
    "12-destroy",
];
/// An update with its preview.
const TWO_PHASES: &str = "04-up-change";

/// Scenario: such an engine as the job and by a script. Guarantees: it runs as it would alone; the records say what became of
/// the stack; every event is accounted for once.
#[test]
fn its_runs_are_recorded_as_what_they_did() {
    for case in CASES {
        for way in [Way::Direct, Way::Script] {
            let (stage, argv) = (Stage::of(&[case]).older(), typed(case));
            let (mut flags, job) = way.start(&argv);
            flags.push("--no-redact-output");
            let ran = stage.run(&flags, &job);
            assert_eq!(ran.code, Truth::of(case).exit_code, "{case} {way:?}: {}", ran.err());
            assert!(ran.stdout == printed(case).0, "{case} {way:?}: {}", ran.out());
            let operation = operation(&stage.recorded());
            operation.is(&Truth::of(case), case);
            operation.took(&events(case, 1), case);
            assert_eq!(operation.completed().resource["sitelog.feed"], "file");
        }
    }
}

/// Scenario: an update with its preview; the caller wants the events too. Guarantees: both phases are recorded, each is one
/// operation, and the caller's file has both.
#[test]
fn no_phase_costs_another() {
    for way in [Way::Direct, Way::Script] {
        let (stage, mut argv) = (Stage::of(&[TWO_PHASES]).older().stalled_at(20), typed(TWO_PHASES));
        argv.extend(["--event-log".to_owned(), "mine".to_owned()]);
        let (flags, job) = way.start(&argv);
        let going = stage.start(&flags, &job);
        stage.wait_for_records(3);
        stage.release();
        assert_eq!(going.end().code, 0);
        let operations = operations(&stage.recorded());
        let names: Vec<&str> = operations.iter().map(Operation::name).collect();
        assert_eq!(names, ["preview", "up"], "{way:?}");
        for (phase, operation) in (1..).zip(&operations) {
            operation.took(&events(TWO_PHASES, phase), TWO_PHASES);
        }
        operations[1].is(&Truth::of(TWO_PHASES), TWO_PHASES);
        let wanted = std::fs::read_to_string(stage.scene.path("mine")).unwrap();
        assert!(
            wanted
                .lines()
                .eq([events(TWO_PHASES, 1), events(TWO_PHASES, 2)].concat()),
            "{way:?}"
        );
    }
}

/// Scenario: it is killed. Guarantees: interrupted, with all that it had said.
#[test]
fn a_killed_one_is_interrupted() {
    let case = CASES[0];
    let (stage, argv) = (Stage::of(&[case]).older().stalled_at(40), typed(case));
    let job: Vec<&str> = argv.iter().map(String::as_str).collect();
    let going = stage.start(&[], &job);
    stage.wait_for_records(10);
    kill(stage.engine(), Signal::SIGKILL).unwrap();
    assert_eq!(going.end().code, 137);
    let operation = operation(&stage.recorded());
    assert_eq!(operation.result(), "interrupted");
    assert_eq!(*operation.end("sitelog.summary.missing"), Value::Bool(true));
    assert_eq!(operation.count("sitelog.events.received"), 40);
}

/// Scenario: the stack is locked: it ends before it opens its event log. Guarantees: one operation, failed, which says that
/// no stream came.
#[test]
fn one_that_says_nothing_is_recorded() {
    let case = CASES[0];
    for way in [Way::Direct, Way::Script] {
        let (stage, argv) = (
            Stage::of(&[case]).with_events(case, &[]).exits(case, 1).older(),
            typed(case),
        );
        assert_eq!(stage.run(&[], &way.start(&argv).1).code, 1, "{way:?}");
        let operation = operation(&stage.recorded());
        assert_eq!((operation.result(), operation.name()), ("failed", "up"), "{way:?}");
        assert_eq!(*operation.end("error.type"), "no_stream", "{way:?}");
    }
}
