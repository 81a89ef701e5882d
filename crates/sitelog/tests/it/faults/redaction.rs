//! Declared secrets: hidden before the terminal, the ledger and the wire (`RULES.md` R1, R4).

use crate::scene::{Ran, Scene, ended};
use crate::sink::{Answer, Sink};

const SECRET: &str = "correct-horse-battery-staple";

/// Runs a script that knows the secret as `$DB_PASSWORD` (a name that says so) and `$TOPPING` (one that does not).
fn with_secrets(scene: &Scene, flags: &[&str], script: &str) -> Ran {
    let mut command = scene.run_command(flags, &["sh", "-c", script]);
    command.env("DB_PASSWORD", SECRET).env("TOPPING", "pineapple-and-ham");
    ended(command)
}

/// Whether a text is in any file of the ledger.
fn on_disk(scene: &Scene, text: &str) -> bool {
    let found = ended(scene.command("grep", ["-rlF", text, ".local"]));
    assert!(found.code <= 1, "{found:?}");
    found.code == 0
}

/// Scenario: a job prints a declared value, whole and in two writes. Guarantees: nobody sees it: not the terminal, not the
/// records, not the ledger's files, not the destination.
#[test]
fn a_declared_value_is_seen_nowhere() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let flags = ["--records", "records.jsonl", "--otlp.endpoint", &sink.endpoint()];
    let script =
        "echo \"pw=$DB_PASSWORD.\"; printf correct-horse-; sleep 0.2; echo battery-staple; echo \"$DB_PASSWORD\" >&2";
    let ran = with_secrets(&scene, &flags, script);
    ran.is(0, "pw=[REDACTED].\n[REDACTED]\n", "[REDACTED]\n");
    let (recorded, arrived) = (scene.records("records.jsonl"), sink.recorded());
    for recorded in [&recorded, &arrived] {
        assert_eq!(
            (recorded.stream("stdout"), recorded.stream("stderr")),
            (ran.stdout.clone(), ran.stderr.clone())
        );
    }
    assert_eq!(scene.raw_logs("last"), (ran.stdout.clone(), ran.stderr.clone()));
    // Blocks as short as these are not compressed: what is looked for would be found.
    assert!(on_disk(&scene, "pw=[REDACTED].") && !on_disk(&scene, SECRET));
}

/// Scenario: the value is an argument of the command. Guarantees: the span and the list of jobs do not show it either.
#[test]
fn a_declared_value_in_the_command_is_hidden() {
    let scene = Scene::new();
    let mut command = scene.run_command(&["--records", "records.jsonl"], &["echo", SECRET]);
    command.env("DB_PASSWORD", SECRET);
    ended(command).is(0, "[REDACTED]\n", "");
    assert!(on_disk(&scene, "[REDACTED]") && !on_disk(&scene, SECRET));
    assert!(!scene.tell(&["jobs", "list", "--format", "json"]).out().contains(SECRET));
}

/// Scenario: a name that does not sound secret, declared with `--redact-env`. Guarantees: hidden with the flag alone.
#[test]
fn more_names_can_be_declared() {
    let script = "echo on=$TOPPING";
    with_secrets(&Scene::new(), &[], script).is(0, "on=pineapple-and-ham\n", "");
    with_secrets(&Scene::new(), &["--redact-env", "TOP*"], script).is(0, "on=[REDACTED]\n", "");
}

/// Scenario: `--no-redact-output`. Guarantees: the terminal has it, the records do not.
#[test]
fn the_terminal_can_be_left_alone() {
    let scene = Scene::new();
    let flags = ["--no-redact-output", "--records", "records.jsonl"];
    with_secrets(&scene, &flags, "echo $DB_PASSWORD").is(0, &format!("{SECRET}\n"), "");
    assert_eq!(scene.records("records.jsonl").stream("stdout"), b"[REDACTED]\n");
    assert!(on_disk(&scene, "[REDACTED]") && !on_disk(&scene, SECRET));
}
