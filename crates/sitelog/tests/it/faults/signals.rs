//! Signals and terminals.

use crate::scene::{Ran, Scene, code, end, read, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::process::Stdio;

/// Runs a script that says `ready`, sends the wrapper a signal, and waits for the end.
fn signalled(scene: &Scene, script: &str, signal: Signal) -> Ran {
    // bash says on stderr which of its children a signal ended; that is not what this is about.
    let script = format!("exec 2> /dev/null; {script}");
    let mut command = scene.run_command(&["--records", "records.jsonl"], &["bash", "-c", &script]);
    let out = scene.path("out");
    command.stdout(File::create(&out).unwrap()).stderr(Stdio::piped());
    let began = std::time::Instant::now();
    let mut run = command.spawn().unwrap();
    wait_until("the job", || read(&out).starts_with(b"ready\n"));
    kill(Pid::from_raw(run.id().cast_signed()), signal).unwrap();
    let status = end(&mut run);
    let stderr = std::io::read_to_string(run.stderr.take().unwrap())
        .unwrap()
        .into_bytes();
    Ran {
        code: code(status),
        stdout: read(&out),
        stderr,
        wall: began.elapsed(),
    }
}

/// Scenario: INT and TERM to the wrapper, a job with a trap. Guarantees: the trap runs, and its exit status comes back.
#[test]
fn a_trap_runs_and_its_exit_status_comes_back() {
    for (signal, name, status) in [
        (Signal::SIGINT, "INT", 42),
        (Signal::SIGTERM, "TERM", 43),
        (Signal::SIGUSR1, "USR1", 44),
    ] {
        let scene = Scene::new();
        let script = format!("trap 'echo trapped; exit {status}' {name}; echo ready; while :; do sleep 0.05; done");
        signalled(&scene, &script, signal).is(status, "ready\ntrapped\n", "");
        assert_eq!(
            scene.records("records.jsonl").span().outcome().2,
            Some(i64::from(status))
        );
    }
}

/// Scenario: TERM to the wrapper, a job of several processes without a trap. Guarantees: all of its group get it, and the exit
/// status is a shell's, 143; the span is a cancellation.
#[test]
fn a_signal_reaches_the_whole_group() {
    let scene = Scene::new();
    let script = "(trap 'echo child; exit' TERM; echo ready; while :; do sleep 0.05; done) & wait";
    let ran = signalled(&scene, script, Signal::SIGTERM);
    ran.is(143, "ready\nchild\n", "");
    assert_eq!(
        scene.records("records.jsonl").span().outcome(),
        ("cancellation", "SIGTERM", Some(143))
    );
}

/// Scenario: started by `nohup`, then HUP. Guarantees: it stays ignored by wrapper and job.
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let scene = Scene::new();
    let script = "echo ready; while [ ! -e go ]; do sleep 0.01; done; kill -HUP $$; echo alive";
    let mut command = scene.command(
        "nohup",
        [env!("CARGO_BIN_EXE_sitelog"), "run", "--", "sh", "-c", script],
    );
    let go = scene.path("go");
    let out = scene.path("out");
    let mut run = command
        .stdout(File::create(&out).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the job", || read(&out).starts_with(b"ready\n"));
    kill(Pid::from_raw(run.id().cast_signed()), Signal::SIGHUP).unwrap();
    std::fs::write(go, "").unwrap();
    assert_eq!(code(end(&mut run)), 0);
    assert_eq!(read(&out), b"ready\nalive\n");
}

/// Scenario: `--pty always` without any terminal around. Guarantees: the job sees one, its output is passed on and recorded
/// as stdout, and its exit status comes back.
#[test]
fn a_job_can_be_given_a_terminal() {
    let scene = Scene::new();
    let flags = ["--pty", "always", "--records", "records.jsonl"];
    let ran = scene.run_sh(
        &flags,
        "tty -s && echo yes; test -t 1 && test -t 2 && echo all; echo err >&2; exit 9",
    );
    ran.is(9, "yes\r\nall\r\nerr\r\n", "");
    let recorded = scene.records("records.jsonl");
    assert_eq!(recorded.stream("stdout"), ran.stdout);
    assert!(
        recorded
            .lines
            .iter()
            .all(|line| line.stream == "stdout" && line.eol == "\r\n")
    );
}

#[test]
fn without_a_terminal_there_is_none() {
    for pty in ["auto", "never"] {
        Scene::new()
            .run_sh(&["--pty", pty], "test -t 1 || echo none")
            .is(0, "none\n", "");
    }
}

/// Scenario: a job leaves a child that holds the pipes. Guarantees: the run ends after the grace time, the child lives on.
#[test]
fn an_orphan_is_not_waited_for_and_not_killed() {
    let scene = Scene::new();
    let ran = scene.run_sh(&["--grace", "100ms"], "sleep 60 & echo $!");
    assert_eq!((ran.code, ran.err()), (0, ""));
    let orphan = Pid::from_raw(ran.out().trim().parse().unwrap());
    kill(orphan, None).expect("the orphan is dead");
    kill(orphan, Signal::SIGKILL).unwrap();
}
