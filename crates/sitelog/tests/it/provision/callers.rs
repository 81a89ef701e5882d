//! Who calls the engine, and on what: make, a terminal.

use super::captures::Way;
use super::stage::{Stage, argv, typed};
use super::trail::{operation, operations};
use super::truth::{Truth, events, printed};
use nix::sys::signal::Signal;

/// A run that succeeds, one that fails, and one of two phases.
const CASES: [&str; 3] = ["01-up-create", "07-up-fail", "04-up-change"];

fn makefile(stage: &Stage, case: &str) {
    let argv = typed(case);
    stage
        .scene
        .file("Makefile", &format!("deploy:\n\t@{}\n", argv.join(" ")));
}

/// Scenario: make calls the engine. Guarantees: make's exit status and the engine's words, a record of what the engine did
/// with the status that make saw.
#[test]
fn make_is_a_caller_as_any_other() {
    for case in CASES {
        let stage = Stage::of(&[case]);
        makefile(&stage, case);
        let ran = stage.run(&["--no-redact-output"], &["make", "deploy"]);
        let truth = Truth::of(case);
        assert_eq!(
            ran.code,
            if truth.exit_code == 0 { 0 } else { 2 },
            "{case}: {}",
            ran.err()
        );
        assert!(ran.stdout == printed(case).0, "{case}: {}", ran.out());
        let operations = operations(&stage.recorded());
        assert_eq!(operations.len() as u64, truth.streams, "{case}");
        let last = operations.last().unwrap();
        last.is(&truth, case);
        assert_eq!(last.count("process.exit.code"), i64::from(truth.exit_code), "{case}");
        for (stream, operation) in (1..).zip(&operations) {
            operation.took(&events(case, stream), case);
        }
    }
}

/// Scenario: Ctrl-C while make's engine makes a resource. Guarantees: the engine stops in its own way and make waits for it;
/// canceled, with the signal.
#[test]
fn an_interrupted_make_lets_its_engine_end() {
    let case = CASES[0];
    let stage = Stage::of(&[case]).stalled_at(40);
    makefile(&stage, case);
    let going = stage.start(&[], &["make", "deploy"]);
    stage.wait_for_records(10);
    let said = stage.recorded().events.len();
    going.signal(Signal::SIGINT);
    stage.wait_for_records(said + 1);
    stage.release();
    // make dies of the signal when its engine has ended.
    assert_eq!(going.end().code, 130);
    let operation = operation(&stage.recorded());
    assert_eq!(operation.result(), "canceled", "{:#?}", operation.completed());
    assert_eq!(operation.count("process.exit.code"), 1);
    assert_eq!(operation.end("sitelog.signals.forwarded")[0], "SIGINT");
    assert_eq!(operation.count("sitelog.events.lost"), 0);
}

/// Scenario: the job has a terminal. Guarantees: the engine's words as on one, and every event.
#[test]
fn events_come_beside_a_terminal() {
    for case in CASES {
        for way in [Way::Direct, Way::Script, Way::Environment] {
            let (stage, argv) = (Stage::of(&[case]), typed(case));
            let (mut flags, job) = way.start(&argv);
            flags.extend(["--pty", "always", "--no-redact-output"]);
            let ran = stage.run(&flags, &job);
            let truth = Truth::of(case);
            assert_eq!((ran.code, ran.err()), (truth.exit_code, ""), "{case} {way:?}");
            let (out, err) = printed(case);
            if err.is_empty() {
                let on_terminal = String::from_utf8(out).unwrap().replace('\n', "\r\n");
                assert!(ran.out() == on_terminal, "{case} {way:?}: {}", ran.out());
            }
            let operations = operations(&stage.recorded());
            operations.last().unwrap().is(&truth, case);
            for (stream, operation) in (1..).zip(&operations) {
                operation.took(&events(case, stream), &format!("{case} {way:?}"));
            }
        }
    }
}

/// Scenario: Terraform and OpenTofu on the run's terminal, with messages and with text. Guarantees: what they did is recorded.
#[test]
fn a_terminals_text_is_read() {
    for case in [
        "t02-apply-json",
        "t03-apply-text",
        "t07-apply-fail-text",
        "u01-tofu-apply",
    ] {
        for way in [Way::Direct, Way::Script] {
            let (stage, argv) = (Stage::of(&[case]), argv(case));
            let (mut flags, job) = way.start(&argv);
            flags.extend(["--pty", "always", "--no-redact-output"]);
            let ran = stage.run(&flags, &job);
            assert_eq!(ran.code, Truth::of(case).exit_code, "{case} {way:?}");
            operation(&stage.recorded()).is(&Truth::of(case), &format!("{case} {way:?}"));
        }
    }
}
