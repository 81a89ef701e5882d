//! Flags, environment and file; what `config` says of them; completions; `demo`.

use crate::scene::{Scene, ended};
use crate::sink::{Answer, Sink};

/// Scenario: three destinations, one a layer. Guarantees: flags before environment before file, and for each layer nobody
/// else gets a record.
#[test]
fn flags_come_before_environment_before_file() {
    let sinks = [(); 3].map(|()| Sink::start(Answer::Take));
    for layers in 1..=3 {
        let scene = Scene::new();
        let file = scene.file("sitelog.yaml", &format!("otlp:\n  endpoint: {}\n", sinks[0].endpoint()));
        let flag = sinks[2].endpoint();
        let flags = ["--config", &file, "--otlp.endpoint", &flag];
        let mut command = scene.run_command(if layers == 3 { &flags } else { &flags[..2] }, &["echo", "line"]);
        if layers >= 2 {
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", sinks[1].endpoint());
        }
        let before = sinks.each_ref().map(|sink| sink.recorded().lines.len());
        ended(command).is(0, "line\n", "");
        let got = sinks.each_ref().map(|sink| sink.recorded().lines.len());
        let expected = std::array::from_fn(|sink| before[sink] + usize::from(sink == layers - 1));
        assert_eq!(got, expected, "{layers} layers");
    }
}

/// Headers, protocol, compression and an endpoint of one signal, from the environment, as they arrive.
#[test]
fn the_standard_variables_are_obeyed() {
    let (all, traces) = (Sink::start(Answer::Take), Sink::start(Answer::Take));
    let scene = Scene::new();
    let mut command = scene.run_command(&[], &["echo", "line"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", all.endpoint());
    command.env(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        format!("{}/v1/traces", traces.endpoint()),
    );
    command
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
        .env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    command.env(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "x-scope-orgid=t1,authorization=Bearer%20abc",
    );
    ended(command).is(0, "line\n", "");
    assert_eq!((all.recorded().lines.len(), all.recorded().spans.len()), (1, 0));
    assert_eq!((traces.recorded().lines.len(), traces.recorded().spans.len()), (0, 1));
    let headers = &all.taken()[0].headers;
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!((header("x-scope-orgid"), header("authorization")), ("t1", "Bearer abc"));
    assert_eq!(
        (header("content-type"), header("content-encoding")),
        ("application/json", "gzip")
    );
}

/// Guarantees: what is in force can be read, and no secret with it.
#[test]
fn the_configuration_is_printed_without_secrets() {
    let scene = Scene::new();
    let file = scene.file("sitelog.yaml", "run:\n  grace: 5s\nledger:\n  max-bytes: 1GiB\n");
    let mut command = scene.sitelog(["config", "print", "--config", &file, "--when-full", "drop-new"]);
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")
        .env("SITELOG_TENANT", "t1");
    command.env(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "authorization=Bearer%20s3cr3t-value,x-key=k3y-value",
    );
    let ran = ended(command);
    assert_eq!((ran.code, ran.err()), (0, ""));
    assert!(
        !ran.out().contains("s3cr3t-value") && !ran.out().contains("k3y-value"),
        "{}",
        ran.out()
    );
    let value: serde_json::Value = serde_json::from_str(ran.out()).unwrap();
    let logs = &value["otlp"]["logs"];
    assert_eq!(
        (&logs["protocol"], &logs["headers"]["authorization"]),
        (&"grpc".into(), &"[REDACTED]".into())
    );
    assert_eq!(
        (&value["run"]["grace"], &value["run"]["when-full"]),
        (&"5s".into(), &"drop-new".into())
    );
    assert_eq!(
        (&value["ledger"]["max-bytes"], &value["global"]["tenant"]),
        (&"1GiB".into(), &"t1".into())
    );

    let check = scene.tell(&["config", "check", "--config", &file]);
    assert_eq!((check.code, check.err()), (0, ""));
    assert!(check.out().starts_with("ok: ") && check.out().contains(&file));
}

/// Guarantees: the example that users copy is right, and what it says of `serve` is what is in force; no header is shown.
#[test]
fn the_example_is_right() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/sitelog.yaml");
    let scene = Scene::new();
    let check = scene.tell(&["config", "check", "--config", example]);
    assert_eq!((check.code, check.err()), (0, ""), "{check:?}");
    let print = scene.tell(&["config", "print", "--config", example, "--grpc", "none"]);
    let value: serde_json::Value = serde_json::from_slice(&print.stdout).unwrap();
    let serve = &value["serve"];
    assert_eq!(
        (&serve["grpc"], &serve["http"]),
        (&"none".into(), &"127.0.0.1:4318".into())
    );
    let shop = &serve["tenants"]["shop"];
    assert_eq!(shop["limits"]["records-per-second"], 200_000);
    assert_eq!(shop["limits"]["request-bytes"], "8MiB");
    assert_eq!(
        shop["destinations"]["loki"]["logs"]["headers"]["x-scope-orgid"],
        "[REDACTED]"
    );
    assert_eq!(shop["destinations"]["loki"]["traces"], serde_json::Value::Null);
    // What `serve` refuses to start with, the check refuses too.
    for wrong in [["--http", "0.0.0.0:4318"], ["--tls-key", "none.pem"]] {
        let ran = scene.tell(&["config", "check", wrong[0], wrong[1]]);
        assert_eq!((ran.code, ran.err().lines().count()), (64, 1), "{ran:?}");
    }
}

#[test]
fn the_schema_is_json_and_names_every_section() {
    let ran = Scene::new().tell(&["config", "schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let sections: Vec<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let all = ["cloud", "global", "ledger", "mapt", "otlp", "run", "sanitize", "serve"];
    assert_eq!(sections, all);
    assert_eq!((ran.code, ran.err()), (0, ""));
}

#[test]
fn completions_and_the_man_page_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell", "man"] {
        let ran = Scene::new().tell(&["completions", shell]);
        assert_eq!((ran.code, ran.err()), (0, ""), "{shell}");
        assert!(
            ["run", "flush", "spool"]
                .iter()
                .all(|command| ran.out().contains(command)),
            "{shell}"
        );
    }
    let bash = Scene::new();
    let script = format!(
        "source <({} completions bash) && complete -p sitelog",
        env!("CARGO_BIN_EXE_sitelog")
    );
    let ran = ended(bash.command("bash", ["-c", &script]));
    assert!(ran.code == 0 && ran.out().contains("sitelog"), "{ran:?}");
    let unknown = Scene::new().tell(&["completions", "tcsh"]);
    assert_eq!(unknown.code, 64);
    assert!(unknown.one_line().contains("bash"));
}

#[test]
fn help_fits_a_screen_and_each_command_shows_examples() {
    let scene = Scene::new();
    let help = scene.tell(&["--help"]);
    assert!(help.code == 0 && help.out().lines().count() <= 40 && help.err().is_empty());
    for command in [
        &["run"][..],
        &["flush"],
        &["spool"],
        &["jobs", "list"],
        &["jobs", "logs"],
        &["config", "print"],
        &["demo"],
    ] {
        let help = scene.tell(&[command, &["--help"]].concat());
        let examples = help.out().split("Examples:\n").nth(1).unwrap_or_default();
        assert_eq!((help.code, examples.lines().count()), (0, 2), "{command:?}");
    }
}

/// Scenario: `demo --once` with a destination. Guarantees: a real run is recorded, verified and shown, and arrives.
#[test]
fn the_demo_records_a_real_run() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let ran = scene.tell(&["demo", "--once", "--otlp.endpoint", &sink.endpoint()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for what in [
        "the chain is whole and its checkpoint is signed",
        "failure",
        "sitelog jobs logs",
    ] {
        assert!(ran.out().contains(what), "{what}: {}", ran.out());
    }
    assert_eq!(scene.jobs().len(), 1);
    let recorded = sink.recorded();
    recorded.assert_whole();
    assert_eq!(recorded.stream("stdout"), scene.raw_logs("last").0);
    // The run's span; below it those of a tool, where one is installed.
    let roots: Vec<_> = recorded.spans.iter().filter(|span| span.parent.is_empty()).collect();
    assert!(roots.len() == 1 && roots[0].failed && !recorded.lines.is_empty());
    assert_eq!(recorded.spans.len() > 1, ran.out().contains("The trail:"));
}
