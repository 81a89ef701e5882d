//! Everything that leaves goes through the sanitizer: what is planted anywhere comes out nowhere.

use crate::scene::{Scene, ended, ended_with};

/// A declared value and a token by its form.
const DECLARED: &str = "zebra-crossing-42";
const TOKEN: &str = concat!("ghp", "_0123456789abcdefghijABCDEFGHIJ012345");

#[track_caller]
fn assert_clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert!(!text.contains(DECLARED) && !text.contains(TOKEN), "{what}: {text}");
}

/// Scenario: both planted in an argument, a variable, a file's value, an endpoint's password, a header, a file's name, the
/// working folder. Guarantees: neither is in what a run prints, records, stores or says of itself, nor in what is told of it.
#[test]
fn a_run_shows_neither_anywhere() {
    for secret in [DECLARED, TOKEN] {
        let scene = Scene::new();
        let folder = scene.path(&format!("in-{secret}"));
        std::fs::create_dir(&folder).unwrap();
        let file = scene.file(
            "sitelog.yaml",
            &format!("run:\n  operation: op {secret}\n  attr: [k=v-{secret}]\notlp:\n  headers: x-key={secret}\n"),
        );
        let endpoint = format!("http://127.0.0.1:9/{secret}");
        let records = format!("r-{secret}.jsonl");
        let flags = [
            "--config",
            &file,
            "--log-level",
            "info",
            "--otlp.endpoint",
            &endpoint,
            "--records",
            &records,
            "--actor",
            secret,
        ];
        let script = "echo out $1; echo err $1 >&2; touch f-$1; ls; exit 5";
        let mut command = scene.run_command(&flags, &["sh", "-c", script, "sh", secret]);
        command
            .env("DB_PASSWORD", DECLARED)
            .env("NOTE", secret)
            .env("OTEL_RESOURCE_ATTRIBUTES", format!("team={secret}"));
        command.current_dir(&folder);
        let ran = ended(command);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert_clean("stdout", &ran.stdout);
        assert_clean("stderr", &ran.stderr);
        assert_clean("records", &std::fs::read(folder.join(&records)).unwrap());
        let found = ended(scene.command("grep", ["-rlaF", secret, ".local"]));
        assert_eq!(found.code, 1, "{found:?}");
        for args in [
            &["jobs", "list", "--format", "json"][..],
            &["jobs", "list"],
            &["jobs", "logs", "last"],
            &["spool", "--format", "json"],
        ] {
            let mut command = scene.sitelog(args.iter().copied());
            command.env("DB_PASSWORD", DECLARED);
            let told = ended(command);
            assert_clean("stdout of a command", &told.stdout);
            assert_clean("stderr of a command", &told.stderr);
        }
        let mut command = scene.sitelog([
            "config",
            "print",
            "--config",
            &file,
            "--otlp.endpoint",
            &endpoint,
            "--actor",
            secret,
        ]);
        command.env("DB_PASSWORD", DECLARED);
        let printed = ended(command);
        assert!(printed.code == 0 && printed.out().contains("[REDACTED]"), "{printed:?}");
        assert_clean("config print", &printed.stdout);
    }
}

/// Scenario: mistakes with a secret in them. Guarantees: what sitelog says of them does not repeat it.
#[test]
fn mistakes_are_told_without_the_secret() {
    for secret in [DECLARED, TOKEN] {
        let scene = Scene::new();
        let wrong = scene.file("wrong.yaml", &format!("run:\n  grace: {secret}\n"));
        let missing = format!("no-{secret}.yaml");
        let header = format!("bad {secret}");
        let credentials = format!("http://user:{secret}@h");
        let bad_endpoint = format!("ftp://u:{secret}@h");
        for args in [
            &["run", secret][..],
            &["run", &format!("--{secret}"), "--", "true"],
            &["run", "--grace", secret, "--", "true"],
            &["run", "--attr", secret, "--", "true"],
            &["run", "--tenant", &format!("../{secret}"), "--", "true"],
            &["run", "--config", &wrong, "--", "true"],
            &["run", "--config", &missing, "--", "true"],
            &["run", "--otlp.endpoint", &bad_endpoint, "--", "true"],
            &["run", "--otlp.endpoint", &credentials, "--", "true"],
            &[
                "run",
                "--otlp.endpoint",
                "http://h",
                "--otlp.headers",
                &header,
                "--",
                "true",
            ],
            &["run", "--", &format!("./no-such-{secret}")],
            &["jobs", "logs", secret],
            &["completions", secret],
            &["redact", "--rule-off", secret],
            &["redact", "--format", secret],
            &[secret],
        ] {
            let mut command = scene.sitelog(args.iter().copied());
            command.env("DB_PASSWORD", DECLARED);
            let ran = ended_with(command, Some(Vec::new()));
            assert!(ran.code != 0 && !ran.err().is_empty(), "{args:?}: {ran:?}");
            assert_clean(&format!("{args:?}"), &ran.stderr);
            assert_clean(&format!("{args:?}"), &ran.stdout);
        }
    }
}
