//! Every recorded run of a real engine, run again under `sitelog run` in the ways in which users start engines.

use super::stage::{Stage, argv, typed};
use super::trail::operations;
use super::truth::{Truth, events, is_pulumi, printed, prints_events};
use crate::scene::{Ran, ended};

pub(super) const PULUMI: [&str; 14] = [
    "01-up-create",
    "02-preview-change",
    "03-preview-json",
    "04-up-change",
    "05-up-json-same",
    "06-refresh",
    "07-up-fail",
    "08-up-sigint",
    "09-destroy-protected",
    "10-up-chatty",
    "11-up-otel-traces",
    "12-destroy",
    "13-up-policy-block",
    "14-up-policy-advisory",
];

pub(super) const TERRAFORM: [&str; 14] = [
    "t01-plan-json",
    "t02-apply-json",
    "t03-apply-text",
    "t04-plan-change-text",
    "t05-apply-change-json",
    "t05b-plan-noop-json",
    "t06-apply-fail-json",
    "t07-apply-fail-text",
    "t08-apply-sigint-json",
    "t09-plan-tainted-json",
    "t10-destroy-json",
    "t11-destroy-text",
    "u01-tofu-apply",
    "u02-tofu-apply-fail",
];

/// How an engine is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is the job.
    Direct,
    /// By a script: the shim meets it.
    Script,
    /// By a script without shims: nothing but the environment tells it where its events go.
    Environment,
}

impl Way {
    /// Flags of `sitelog run`, and the job.
    pub(super) fn start(self, argv: &[String]) -> (Vec<&str>, Vec<&str>) {
        let words = argv.iter().map(String::as_str);
        // A script that lets its engine end, as scripts of CI systems do.
        let script = ["sh", "-c", "trap : INT; \"$@\"; exit $?", "sh"];
        match self {
            Self::Direct => (vec![], words.collect()),
            Self::Script => (vec![], script.into_iter().chain(words).collect()),
            Self::Environment => (vec!["--intercept=false"], script.into_iter().chain(words).collect()),
        }
    }
}

fn play(case: &str, argv: &[String], way: Way) -> (Stage, Ran) {
    let stage = Stage::of(&[case]);
    let (mut flags, job) = way.start(argv);
    flags.push("--no-redact-output");
    let ran = stage.play(case, &flags, &job);
    (stage, ran)
}

/// What a user sees is what the engine printed, and its exit status.
#[track_caller]
fn is_transparent(ran: &Ran, case: &str, way: Way) {
    let (out, err) = printed(case);
    assert_eq!(ran.code, Truth::of(case).exit_code, "{case} {way:?}: {}", ran.err());
    assert!(ran.stdout == out, "{case} {way:?}: stdout is not what was printed");
    assert!(ran.stderr == err, "{case} {way:?}: {}", ran.err());
}

/// Scenario: each recorded run of Pulumi as the job, by a script, and by a script without shims.
/// Guarantees: exit status and streams are the engine's; the records say what became of the stack; each stream is one
/// operation with one end; every event is accounted for once.
#[test]
fn pulumis_runs_are_recorded_as_what_they_did() {
    for case in PULUMI {
        let truth = Truth::of(case);
        for way in [Way::Direct, Way::Script, Way::Environment] {
            if way == Way::Environment && prints_events(case) {
                continue;
            }
            let (stage, ran) = play(case, &typed(case), way);
            is_transparent(&ran, case, way);
            let operations = operations(&stage.recorded());
            assert_eq!(
                operations.len() as u64,
                truth.streams,
                "{case} {way:?}: {operations:#?}"
            );
            let last = operations.last().unwrap();
            last.is(&truth, case);
            if way != Way::Environment {
                assert_eq!(
                    last.count("process.exit.code"),
                    i64::from(truth.exit_code),
                    "{case} {way:?}"
                );
            }
            for (stream, operation) in (1..).zip(&operations) {
                if case != "03-preview-json" {
                    operation.took(&events(case, stream), &format!("{case} {way:?}"));
                }
                let resource = &operation.completed().resource;
                assert_eq!(
                    (&resource["pulumi.project"], &resource["pulumi.stack"]),
                    (&"payments".into(), &"prod".into()),
                    "{case}"
                );
            }
            stage.scene.verified_chains();
        }
    }
}

/// Scenario: each recorded run of Terraform and OpenTofu, as the job and by a script.
/// Guarantees: as above, from messages, from text, and from the messages that OpenTofu writes beside its text.
#[test]
fn terraforms_runs_are_recorded_as_what_they_did() {
    for case in TERRAFORM {
        let truth = Truth::of(case);
        for way in [Way::Direct, Way::Script] {
            let (stage, ran) = play(case, &argv(case), way);
            is_transparent(&ran, case, way);
            let operations = operations(&stage.recorded());
            assert_eq!(operations.len(), 1, "{case} {way:?}: {operations:#?}");
            operations[0].is(&truth, &format!("{case} {way:?}"));
            assert_eq!(
                operations[0].count("process.exit.code"),
                i64::from(truth.exit_code),
                "{case} {way:?}"
            );
            assert_eq!(operations[0].count("sitelog.events.malformed"), 0, "{case} {way:?}");
            let feed = match case {
                case if case.ends_with("-json") => "stdout",
                case if case.starts_with('u') => "file",
                _ => "text",
            };
            assert_eq!(
                operations[0].completed().resource["sitelog.feed"],
                feed,
                "{case} {way:?}"
            );
        }
    }
}

/// Scenario: 2,000 resources made and taken down, by each engine. Guarantees: nothing is lost or doubled. Says what the
/// wrapper of this build costs, in parts of what the real engine took.
#[test]
#[allow(
    clippy::print_stderr,
    reason = "a measurement, of no use to judge by on a busy machine"
)]
fn bulk_runs_lose_nothing() {
    for case in [
        "15-bulk-up",
        "16-bulk-destroy",
        "t12-bulk-apply-json",
        "t13-bulk-destroy-json",
    ] {
        let argv = typed(case);
        for way in [Way::Direct, Way::Script] {
            let (stage, ran) = play(case, &argv, way);
            is_transparent(&ran, case, way);
            let operation = super::trail::operation(&stage.recorded());
            operation.is(&Truth::of(case), case);
            if is_pulumi(case) {
                let events = events(case, 1);
                operation.took(&events, case);
                let engine = operation.count("sitelog.engine.duration");
                let played = ended(stage.alone(&way.start(&argv).1)).wall;
                let added = ran.wall.saturating_sub(played).as_secs_f64();
                eprintln!(
                    "{case} {way:?}: {added:.2} s added to {engine} s ({:.1} %)",
                    added * 100.0 / engine as f64
                );
            }
        }
    }
}
