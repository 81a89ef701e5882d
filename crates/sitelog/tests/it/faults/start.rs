//! Jobs that cannot start, and streams that end early.

use crate::scene::{Scene, ended, ended_with};
use std::os::unix::fs::PermissionsExt;

/// Scenario: no such command. Guarantees: 127 and a shell's sentence; a span with the error is recorded.
#[test]
fn a_command_that_is_not_there_is_127() {
    let scene = Scene::new();
    let ran = scene.run(&["--records", "records.jsonl"], &["no-such-command-here"]);
    assert_eq!((ran.code, ran.out()), (127, ""));
    assert_eq!(ran.one_line(), "no-such-command-here: command not found");
    let recorded = scene.records("records.jsonl");
    assert_eq!(recorded.span().outcome(), ("error", "not_found", Some(127)));
    assert!(recorded.span().failed);
}

/// Scenario: a file without the permission, and a folder. Guarantees: 126, one sentence, a span with the error.
#[test]
fn a_file_that_is_no_program_is_126() {
    for job in ["./data.txt", "./folder"] {
        let scene = Scene::new();
        scene.file("data.txt", "no program");
        std::fs::set_permissions(scene.path("data.txt"), PermissionsExt::from_mode(0o644)).unwrap();
        std::fs::create_dir(scene.path("folder")).unwrap();
        let ran = scene.run(&["--records", "records.jsonl"], &[job]);
        assert_eq!((ran.code, ran.out()), (126, ""), "{ran:?}");
        assert!(ran.one_line().starts_with(&format!("{job}: ")), "{ran:?}");
        let recorded = scene.records("records.jsonl");
        assert_eq!(recorded.span().outcome(), ("error", "not_executable", Some(126)));
    }
}

/// Scenario: `sitelog run -- yes | head -1`. Guarantees: the reader's end is the job's end (SIGPIPE), as without sitelog, and
/// nothing hangs or complains.
#[test]
fn a_reader_that_has_seen_enough_ends_the_job() {
    let scene = Scene::new();
    let line = format!(
        "{} run -- yes | head -1; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_sitelog")
    );
    let ran = ended(scene.command("bash", ["-c", &line]));
    ran.is(0, "y\n141\n", "");
    assert!(scene.raw_logs("last").0.starts_with(b"y\n"));
}

/// Scenario: 1 MiB of all byte values on stdin, to `cat`. Guarantees: the same bytes on stdout and in the records.
#[test]
fn stdin_passes_through_byte_for_byte() {
    let scene = Scene::new();
    let bytes: Vec<u8> = (0..1 << 20).map(|i: u32| ((31 * (i % 256) + 7) % 256) as u8).collect();
    let ran = ended_with(
        scene.run_command(&["--records", "records.jsonl"], &["cat"]),
        Some(bytes.clone()),
    );
    assert!(ran.code == 0 && ran.stdout == bytes && ran.stderr.is_empty());
    let recorded = scene.records("records.jsonl");
    recorded.assert_whole();
    assert!(recorded.stream("stdout") == bytes);
    assert!(scene.raw_logs("last").0 == bytes);
}

/// Scenario: one line of 10 MiB with characters of several bytes. Guarantees: parts of at most 64 KiB, no character cut, and
/// the stream comes back.
#[test]
fn a_line_of_ten_mebibytes_is_recorded_in_parts() {
    let scene = Scene::new();
    let script = "import sys; sys.stdout.buffer.write(('x' + '€' * 3495253 + '\\nend').encode())";
    let ran = scene.run(&["--records", "records.jsonl"], &["python3", "-c", script]);
    assert_eq!((ran.code, ran.stdout.len()), (0, 10_485_764));
    let recorded = scene.records("records.jsonl");
    recorded.assert_whole();
    assert!(recorded.stream("stdout") == ran.stdout);
    assert!(
        recorded
            .lines
            .iter()
            .all(|line| line.bytes.len() <= 65_536 && str::from_utf8(&line.bytes).is_ok())
    );
    assert!(scene.raw_logs("last").0 == ran.stdout);
}

/// Scenario: 2,000 variables beside our own. Guarantees: the job has them all, unchanged; none of them is recorded.
#[test]
fn a_big_environment_reaches_the_job_and_nothing_else() {
    let scene = Scene::new();
    let mut command = scene.run_command(
        &["--records", "records.jsonl"],
        &["sh", "-c", "env | grep -c '^F_.*=value-'"],
    );
    command.envs((0..2000).map(|i| (format!("F_{i:04}"), format!("value-{}", "x".repeat(i % 50)))));
    ended(command).is(0, "2000\n", "");
    assert!(
        !std::fs::read_to_string(scene.path("records.jsonl"))
            .unwrap()
            .contains("value-x")
    );
}

#[test]
fn arguments_and_folder_pass_through() {
    let scene = Scene::new();
    let ran = scene.run(&[], &["printf", "%s|", "a b", "", "--", "-x", "*", "\"q\"", "é"]);
    ran.is(0, "a b||--|-x|*|\"q\"|é|", "");
    std::fs::create_dir(scene.path("below")).unwrap();
    let mut command = scene.run_command(&[], &["pwd"]);
    command.current_dir(scene.path("below"));
    assert!(ended(command).out().ends_with("/below\n"));
}
