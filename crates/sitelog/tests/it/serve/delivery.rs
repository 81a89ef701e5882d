//! From a client to destinations: several of them, some of them out of order.

use super::running::{Gateway, arrived};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Reserved, Sink};
use nix::sys::signal::Signal;

const SECRET: &str = "deploying with password=hunter2-Zx81-serve";

fn bodies(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{name} {n}")).collect()
}

#[test]
fn what_is_acknowledged_arrives_stamped_and_without_secrets() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let gateway = Gateway::start(&scene, &["--otlp.endpoint", &sink.endpoint()]);
    assert_eq!(gateway.send(None, &[SECRET.to_owned()]), Some(200));
    wait_until("the record to arrive", || !arrived(&sink).is_empty());
    let hidden = ("default".to_owned(), "deploying with password=[REDACTED]".to_owned());
    assert_eq!(arrived(&sink).into_keys().collect::<Vec<_>>(), [hidden]);
    assert_eq!(gateway.admin("/readyz", None).0, 200);
    let metrics = gateway.admin("/metrics", None).1;
    for line in [
        "sitelog_receive_records_total{tenant=\"default\",signal=\"logs\"} 1",
        "sitelog_redactions_total{tenant=\"default\",rule=\"key-value\",face=\"otlp\"} 1",
        "sitelog_export_delivered_records_total{tenant=\"default\",destination=\"otlp\",signal=\"logs\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    scene.verified_chains();
}

#[test]
fn a_destination_that_is_down_holds_up_nobody_and_gets_all_of_it_later() {
    let (scene, good, down) = (Scene::new(), Sink::start(Answer::Take), Reserved::new());
    let config = format!(
        "serve:\n  tenants:\n    default:\n      destinations:\n        good: {{endpoint: {}}}\n        late: {{endpoint: {}, protocol: http/protobuf, headers: {{X-Scope-OrgID: team-a}}}}\n",
        good.endpoint(),
        down.endpoint()
    );
    let config = scene.file("serve.yaml", &config);
    let gateway = Gateway::start(&scene, &["--config", &config, "--stop-timeout", "100ms"]);
    for n in 0..20 {
        assert_eq!(gateway.send(None, &bodies(&format!("batch {n}"), 10)), Some(200));
    }
    wait_until("all of it to arrive", || arrived(&good).len() == 200);
    assert_eq!(gateway.admin("/readyz", None), (200, "ok\n".to_owned()));
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    // The next start delivers what the first could not, and nothing twice to the one that had it.
    let late = Sink::at(down, Answer::Take);
    let gateway = Gateway::start(&scene, &["--config", &config]);
    assert_eq!(gateway.send(None, &["after".to_owned()]), Some(200));
    wait_until("what was left to arrive", || arrived(&late).len() == 201);
    wait_until("the new one to arrive", || arrived(&good).len() == 201);
    assert!(arrived(&good).values().all(|times| *times == 1));
    assert!(
        late.taken()
            .iter()
            .all(|taken| taken.headers["x-scope-orgid"] == "team-a")
    );
    assert_eq!(gateway.end(Signal::SIGINT), 0);
}

#[test]
fn each_destination_gets_the_signals_that_it_is_for() {
    let (scene, logs, others) = (Scene::new(), Sink::start(Answer::Take), Sink::start(Answer::Take));
    let config = format!(
        "serve:\n  tenants:\n    default:\n      destinations:\n        loki: {{endpoint: {}/otlp, protocol: http/protobuf, signals: [logs]}}\n        tempo: {{endpoint: {}, signals: [traces, metrics]}}\n",
        logs.endpoint(),
        others.endpoint()
    );
    let config = scene.file("serve.yaml", &config);
    let gateway = Gateway::start(&scene, &["--config", &config]);
    assert_eq!(gateway.send(None, &["for loki".to_owned()]), Some(200));
    wait_until("the log to arrive", || !logs.taken().is_empty());
    assert_eq!(logs.taken()[0].path, "/otlp/v1/logs");
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    assert_eq!(others.tries(), 0);
}

#[test]
fn run_works_through_the_gateway() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let gateway = Gateway::start(
        &scene,
        &[
            "--data-dir",
            &scene.text("gateway"),
            "--otlp.endpoint",
            &sink.endpoint(),
        ],
    );
    let endpoint = format!("http://{}", gateway.grpc);
    let ran = scene.run(
        &["--otlp.endpoint", &endpoint, "--otlp.protocol", "grpc"],
        &["sh", "-c", "echo through; exit 3"],
    );
    assert_eq!(ran.code, 3);
    wait_until("the line to arrive", || {
        arrived(&sink).keys().any(|(_, body)| body == "through")
    });
    assert_eq!(scene.waiting(), 0);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}

#[test]
fn a_run_beside_the_gateway_leaves_its_chains_alone() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    // Without a destination: what is taken stays.
    let gateway = Gateway::start(&scene, &[]);
    assert_eq!(gateway.send(None, &["the tenant's own".to_owned()]), Some(200));
    gateway.signal(Signal::SIGKILL);
    drop(gateway);
    let ran = scene.run(
        &["--otlp.endpoint", &sink.endpoint()],
        &["sh", "-c", "echo a run; sleep 1"],
    );
    assert_eq!(ran.code, 0);
    assert_eq!(scene.tell(&["flush", "--otlp.endpoint", &sink.endpoint()]).code, 0);
    wait_until("the run's line to arrive", || {
        arrived(&sink).keys().any(|(_, body)| body == "a run")
    });
    assert!(arrived(&sink).keys().all(|(_, body)| !body.contains("tenant's own")));
}
