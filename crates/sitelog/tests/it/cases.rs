//! The job cases: a job runs as if sitelog were not there, and its records give both streams back.

pub(crate) mod judge;
mod sinks;

use crate::scene::{Scene, ended_with};
use judge::{Case, judge, open_cases};

/// Scenario: each case with `--records`, no destination. Guarantees: the case's exit status and streams, a record a line
/// without gap or double, and the same streams again from `jobs logs`.
#[test]
fn every_case_is_transparent_and_recorded_whole() {
    for case in open_cases() {
        let scene = Scene::new();
        let ran = ended_with(
            case.command(&scene, &["--records", "records.jsonl"]),
            case.stdin.clone(),
        );
        let recorded = scene.records("records.jsonl");
        assert_eq!(judge(&case, &ran, &recorded), Vec::<String>::new(), "{}", case.id);

        let span = recorded.span();
        assert!(
            recorded
                .lines
                .iter()
                .all(|line| (&line.trace, &line.span) == (&span.trace, &span.id)),
            "{}",
            case.id
        );
        assert_eq!(span.outcome().2, Some(case.exit), "{}", case.id);
        assert_eq!(span.failed, case.exit != 0, "{}", case.id);
        assert_eq!(scene.raw_logs("last"), (ran.stdout, ran.stderr), "{}", case.id);
    }
}

/// Scenario: two runs in one home. Guarantees: each is listed with its outcome and found by the beginning of its id.
#[test]
fn runs_are_listed_and_found() {
    let scene = Scene::new();
    scene.run(&[], &["echo", "first"]).is(0, "first\n", "");
    scene.run_sh(&[], "echo second; exit 3").is(3, "second\n", "");
    let jobs = scene.jobs();
    let outcomes: Vec<_> = jobs
        .iter()
        .map(|job| (&job["state"], &job["exit_code"], &job["lines"]))
        .collect();
    assert_eq!(
        serde_json::json!(outcomes),
        serde_json::json!([["success", 0, 1], ["failure", 3, 1]])
    );
    for (job, expected) in jobs.iter().zip(["first\n", "second\n"]) {
        assert_eq!(
            scene.raw_logs(&job["run"].as_str().unwrap()[..20]).0,
            expected.as_bytes()
        );
    }
    let table = scene.tell(&["jobs", "list"]);
    assert!(
        table.out().lines().count() == 3 && table.out().contains("failure"),
        "{table:?}"
    );
    let timed = scene.tell(&["jobs", "logs", "last"]);
    assert!(timed.out().ends_with(" out second\n"), "{timed:?}");
}

#[test]
fn a_run_that_is_not_there_is_said_in_one_line() {
    let scene = Scene::new();
    let ran = scene.tell(&["jobs", "logs", "last"]);
    assert_eq!((ran.code, ran.stdout.len()), (2, 0));
    assert!(ran.one_line().contains("jobs list"), "{ran:?}");
}

impl Case {
    /// The case under `sitelog run` with more flags.
    pub(crate) fn command(&self, scene: &Scene, flags: &[&str]) -> std::process::Command {
        let job: Vec<&str> = self.argv.iter().map(String::as_str).collect();
        scene.run_command(flags, &job)
    }
}
