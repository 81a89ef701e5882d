//! SIGKILL of the job, and of job and wrapper together.

use super::{by_round, flush, numbers, wait_for_output};
use crate::scene::{Scene, code, end, read, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;

/// Writes its process id to a file, then numbered lines.
const JOB: &str = "echo $$ > pid; exec seq 0 999999999";

fn kill_job(scene: &Scene) {
    let mut pid = String::new();
    wait_until("the job's id", || {
        pid = std::fs::read_to_string(scene.path("pid")).unwrap_or_default();
        pid.ends_with('\n')
    });
    // Without a wrapper to read from it, it may have ended already.
    let _ = kill(Pid::from_raw(pid.trim().parse().unwrap()), Signal::SIGKILL);
}

/// Starts the job with its output in a file, and waits for some.
fn start(scene: &Scene, seen: &Path) -> std::process::Child {
    let mut command = scene.run_command(&["--attr", "round=0"], &["sh", "-c", JOB]);
    let wrapper = command
        .stdout(File::create(seen).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_output(seen);
    wrapper
}

/// Scenario: the job alone is killed in full flight. Guarantees: exit status 137 and nothing on stderr, as without sitelog;
/// the records are its output to the last byte, and its span names the signal.
#[test]
fn the_end_of_a_killed_job_is_recorded() {
    let scene = Scene::new();
    let seen = scene.path("seen");
    let mut wrapper = start(&scene, &seen);
    kill_job(&scene);
    assert_eq!(code(end(&mut wrapper)), 137);
    assert_eq!(std::io::read_to_string(wrapper.stderr.take().unwrap()).unwrap(), "");
    assert_eq!(scene.raw_logs("last").0, read(&seen));

    let sink = Sink::start(Answer::Take);
    flush(&scene, &sink);
    let span = sink.recorded().span().clone();
    assert_eq!(
        (span.outcome(), span.text("sitelog.signal")),
        (("failure", "SIGKILL", Some(137)), "SIGKILL")
    );
    assert!(span.failed && span.message.contains("SIGKILL"), "{span:?}");
}

/// Scenario: job and wrapper are killed, as by the machine's out-of-memory killer. Guarantees: what was seen is kept and
/// delivered by `flush`, and the run's span arrives as interrupted.
#[test]
fn job_and_wrapper_can_be_killed_together() {
    for wrapper_first in [true, false] {
        let scene = Scene::new();
        let seen = scene.path("seen");
        let mut wrapper = start(&scene, &seen);
        if wrapper_first {
            wrapper.kill().unwrap();
            kill_job(&scene);
        } else {
            kill_job(&scene);
            wrapper.kill().unwrap();
        }
        end(&mut wrapper);
        let (seen, kept) = (numbers(&read(&seen)), numbers(&scene.raw_logs("last").0));
        assert!(
            seen.len() <= kept.len() && kept.starts_with(&seen),
            "{} seen, {} kept",
            seen.len(),
            kept.len()
        );

        let sink = Sink::start(Answer::Take);
        flush(&scene, &sink);
        let mut arrived = by_round(&sink).remove("0").unwrap();
        assert_eq!(arrived.numbers(), kept);
        let (_, error, _) = arrived.span().outcome();
        // When the job goes first, the wrapper may have recorded its end before it was killed.
        assert!(
            error == "interrupted" || error == "SIGKILL" && !wrapper_first,
            "{error}"
        );
    }
}
