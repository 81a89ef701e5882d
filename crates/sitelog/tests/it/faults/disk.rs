//! Disks that take nothing or not enough: the job is untouched, one line says what was lost, and how many.

use crate::scene::{Ran, Scene, ended};
use crate::sink::{Answer, Sink};

/// The number that a text begins with.
fn leading(text: &str) -> u64 {
    text.split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap_or_else(|_| panic!("no number in {text:?}"))
}

/// Scenario: the data folder cannot be made (its parent is a file, which stops root too). Guarantees: exit status and
/// streams are the job's; one line says that its lines are not recorded, how many, and why.
#[test]
fn a_data_folder_that_cannot_be_written_costs_the_record_only() {
    let scene = Scene::new();
    scene.file("file", "");
    let ran = scene.run_sh(&["--data-dir", "file/data"], "echo out; echo more; exit 5");
    assert_eq!((ran.code, ran.out()), (5, "out\nmore\n"));
    let said = ran.one_line();
    assert!(
        said.starts_with("2 lines were not recorded: ") && said.contains("file/data"),
        "{said}"
    );
}

/// Scenario: the same, with stderr output and a destination. Guarantees: the job's own stderr comes first and whole.
#[test]
fn the_jobs_stderr_stands_before_the_line_about_it() {
    let scene = Scene::new();
    scene.file("file", "");
    let sink = Sink::start(Answer::Take);
    let flags = ["--data-dir", "file/data", "--otlp.endpoint", &sink.endpoint()];
    let ran = scene.run_sh(&flags, "echo oops >&2");
    assert_eq!(ran.code, 0);
    let lines: Vec<&str> = ran.err().lines().collect();
    assert!(
        lines.len() == 2 && lines[0] == "oops" && lines[1].starts_with("sitelog: 1 lines were not"),
        "{lines:?}"
    );
}

/// Scenario: a run on a tmpfs of 8 MiB that becomes full (in a mount namespace, which needs no root where users may have
/// one). The script copies the ledger out before the tmpfs goes.
fn on_a_small_disk(scene: &Scene, flags: &[&str], job: &str) -> Ran {
    let script = r#"mount -t tmpfs -o size=8m tmpfs "$1" || exit 99
        shift
        "$@"
        code=$?
        cp -r small/data kept
        exit $code"#;
    std::fs::create_dir(scene.path("small")).unwrap();
    let is_root = nix::unistd::geteuid().is_root();
    let namespace: &[&str] = if is_root { &["-m"] } else { &["-r", "-m"] };
    let ours = [
        "--",
        "sh",
        "-c",
        script,
        "small",
        "small",
        env!("CARGO_BIN_EXE_sitelog"),
        "run",
        "--data-dir",
        "small/data",
    ];
    let args = [namespace, &ours, flags, &["--", "sh", "-c", job]].concat();
    let ran = ended(scene.command("unshare", args));
    assert_ne!(ran.code, 99, "no mount of our own: {ran:?}");
    ran
}

/// 400,000 lines that do not compress: some 20 MB.
const MUCH: &str = "head -c 12000000 /dev/urandom | base64 -w 40; exit 6";

/// Scenario: the disk is full in the middle of a run, for good. Guarantees: every line is passed on and the job's exit status
/// stays; after the patience, lines are dropped and counted in the one line; what was recorded before is whole.
#[test]
fn a_full_disk_drops_lines_counts_them_and_keeps_the_rest() {
    let scene = Scene::new();
    let ran = on_a_small_disk(&scene, &["--disk-patience", "100ms"], MUCH);
    assert_eq!((ran.code, ran.stdout.len()), (6, 16_400_000));
    let said = ran.one_line();
    assert!(
        said.contains("lines were not recorded") && said.contains("full"),
        "{said}"
    );

    let logs = scene.tell(&["jobs", "logs", "last", "--raw", "--data-dir", "kept"]);
    let kept = assert_in_order(&logs.stdout, &ran.stdout);
    assert_eq!(kept + leading(said), 400_000, "kept and dropped are not all: {said}");
    assert!(kept > 0);
}

/// Each line of `kept` is one of `written`, in the same order and none twice (a small block may still find room after a
/// large one did not, so there can be gaps). Gives how many there are.
#[track_caller]
fn assert_in_order(kept: &[u8], written: &[u8]) -> u64 {
    let mut written = written.split_inclusive(|byte| *byte == b'\n');
    let mut count = 0;
    for line in kept.split_inclusive(|byte| *byte == b'\n') {
        assert!(
            written.any(|other| other == line),
            "line {count} was not written, or not there"
        );
        count += 1;
    }
    count
}

/// Scenario: as above; later somebody flushes from a copy with room. Guarantees: exactly the kept lines arrive, and a span.
#[test]
fn what_a_full_disk_kept_can_be_delivered() {
    let scene = Scene::new();
    on_a_small_disk(&scene, &["--disk-patience", "100ms"], MUCH);
    let logs = scene.tell(&["jobs", "logs", "last", "--raw", "--data-dir", "kept"]);
    let sink = Sink::start(Answer::Take);
    let flush = scene.tell(&["flush", "--data-dir", "kept", "--otlp.endpoint", &sink.endpoint()]);
    assert_eq!(flush.code, 0, "{flush:?}");
    let recorded = sink.recorded();
    assert!(
        recorded.stream("stdout") == logs.stdout,
        "what arrived is not what was kept"
    );
    assert_eq!(recorded.spans.len(), 1);
}

/// Scenario: a budget so small that the run reaches it, `--when-full drop-new`. Guarantees: the job is untouched, the line
/// says how many lines were dropped, the records have the rest, each with its place.
#[test]
fn at_the_budget_new_lines_are_dropped_and_counted() {
    let scene = Scene::new();
    let flags = [
        "--ledger.max-bytes",
        "1MiB",
        "--when-full",
        "drop-new",
        "--records",
        "records.jsonl",
    ];
    let ran = scene.run_sh(&flags, MUCH);
    assert_eq!((ran.code, ran.stdout.len()), (6, 16_400_000));
    let dropped = leading(ran.one_line());
    let recorded = scene.records("records.jsonl");
    assert_eq!(recorded.lines.len() as u64 + dropped, 400_000, "{}", ran.err());
    assert_eq!(
        assert_in_order(&recorded.stream("stdout"), &ran.stdout),
        recorded.lines.len() as u64
    );
    // A line's seq is its place in the stream, so a gap can be seen as one.
    let written: Vec<&[u8]> = ran.stdout.split(|byte| *byte == b'\n').collect();
    assert!(
        recorded
            .lines
            .iter()
            .all(|line| line.bytes == written[line.seq as usize])
    );
}

/// Scenario: the budget is full of records that nobody took; a sink comes later and `flush` makes room. `--when-full block`.
/// Guarantees: the job waits, loses nothing, and goes on by itself when there is room.
#[test]
fn at_the_budget_the_job_waits_for_room() {
    let scene = Scene::new();
    let much = "head -c 3000000 /dev/urandom | base64 -w 40";
    scene.run_sh(&[], much);
    let sink = Sink::start(Answer::Take);
    let mut command = scene.run_command(
        &["--ledger.max-bytes", "4MiB", "--when-full", "block"],
        &["sh", "-c", much],
    );
    let out = std::fs::File::create(scene.path("out")).unwrap();
    let mut run = command
        .stdout(out)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    crate::scene::wait_until("the job to be held up", || {
        let before = scene.path("out").metadata().unwrap().len();
        std::thread::sleep(std::time::Duration::from_millis(300));
        before > 0 && scene.path("out").metadata().unwrap().len() == before
    });
    assert!(run.try_wait().unwrap().is_none(), "the job was not held up");
    let flush = scene.tell(&[
        "flush",
        "--ledger.max-bytes",
        "4MiB",
        "--otlp.endpoint",
        &sink.endpoint(),
    ]);
    assert_eq!(flush.code, 0, "{flush:?}");
    assert_eq!(crate::scene::code(crate::scene::end(&mut run)), 0);
    assert_eq!(std::io::read_to_string(run.stderr.take().unwrap()).unwrap(), "");
    assert_eq!(scene.raw_logs("last").0, crate::scene::read(&scene.path("out")));
}

/// Scenario: at a budget that is used up by an earlier run, `--when-full drop-new`; then `flush` makes room and the job goes
/// on. Guarantees: what was dropped is recorded as a gap with its count, and the lines after it are there.
#[test]
fn what_was_dropped_is_recorded_as_a_gap() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    scene.run_sh(&[], "head -c 3000000 /dev/urandom | base64 -w 40");
    let much = "head -c 3000000 /dev/urandom | base64 -w 40; touch full";
    let job = format!("{much}; while [ ! -e seen ]; do sleep 0.05; echo after; done");
    let flags = [
        "--ledger.max-bytes",
        "4MiB",
        "--when-full",
        "drop-new",
        "--records",
        "records.jsonl",
    ];
    let mut command = scene.run_command(&flags, &["sh", "-c", &job]);
    let out = std::fs::File::create(scene.path("out")).unwrap();
    let mut run = command
        .stdout(out)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    crate::scene::wait_until("a full ledger", || scene.path("full").exists());
    let flush = scene.tell(&[
        "flush",
        "--ledger.max-bytes",
        "4MiB",
        "--otlp.endpoint",
        &sink.endpoint(),
    ]);
    assert_eq!(flush.code, 0, "{flush:?}");
    // The wrapper looks at the budget again in its own time.
    crate::scene::wait_until("a gap", || !scene.records("records.jsonl").events.is_empty());
    scene.file("seen", "");
    assert_eq!(crate::scene::code(crate::scene::end(&mut run)), 0);
    let said = std::io::read_to_string(run.stderr.take().unwrap()).unwrap();
    let dropped = leading(said.strip_prefix("sitelog: ").unwrap());

    let recorded = scene.records("records.jsonl");
    let written = crate::scene::read(&scene.path("out"))
        .split(|byte| *byte == b'\n')
        .count() as u64
        - 1;
    assert_eq!(recorded.lines.len() as u64 + dropped, written);
    let gaps: u64 = recorded
        .events
        .iter()
        .map(|gap| gap.attributes["sitelog.lines.dropped"].as_u64().unwrap())
        .sum();
    assert_eq!(gaps, dropped, "{:?}", recorded.events);
    assert!(
        recorded
            .events
            .iter()
            .all(|gap| gap.name == "sitelog.gap" && gap.body.contains("not recorded"))
    );
    assert_eq!(recorded.span().attributes["sitelog.lines.dropped"], dropped);
}
