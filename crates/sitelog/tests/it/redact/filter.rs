//! The filter between stdin and stdout.

use super::redact;
use crate::scene::{Scene, end, ended};
use std::io::{Read, Write};
use std::process::Stdio;

#[test]
fn every_format_is_hidden_in_its_own_way() {
    let scene = Scene::new();
    for (format, input, want) in [
        (
            "text",
            "password=x é\n\u{1b}[1mtoken=y\u{1b}[0m",
            "password=[REDACTED] é\n\u{1b}[1mtoken=[REDACTED]\u{1b}[0m",
        ),
        (
            "json",
            "{\"value\":1.50,\n \"sensitive\":true}\n[]\n",
            "{\"value\":\"[REDACTED]\",\n \"sensitive\":true}\n[]\n",
        ),
        (
            "otlp-json",
            "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"token\",\"value\":{\"intValue\":\"5\"}}]}}]}\n",
            "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"token\",\"value\":{\"intValue\":\"[REDACTED]\"}}]}}]}\n",
        ),
    ] {
        redact(&scene, &["--format", format], input.as_bytes()).is(0, want, "");
    }
    redact(&scene, &["--pii"], b"to ada@example.org").is(0, "to [REDACTED]", "");
    redact(&scene, &[], b"to ada@example.org").is(0, "to ada@example.org", "");
}

/// Scenario: input that is not what was said. Guarantees: one line with the line's number, exit status 2, no secret.
#[test]
fn input_of_another_kind_is_told_and_leaks_nothing() {
    let scene = Scene::new();
    let ran = redact(
        &scene,
        &["--format", "json"],
        b"{\"a\":1}\n\nlogin password=hunter2\n{\"token\":\"t\"}\n",
    );
    assert_eq!(
        (ran.code, ran.out()),
        (
            2,
            "{\"a\":1}\n\nlogin password=[REDACTED]\n{\"token\":\"[REDACTED]\"}\n"
        )
    );
    assert!(ran.one_line().contains("line 3: not JSON"), "{ran:?}");
    let ran = redact(
        &scene,
        &["--format", "otlp-json"],
        b"{\"resourceSpans\":[]}\n{\"password\":\"hunter2\"}\n",
    );
    assert_eq!((ran.code, ran.out()), (2, "{\"resourceSpans\":[]}\n"));
    assert!(
        ran.one_line().contains("line 2: not an OTLP-JSON export request"),
        "{ran:?}"
    );
    let ran = redact(&scene, &["--format", "yaml"], b"");
    assert_eq!((ran.code, ran.out()), (64, ""));
    assert!(ran.one_line().contains("yaml"));
}

/// Guarantees: rule, place and path of each hit on stderr; the value and its length nowhere.
#[test]
fn it_explains_without_the_value() {
    let scene = Scene::new();
    let explain = |format: &str, input: &str| {
        let mut command = scene.sitelog(["redact", "--explain", "--format", format]);
        command.env("DB_PASSWORD", "correct-horse");
        let ran = crate::scene::ended_with(command, Some(input.into()));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(
            !ran.err().contains("horse") && !ran.err().contains("hunter2"),
            "{ran:?}"
        );
        ran.err().to_owned()
    };
    assert_eq!(
        explain("text", "x\n password=hunter2 corr\u{1b}[1mect-horse"),
        "{\"rule\":\"key-value\",\"line\":2,\"column\":11,\"offset\":12}\n{\"rule\":\"declared\",\"name\":\"DB_PASSWORD\",\"line\":2,\"column\":19,\"offset\":20}\n"
    );
    assert_eq!(
        explain("json", "{\"a\":{\"correct-horse\":[{\"token\":7}]}}"),
        "{\"rule\":\"declared\",\"name\":\"DB_PASSWORD\",\"line\":1,\"column\":8,\"offset\":7,\"path\":\"a.[REDACTED]\"}\n{\"rule\":\"sensitive-key\",\"line\":1,\"column\":33,\"offset\":32,\"path\":\"a.[REDACTED][0].token\"}\n"
    );
    let otlp =
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"is correct-horse\"}}]}]}]}";
    assert!(explain("otlp-json", otlp).contains("\"path\":\"resourceLogs[0].scopeLogs[0].logRecords[0].body\""));
}

/// Scenario: a prompt without a line feed. Guarantees: it is seen while the writer still writes.
#[test]
fn what_is_clear_comes_out_at_once() {
    let scene = Scene::new();
    for (format, first) in [("text", "Continue? "), ("json", "{\"a\":1}\n")] {
        let mut command = scene.sitelog(["redact", "--format", format]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        input.write_all(first.as_bytes()).unwrap();
        let mut seen = vec![0; first.len()];
        output.read_exact(&mut seen).unwrap();
        assert_eq!(seen, first.as_bytes());
        drop(input);
        assert!(end(&mut child).success());
    }
}

/// Scenario: a reader that has seen enough; a stdout that is full. Guarantees: no noise for the first, status 2 for the other.
#[test]
fn a_reader_may_go() {
    let scene = Scene::new();
    let line = format!(
        "yes | head -n 200000 | {} redact | head -n 1; echo ${{PIPESTATUS[2]}}",
        env!("CARGO_BIN_EXE_sitelog")
    );
    ended(scene.command("bash", ["-c", &line])).is(0, "y\n0\n", "");
    let line = format!("echo x | {} redact > /dev/full", env!("CARGO_BIN_EXE_sitelog"));
    let ran = ended(scene.command("bash", ["-c", &line]));
    assert_eq!(ran.code, 2);
    assert!(ran.one_line().starts_with("redact: "), "{ran:?}");
}

/// Scenario: a long stream through each format. Guarantees: memory that does not grow with it.
#[test]
fn memory_is_constant() {
    let scene = Scene::new();
    for (format, line) in [
        ("text", "a line of build output, step 7\n"),
        ("json", "{\"msg\":\"a line\",\"n\":7}\n"),
    ] {
        let mut command = scene.sitelog(["redact", "--format", format]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()).unwrap());
        let status = format!("/proc/{}/status", child.id());
        let peak = || -> u64 {
            let status = std::fs::read_to_string(&status).unwrap();
            let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let part = line.repeat((1 << 20) / line.len());
        input.write_all(part.as_bytes()).unwrap();
        let early = peak();
        (0..6).for_each(|_| input.write_all(part.as_bytes()).unwrap());
        let late = peak();
        drop(input);
        assert!(end(&mut child).success());
        assert_eq!(reader.join().unwrap(), 7 * part.len() as u64);
        assert!(late < early + 3072, "{format}: {early} KiB, then {late} KiB");
    }
}
