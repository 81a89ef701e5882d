//! What is recorded besides metrics, as people find it.

use super::running::{Running, get, sim, update};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use serde_json::Value;
use sitelog_cloud_sim::{Outcome, Sim, StackPath};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const HOOK: &str = "hook-s3cret-1";

/// The simulation at the time of the machine, or ahead of it: what happens next is not of the past.
fn go_on(sim: &Sim) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut world = sim.world();
    let behind = i64::try_from(now.as_secs()).unwrap() + 1 - world.now();
    world.advance(behind.max(0));
}

fn list(scene: &Scene) -> Vec<Value> {
    let ran = scene.tell(&["audit", "list", "--limit", "0", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// Pulumi Cloud says that something happened to a stack.
fn call(running: &Running, stack: &StackPath) -> u16 {
    let body = serde_json::json!({
        "organization": { "githubLogin": stack.org },
        "projectName": stack.project,
        "stackName": stack.stack,
    });
    let body = body.to_string();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, HOOK.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, body.as_bytes());
    let signature: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = [
        ("Pulumi-Webhook-Signature", signature.as_str()),
        ("Pulumi-Webhook-Kind", "stack_update"),
    ];
    get(&running.web, "/webhooks/pulumi", "POST", &headers, body.as_bytes())
        .unwrap()
        .0
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// Scenario: cycles are an hour apart, an update fails whose message, configuration and events hold a secret, and Pulumi
/// Cloud calls. Guarantees: within seconds the trail has it, with who requested it, its own times and what its engine said;
/// it is delivered; the secret is nowhere; the trail holds.
#[test]
fn an_update_is_in_the_trail_within_seconds_of_its_webhook() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let secret = format!("ghp_{}", "k3Yx".repeat(9));
    sim.world().plant(&secret);
    let flags = [
        "--pulumi.collect-interval=1h",
        "--pulumi.audit-events",
        "--web.webhook-secret",
        HOOK,
        "--otlp.endpoint",
        &sink.endpoint(),
    ];
    let running = Running::start(&scene, &sim, &flags);
    running.wait_ready();
    let stack = update(&sim, Outcome::Failed);
    let end = u64::try_from(sim.world().now()).unwrap() * 1_000_000_000;
    assert_eq!(call(&running, &stack), 200);
    wait_until("the update in the trail", || list(&scene).len() == 1);
    let found = list(&scene).remove(0);
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    let place = ["organization", "project", "stack"].map(text);
    assert_eq!(place, [stack.org.clone(), stack.project.clone(), stack.stack.clone()]);
    assert_eq!(
        ["tool", "name", "result", "actor_source"].map(text),
        ["pulumi", "up", "failed", "pulumi"]
    );
    assert!(!text("actor").is_empty());
    let times = ["started", "ended"].map(|key| found[key].as_u64().unwrap());
    assert_eq!(times, [end - 5_000_000_000, end]);
    assert!(found["failed"].as_u64().unwrap() > 0, "{found}");

    let id = text("operation");
    let shown: Vec<String> = ["table", "json"]
        .into_iter()
        .map(|format| scene.tell(&["audit", "show", &id, "--format", format]).out().to_owned())
        .collect();
    assert!(
        shown
            .iter()
            .all(|shown| !shown.contains(&secret) && shown.contains("[REDACTED]"))
    );
    assert!(shown[1].contains("pulumi.update.message") && shown[1].contains("sitelog.resource.failed"));

    let is_there = |path: &str| sink.taken().iter().any(|taken| taken.path == path);
    wait_until("its delivery", || {
        ["/v1/logs", "/v1/traces", "/v1/metrics"].into_iter().all(is_there)
    });
    let (status, said) = running.end(Signal::SIGTERM);
    assert_eq!(status, 0, "{said}");
    let has_secret = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(sink.taken().iter().all(|taken| !has_secret(&taken.body)));
    for file in files(&scene.data()) {
        assert!(!has_secret(&std::fs::read(&file).unwrap()), "{}", file.display());
    }
    assert_eq!(scene.tell(&["audit", "verify"]).code, 0);
    assert_eq!(scene.verified_chains().len(), 1);
}

/// Scenario: updates end while the exporter is killed again and again, and somebody looks at the trail meanwhile; the
/// organization's audit log is recorded too. Guarantees: each update and each entry of the log is in the trail once.
#[test]
fn each_update_and_entry_is_in_the_trail_once_over_kills() {
    let (scene, sim) = (Scene::new(), sim());
    let flags = [
        "--pulumi.collect-interval=100ms",
        "--pulumi.audit-updates",
        "--pulumi.audit-log=true",
        "--otlp.endpoint=none",
    ];
    let of = |name: &str| list(&scene).iter().filter(|found| found["name"] == name).count();
    let mut ended = 0;
    for round in 0..3 {
        let running = Running::start(&scene, &sim, &flags);
        running.wait_ready();
        go_on(&sim);
        for _ in 0..3 {
            update(&sim, Outcome::Succeeded);
            ended += 1;
        }
        if round == 1 {
            // Somewhere in the middle of it.
            std::thread::sleep(std::time::Duration::from_millis(120));
        } else {
            wait_until("the updates in the trail", || of("up") == ended);
        }
        assert_eq!(running.end(Signal::SIGKILL).0, 137);
    }
    let running = Running::start(&scene, &sim, &flags);
    wait_until("all of it", || (of("up"), of("stack.update")) == (ended, ended));
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
    let all = list(&scene);
    let ids: BTreeSet<&str> = all.iter().map(|found| found["operation"].as_str().unwrap()).collect();
    assert_eq!((all.len(), ids.len()), (2 * ended, 2 * ended));
    assert!(all.iter().all(|found| found["result"] == "succeeded"), "{all:?}");
    let up = all.iter().find(|found| found["name"] == "up").unwrap();
    let shown = scene.tell(&["audit", "show", up["operation"].as_str().unwrap(), "--format", "json"]);
    let said = ["pulumi.update.message", "sitelog.config.keys", "aws:region", "v3.207.0"];
    assert!(said.iter().all(|said| shown.out().contains(said)), "{}", shown.out());
    assert_eq!(scene.tell(&["audit", "verify"]).code, 0);
}
