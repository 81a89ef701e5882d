//! A tenant's ledger: full, made larger while the server runs, and emptied of what earlier starts left.

use super::running::{Gateway, arrived, sha256};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Reserved, Sink};
use nix::sys::signal::Signal;
use sitelog_ledger::{ChainId, Ledger, Options};

fn config(to: &str, bytes: &str) -> String {
    format!(
        "serve:\n  tenants:\n    full:\n      tokens: [{{sha256: {}}}, {{sha256: {}, role: operator}}]\n      limits: {{ledger-bytes: {bytes}}}\n      destinations: {{out: {{endpoint: {to}}}}}\n    other:\n      tokens: [{{sha256: {}}}]\n      destinations: {{out: {{endpoint: {to}}}}}\n",
        sha256("token-full"),
        sha256("operator"),
        sha256("token-other")
    )
}

fn chains(scene: &Scene) -> Vec<ChainId> {
    Ledger::open(scene.data(), Options::default())
        .unwrap()
        .chains()
        .unwrap()
}

/// Scenario: a tenant's destination is down until its ledger is full; then the budget is raised, then the destination comes.
/// Guarantees: it alone is refused; the new budget holds at once; everything that was taken arrives; the counters of before the
/// reload are still told.
#[test]
fn a_full_ledger_costs_its_tenant_alone_and_can_be_made_larger() {
    let (scene, down) = (Scene::new(), Reserved::new());
    let file = scene.file("serve.yaml", &config(&down.endpoint(), "200KB"));
    let gateway = Gateway::start(&scene, &["--config", &file]);
    let send = |token, n: usize| gateway.send(Some(token), &[format!("{n} {}", "x".repeat(9_000))]);
    let taken = (0..).take_while(|n| send("token-full", *n) == Some(200)).count();
    assert!((15..23).contains(&taken), "{taken}");
    assert_eq!(send("token-other", 9000), Some(200));
    let full = "sitelog_ledger_events_total{tenant=\"full\",event=\"refused_full\"}";
    assert!(gateway.admin("/metrics", Some("operator")).1.contains(full));

    scene.file("serve.yaml", &config(&down.endpoint(), "400KB"));
    gateway.signal(Signal::SIGHUP);
    wait_until("the larger budget to hold", || send("token-full", taken) == Some(200));
    let more = (taken + 1..)
        .take_while(|n| send("token-full", *n) == Some(200))
        .count();
    assert!((15..23).contains(&more), "{more}");
    assert!(gateway.admin("/metrics", Some("operator")).1.contains(full));

    let sink = Sink::at(down, Answer::Take);
    wait_until("all to arrive", || arrived(&sink).len() == taken + 1 + more + 1);
    wait_until("room to be made", || send("token-full", 5000) == Some(200));
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}

/// Scenario: a server is stopped before its destination is there, and started again.
/// Guarantees: what was left is delivered, and its chain goes then; what `run` recorded stays.
#[test]
fn chains_of_earlier_starts_go_once_they_are_delivered() {
    let (scene, down) = (Scene::new(), Reserved::new());
    let to = down.endpoint();
    let flags = ["--otlp.endpoint", to.as_str(), "--stop-timeout", "100ms"];
    scene.run(&["--otlp.endpoint", &to, "--flush-timeout", "1ms"], &["true"]);
    let run = chains(&scene);
    let gateway = Gateway::start(&scene, &flags);
    assert_eq!(gateway.send(None, &["left".to_owned()]), Some(200));
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    assert_eq!(chains(&scene).len(), run.len() + 1);
    let sink = Sink::at(down, Answer::Take);
    let gateway = Gateway::start(&scene, &flags);
    wait_until("what was left to arrive", || {
        arrived(&sink).keys().any(|(_, body)| body == "left")
    });
    wait_until("its chain to go", || chains(&scene) == run);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}
