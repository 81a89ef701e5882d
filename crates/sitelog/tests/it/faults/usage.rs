//! Wrong usage and configuration: exit status 64, one line that names flag, variable or file and line, and no job is run.

use crate::scene::{Scene, ended};

/// What is wrong, and what the line must name.
struct Mistake {
    flags: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    names: &'static [&'static str],
}

const fn flags(flags: &'static [&'static str], names: &'static [&'static str]) -> Mistake {
    Mistake { flags, env: &[], names }
}

const fn env(env: &'static [(&'static str, &'static str)], names: &'static [&'static str]) -> Mistake {
    Mistake { flags: &[], env, names }
}

const MISTAKES: &[Mistake] = &[
    flags(&["--otlp.endpoint", "ftp://c:4317"], &["--otlp.endpoint", "ftp"]),
    flags(
        &["--otlp.endpoint", "http://"],
        &["--otlp.endpoint", "http://collector:4318"],
    ),
    flags(
        &["--otlp.traces.endpoint", "http://c:port"],
        &["--otlp.traces.endpoint"],
    ),
    flags(
        &["--otlp.endpoint", "http://c", "--otlp.headers", "x"],
        &["--otlp.headers", "no ="],
    ),
    flags(
        &["--otlp.endpoint", "http://c", "--otlp.protocol", "udp"],
        &["--otlp.protocol", "udp", "grpc"],
    ),
    flags(
        &["--otlp.endpoint", "http://c", "--otlp.timeout", "soon"],
        &["--otlp.timeout", "soon"],
    ),
    flags(
        &["--otlp.endpoint", "http://c", "--otlp.compression", "lzma"],
        &["--otlp.compression", "lzma"],
    ),
    flags(
        &["--otlp.endpoint", "https://c", "--otlp.certificate", "nowhere.pem"],
        &["--otlp.certificate", "nowhere.pem"],
    ),
    flags(&["--grace", "ten"], &["--grace", "ten", "10s"]),
    flags(
        &["--ledger.max-bytes", "much"],
        &["--ledger.max-bytes", "much", "64MiB"],
    ),
    flags(&["--pty", "perhaps"], &["--pty", "perhaps"]),
    flags(&["--attr", "novalue"], &["--attr", "novalue", "KEY=VALUE"]),
    flags(&["--tenant", "../else"], &["--tenant", "../else"]),
    flags(&["--no-such-flag"], &["--no-such-flag"]),
    flags(
        &["--records", "no/such/folder/file"],
        &["--records", "no/such/folder/file"],
    ),
    flags(&["--config", "nowhere.yaml"], &["--config", "nowhere.yaml"]),
    env(
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://c")],
        &["OTEL_EXPORTER_OTLP_ENDPOINT"],
    ),
    env(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
            ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "x"),
        ],
        &["OTEL_EXPORTER_OTLP_LOGS_TIMEOUT"],
    ),
    env(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x"),
        ],
        &["OTEL_EXPORTER_OTLP_HEADERS"],
    ),
    env(&[("SITELOG_GRACE", "ten")], &["SITELOG_GRACE", "ten"]),
    env(&[("SITELOG_WHEN_FULL", "panic")], &["SITELOG_WHEN_FULL", "panic"]),
];

/// Guarantees: the user learns in one line where the mistake is, and the job was not started.
#[test]
fn a_mistake_is_named_and_nothing_runs() {
    for mistake in MISTAKES {
        let scene = Scene::new();
        let mut command = scene.run_command(mistake.flags, &["touch", "ran"]);
        command.envs(mistake.env.iter().copied());
        let ran = ended(command);
        let what = format!("{:?} {:?}: {ran:?}", mistake.flags, mistake.env);
        assert_eq!((ran.code, ran.out(), ran.err().lines().count()), (64, "", 1), "{what}");
        assert!(mistake.names.iter().all(|name| ran.err().contains(name)), "{what}");
        assert!(!scene.path("ran").exists() && !scene.data().exists(), "{what}");
    }
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_line() {
    for (text, line, names) in [
        ("run:\n  grace: soon\n", 2, "soon"),
        ("run:\n  grace: 5s\n  graec: 5s\n", 3, "graec"),
        ("global:\n  tenant: x\notlp:\n  endpoint: ftp://c\n", 4, "ftp"),
        ("otlp:\n  endpoint: http://c\n  headers: 'x'\n", 3, "no ="),
        ("run: b: c\n", 1, ""),
    ] {
        let scene = Scene::new();
        let file = scene.file("wrong.yaml", text);
        for command in [
            &["run", "--config", &file, "--", "touch", "ran"][..],
            &["config", "check", "--config", &file],
        ] {
            let ran = scene.tell(command);
            assert_eq!((ran.code, ran.out()), (64, ""), "{text}: {ran:?}");
            assert!(
                ran.one_line().contains(&format!("{file}:{line}: ")) && ran.err().contains(names),
                "{text}: {ran:?}"
            );
            assert!(!scene.path("ran").exists());
        }
    }
}

#[test]
fn without_a_command_the_usage_is_said() {
    let scene = Scene::new();
    let ran = scene.tell(&["run"]);
    assert_eq!((ran.code, ran.out()), (64, ""));
    assert!(ran.one_line().contains("CMD"), "{ran:?}");
    let flush = scene.tell(&["flush"]);
    assert_eq!(flush.code, 64);
    assert!(flush.one_line().contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{flush:?}");
}
