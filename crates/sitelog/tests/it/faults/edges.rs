//! What an independent review broke once: each ends, with the exit status that the job would have had alone.

use crate::scene::{Ran, Scene, ended};
use std::fs::OpenOptions;
use std::process::Stdio;

/// `sitelog run` behind a shell or Python that prepares the ground; `RUN` stands for `sitelog run`.
fn prepared(scene: &Scene, program: &[&str]) -> Ran {
    let run = format!("{} run", env!("CARGO_BIN_EXE_sitelog"));
    let words: Vec<String> = program.iter().map(|word| word.replace("RUN", &run)).collect();
    ended(scene.command(&words[0], words[1..].iter().map(String::as_str)))
}

/// Scenario: a real-time signal, which has no name, ends the job. Guarantees: 128+n, as from a shell.
#[test]
fn a_signal_without_a_name_ends_the_run_too() {
    let scene = Scene::new();
    scene.run_sh(&["--records", "r.jsonl"], "kill -34 $$").is(162, "", "");
    assert_eq!(
        scene.records("r.jsonl").span().outcome(),
        ("failure", "SIG34", Some(162))
    );
}

/// Scenario: whoever starts sitelog has SIGCHLD blocked or ignored. Guarantees: the job's end is seen all the same.
#[test]
fn the_jobs_end_is_seen_whatever_sigchld_was_before() {
    let scene = Scene::new();
    for how in ["pthread_sigmask(0, [17])", "signal(17, signal.SIG_IGN)"] {
        let start =
            format!("import signal, os; signal.{how}; os.execvp('sh', ['sh', '-c', 'exec RUN -- sh -c \"exit 3\"'])");
        prepared(&scene, &["python3", "-c", &start]).is(3, "", "");
    }
}

/// Scenario: stderr cannot be written when there is something to say. Guarantees: the job's exit status.
#[test]
fn a_full_stderr_changes_nothing() {
    let scene = Scene::new();
    let mut command = scene.run_command(&[], &["no-such-program"]);
    command
        .stdout(Stdio::null())
        .stderr(OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert_eq!(command.status().unwrap().code(), Some(127));
}

/// Scenario: input without a last line feed, typed into a job on a terminal. Guarantees: the job sees the end of it.
#[test]
fn unfinished_input_on_a_terminal_still_ends() {
    let scene = Scene::new();
    prepared(&scene, &["bash", "-c", "printf abc | RUN --pty always -- cat"]).is(0, "abc", "");
}

/// Scenario: no file may grow beyond 50 KiB. Guarantees: the job and its output are whole; what was not kept is told.
#[test]
fn a_limit_on_file_size_costs_records_not_the_job() {
    let scene = Scene::new();
    let ran = prepared(&scene, &["bash", "-c", "ulimit -f 50; RUN -- seq 300000 | tail -n 1"]);
    assert_eq!((ran.code, ran.stdout.as_slice()), (0, b"300000\n".as_slice()));
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(
        said.contains("lines were not recorded") && said.lines().count() == 1,
        "{said}"
    );
}

/// Scenario: the budget is used up before the job ends. Guarantees: its outcome, its span and the gap are kept beyond it.
#[test]
fn a_full_budget_does_not_cost_the_outcome() {
    let scene = Scene::new();
    let flags = [
        "--ledger.max-bytes",
        "1MiB",
        "--when-full",
        "drop-new",
        "--records",
        "r.jsonl",
    ];
    let ran = scene.run_sh(&flags, "head -c 6000000 /dev/urandom | base64 -w 40; exit 6");
    assert_eq!(ran.code, 6);
    let records = std::fs::read_to_string(scene.path("r.jsonl")).unwrap();
    assert!(records.contains("sitelog.gap"));
    assert_eq!(scene.records("r.jsonl").span().outcome().2, Some(6));
    assert_eq!(
        (scene.jobs()[0]["exit_code"].as_i64(), scene.jobs()[0]["state"].as_str()),
        (Some(6), Some("failure"))
    );
}

/// Scenario: the job has ended while the ledger was full and it would have waited. Guarantees: the exit status comes.
#[test]
fn an_ended_job_is_not_held_up_by_a_full_ledger() {
    let scene = Scene::new();
    let flags = ["--ledger.max-bytes", "100000", "--disk-patience", "1s"];
    let ran = scene.run_sh(&flags, "head -c 300000 /dev/urandom | base64 -w 60; exit 4");
    assert_eq!(ran.code, 4);
    assert!(String::from_utf8_lossy(&ran.stderr).contains("lines were not recorded"));
}

/// Scenario: a program's name holds a declared secret. Guarantees: it is not in what sitelog says.
#[test]
fn sitelogs_own_words_are_redacted() {
    let scene = Scene::new();
    let mut command = scene.run_command(&[], &["./S3cr3t-hunter-Value-99/x"]);
    let ran = ended({
        command.env("MY_TOKEN", "S3cr3t-hunter-Value-99");
        command
    });
    ran.is(127, "", "sitelog: ./[REDACTED]/x: command not found\n");
}

/// Scenario: a CI system that sets variables to nothing, and booleans to 1. Guarantees: the job runs.
#[test]
fn empty_variables_and_booleans_of_any_form_are_taken() {
    let scene = Scene::new();
    let mut command = scene.run_command(&[], &["true"]);
    for name in [
        "SITELOG_PTY",
        "SITELOG_GRACE",
        "SITELOG_TENANT",
        "SITELOG_DATA_DIR",
        "SITELOG_RECORDS",
    ] {
        command.env(name, "");
    }
    command
        .env("SITELOG_NO_REDACT_OUTPUT", "1")
        .env("BUILDKITE_TRACING_PROPAGATE_TRACEPARENT", "1");
    ended(command).is(0, "", "");
}

/// Scenario: a wrapper was killed when it had made its chain's folder, and nothing in it. Guarantees: the other runs are
/// listed and counted all the same.
#[test]
fn an_empty_chain_is_in_nobodys_way() {
    let scene = Scene::new();
    scene.run_sh(&[], "true").is(0, "", "");
    std::fs::create_dir(scene.data().join("tenants/default/01M7Z1C6J92PR8KA8BPW87B9YH")).unwrap();
    assert_eq!(scene.jobs().len(), 1);
    assert_eq!(scene.waiting(), 3);
}
