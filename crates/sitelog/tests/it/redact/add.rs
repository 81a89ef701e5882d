//! Values that a job registers while it runs.

use crate::scene::{Scene, end, ended, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sitelog_ledger::{Ledger, Options};
use sitelog_model::Payload;
use sitelog_model::note::Note;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const SITELOG: &str = env!("CARGO_BIN_EXE_sitelog");

/// Whether a text is in any file below a folder of the scene.
fn on_disk(scene: &Scene, text: &str) -> bool {
    let found = ended(scene.command("grep", ["-rlF", text, ".local"]));
    assert!(found.code <= 1, "{found:?}");
    found.code == 0
}

/// `sitelog run` with the sockets in a folder of the test's.
fn run(scene: &Scene, flags: &[&str], script: &str) -> std::process::Command {
    let mut command = scene.run_command(flags, &["sh", "-c", script]);
    std::fs::create_dir_all(scene.path("tmp")).unwrap();
    command.env("TMPDIR", scene.path("tmp")).env("SITELOG", SITELOG);
    command
}

fn sockets(scene: &Scene) -> usize {
    std::fs::read_dir(scene.path("tmp")).unwrap().count()
}

/// Scenario: values are made while the job runs: piped in, of several lines, in a variable; then printed on both streams.
/// Guarantees: hidden from the first byte after `redact add` has returned, on the terminal, in the records, the span, on disk.
#[test]
fn what_is_registered_is_seen_nowhere_from_then_on() {
    let scene = Scene::new();
    let script = "echo before; printf 'pineapple-pizza' | $SITELOG redact add || exit 9
        echo pineapple-pizza; echo pineapple-pizza >&2; printf pineapple-pizza | base64
        printf 'first-line-of-the-key\\nsecond-line-of-the-key\\n' | $SITELOG redact add --name KEY || exit 9
        echo 'a first-line-of-the-key b'; echo second-line-of-the-key
        PLAIN=banana-split; export PLAIN; $SITELOG redact add --env PLAIN || exit 9; echo =$PLAIN=; exit 3";
    let ran = ended(run(&scene, &["--records", "r.jsonl"], script));
    ran.is(
        3,
        "before\n[REDACTED]\n[REDACTED]\na [REDACTED] b\n[REDACTED]\n=[REDACTED]=\n",
        "[REDACTED]\n",
    );
    let records = std::fs::read_to_string(scene.path("r.jsonl")).unwrap();
    for secret in [
        "echo pineapple-pizza | base64",
        "banana-split",
        "second-line-of-the-key",
    ] {
        let lines = scene.records("r.jsonl").lines;
        assert!(
            lines
                .iter()
                .all(|line| !String::from_utf8_lossy(&line.bytes).contains(secret))
        );
        let span = records.lines().find(|line| line.contains("resourceSpans")).unwrap();
        assert!(!span.contains("banana-split"), "{span}");
    }
    assert_eq!(sockets(&scene), 0);
}

/// The value of the job's last word is made at run time, so that it stands in no argument.
#[test]
fn a_value_made_at_run_time_never_reaches_the_disk() {
    let scene = Scene::new();
    let script =
        "S=$(printf 'zebra-%s' crossing); export S; $SITELOG redact add --env S; for i in 1 2 3; do echo $i $S; done";
    ended(run(&scene, &[], script)).is(0, "1 [REDACTED]\n2 [REDACTED]\n3 [REDACTED]\n", "");
    assert!(on_disk(&scene, "[REDACTED]") && !on_disk(&scene, "zebra-crossing"));
}

/// Guarantees: what was hidden, registered and refused is counted in the run's closing note, by rule and face.
#[test]
fn the_run_counts_what_it_hid() {
    let scene = Scene::new();
    let script = "echo token=abc token=def; printf 'pineapple-pizza' | $SITELOG redact add; echo pineapple-pizza
        printf 12345 | $SITELOG redact add 2>/dev/null";
    assert_eq!(ended(run(&scene, &[], script)).code, 0);
    let ledger = Ledger::open(scene.data(), Options::default()).unwrap();
    let chain = ledger.chains().unwrap().remove(0);
    let mut notes = ledger.notes(&chain).unwrap().map(|frame| frame.unwrap());
    let ended = notes.find_map(|frame| match &frame.batch.get().payload {
        Payload::Note(note) => match Note::parse(note) {
            Some(Note::RunEnded(ended)) => Some(ended),
            _ => None,
        },
        _ => None,
    });
    let sanitized = ended.unwrap().sanitized;
    let stream = sanitized.hidden.iter().filter(|hidden| hidden.face == "stream");
    let stream: Vec<_> = stream.map(|hidden| (hidden.rule.as_str(), hidden.count)).collect();
    assert_eq!(stream, [("declared", 1), ("key-value", 2)]);
    assert_eq!(sanitized.registered, 1);
    assert_eq!(
        (sanitized.refused[0].why.as_str(), sanitized.refused[0].count),
        ("short_value", 1)
    );
}

/// Scenario: a run within a run. Guarantees: both know the value.
#[test]
fn a_run_around_the_run_is_told() {
    let scene = Scene::new();
    let script = "V=$(printf 'zebra-%s' crossing); export V; $SITELOG run -- sh -c '$SITELOG redact add --env V; echo $V'; echo $V";
    ended(run(&scene, &[], script)).is(0, "[REDACTED]\n[REDACTED]\n", "");
    assert!(!on_disk(&scene, "zebra-crossing"));
}

/// Guarantees: mode 0600 in a folder of mode 0700; gone after SIGTERM; what a killed run left is taken away by the next.
#[test]
fn the_socket_is_private_and_goes_with_the_run() {
    let scene = Scene::new();
    let script = "echo $SITELOG_SOCKET > socket.tmp; mv socket.tmp socket; exec sleep 1000";
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let mut child = run(&scene, &[], script).spawn().unwrap();
        wait_until("the socket", || scene.path("socket").exists());
        let path = std::fs::read_to_string(scene.path("socket")).unwrap();
        let path = Path::new(path.trim());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path), mode(path.parent().unwrap())), (0o600, 0o700));
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        end(&mut child);
        assert_eq!(path.exists(), signal == Signal::SIGKILL);
        std::fs::remove_file(scene.path("socket")).unwrap();
    }
    ended(run(&scene, &[], "true")).is(0, "", "");
    assert_eq!(sockets(&scene), 0);
}

/// What cannot be done is one line, without the value.
#[test]
fn what_cannot_be_registered_is_said_in_one_line() {
    let scene = Scene::new();
    let add = |flags: &[&str], socket: Option<&str>, stdin: &str| {
        let mut command = scene.sitelog(["redact", "add"].iter().chain(flags).copied());
        socket.map(|socket| command.env("SITELOG_SOCKET", socket));
        let ran = crate::scene::ended_with(command, Some(stdin.into()));
        assert!(!ran.err().contains("hunter2"), "{ran:?}");
        (ran.code, ran.one_line().to_owned())
    };
    let gone = scene.text("gone");
    for (flags, socket, code, says) in [
        (&[][..], None, 64, "inside a job"),
        (&["hunter2-in-an-argument"], None, 64, "not given as an argument"),
        (&["--env", "NOT_THERE"], Some(gone.as_str()), 64, "NOT_THERE"),
        (&[], Some(gone.as_str()), 69, "cannot be reached"),
    ] {
        let (got, said) = add(flags, socket, "hunter2-hunter2");
        assert!(got == code && said.contains(says), "{flags:?}: {got} {said}");
    }
    let ran = ended(run(
        &scene,
        &[],
        "printf 12345 | $SITELOG redact add --name PIN; echo $?; head -c 70000 /dev/zero | $SITELOG redact add; echo $?",
    ));
    assert_eq!((ran.code, ran.out()), (0, "0\n64\n"));
    let said: Vec<&str> = ran.err().lines().collect();
    assert!(
        said[0].contains("PIN: too short") && said[1].contains("longer than 65536 bytes"),
        "{said:?}"
    );
}
