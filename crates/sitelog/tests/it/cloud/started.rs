//! How it is started and told to end: settings, health, webhooks.

use super::running::{Running, TOKEN, get, sim, update, values};
use crate::scene::{Ran, Scene, ended, wait_until};
use nix::sys::signal::Signal;
use sitelog_cloud_sim::Outcome;

fn refused(scene: &Scene, flags: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = scene.sitelog(
        ["cloud", "--web.listen-address", "127.0.0.1:0"]
            .iter()
            .chain(flags)
            .copied(),
    );
    command.envs(env.iter().copied());
    ended(command)
}

/// Flags, variables, and what is said of them.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

#[test]
fn wrong_settings_are_one_line() {
    let scene = Scene::new();
    let token = ("PULUMI_ACCESS_TOKEN", TOKEN);
    let org = ("PULUMI_ORGANIZATIONS", "acme");
    let file = scene.file("e.yaml", "pulumi:\n  collect-interval: 60\n");
    let cases: [Case<'_>; 7] = [
        (&[], &[org], "pulumi access token is required"),
        (&[], &[token], "at least one pulumi organization is required"),
        (
            &["--pulumi.max-concurrency", "0"],
            &[token, org],
            "must be between 1 and 100, got 0",
        ),
        (
            &["--pulumi.collect-interval=-5s"],
            &[token, org],
            "--pulumi.collect-interval",
        ),
        (&["--config.file", &file], &[token, org], "e.yaml:2"),
        (&["--config.file", "/no/such/file"], &[token, org], "/no/such/file"),
        (&["--otlp.protocol", "carrier-pigeon"], &[token, org], "carrier-pigeon"),
    ];
    for (flags, env, words) in cases {
        let ran = refused(&scene, flags, env);
        assert_eq!(ran.code, 64, "{flags:?}: {}", ran.err());
        assert!(
            ran.one_line().contains(words) && !ran.err().contains(TOKEN),
            "{}",
            ran.err()
        );
    }
}

/// Scenario: an exporter observes, an update ends, it is killed, another update ends, it is started again.
/// Guarantees: readiness follows a good cycle, both updates are counted once, and an end by SIGTERM is status 0.
#[test]
fn what_ended_while_it_was_killed_is_counted_once() {
    let (scene, sim) = (Scene::new(), sim());
    let flags = ["--pulumi.collect-interval=200ms", "--otlp.endpoint=none"];
    let counted = |running: &Running| {
        values(&running.get("/metrics").1, "pulumi_update_total", "")
            .iter()
            .sum::<f64>()
    };
    let running = Running::start(&scene, &sim, &flags);
    running.wait_ready();
    assert_eq!(
        values(
            &running.get("/metrics").1,
            "pulumi_stack_resource_count",
            "org=\"acme\""
        )
        .len(),
        12
    );
    update(&sim, Outcome::Succeeded);
    wait_until("the first update", || counted(&running) == 1.0);
    assert_eq!(running.end(Signal::SIGKILL).0, 137);
    update(&sim, Outcome::Succeeded);
    let running = Running::start(&scene, &sim, &flags);
    wait_until("the second update", || counted(&running) == 2.0);
    let (status, said) = running.end(Signal::SIGTERM);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("history does not count"), "{said}");
}

/// Scenario: the token is refused. Guarantees: not ready, with the reason; alive; the log says it once; no token anywhere.
#[test]
fn a_refused_token_is_told() {
    let (scene, sim) = (Scene::new(), sim());
    sim.set_token("another-token-entirely");
    let flags = ["--pulumi.collect-interval=100ms", "--otlp.endpoint=none"];
    let running = Running::start(&scene, &sim, &flags);
    wait_until("the reason", || running.get("/readyz").1.contains("refuses the token"));
    assert_eq!((running.get("/readyz").0, running.get("/healthz").0), (503, 200));
    let cycles = |running: &Running| values(&running.get("/metrics").1, "sitelog_cloud_cycles_total", "")[0];
    wait_until("more cycles", || cycles(&running) > 3.0);
    let (_, said) = running.end(Signal::SIGINT);
    assert_eq!(said.matches("refuses the token").count(), 1, "{said}");
    assert!(!said.contains(TOKEN));
}

/// Scenario: cycles are an hour apart and Pulumi Cloud calls. Guarantees: signed calls have the stack read at once, others
/// are refused.
#[test]
fn a_webhook_has_its_stack_read_at_once() {
    let (scene, sim) = (Scene::new(), sim());
    let secret = scene.file("secret", "hook-s3cret-1\n");
    let flags = [
        "--pulumi.collect-interval=1h",
        "--otlp.endpoint=none",
        "--web.webhook-secret-file",
        &secret,
    ];
    let running = Running::start(&scene, &sim, &flags);
    running.wait_ready();
    let stack = update(&sim, Outcome::Failed);
    let body = serde_json::json!({
        "organization": { "githubLogin": stack.org },
        "projectName": stack.project,
        "stackName": stack.stack,
    });
    let body = body.to_string();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"hook-s3cret-1");
    let tag = aws_lc_rs::hmac::sign(&key, body.as_bytes());
    let signature: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let post = |signature: &str| {
        let headers = [
            ("Pulumi-Webhook-Signature", signature),
            ("Pulumi-Webhook-Kind", "stack_update"),
        ];
        get(&running.web, "/webhooks/pulumi", "POST", &headers, body.as_bytes())
            .unwrap()
            .0
    };
    assert_eq!(post("00"), 401);
    assert_eq!(post(&signature), 200);
    let failed = || {
        values(&running.get("/metrics").1, "pulumi_update_total", "result=\"failed\"")
            .iter()
            .sum::<f64>()
    };
    wait_until("the update", || failed() == 1.0);
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}
