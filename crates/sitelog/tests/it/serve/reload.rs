//! SIGHUP: what is right holds from the next request on; what is wrong changes nothing.

use super::running::{Gateway, arrived, sha256};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;

/// Two tokens and a limit; SHA-256 of `token-a` and `token-b`.
fn config(hash: &str, limit: &str) -> String {
    format!("serve:\n  tenants:\n    a:\n      tokens: [{{sha256: {hash}}}]\n      limits: {{{limit}}}\n")
}

#[test]
fn tokens_and_limits_change_and_a_wrong_file_changes_nothing() {
    let scene = Scene::new();
    let file = scene.file("serve.yaml", &config(&sha256("token-a"), ""));
    let gateway = Gateway::start(&scene, &["--config", &file]);
    let large = ["x".repeat(5000)];
    assert_eq!(gateway.send(Some("token-a"), &large), Some(200));
    assert_eq!(gateway.send(Some("token-b"), &large), Some(401));

    scene.file("serve.yaml", "serve:\n  tenants: [wrong]\n");
    gateway.signal(Signal::SIGHUP);
    wait_until("the mistake to be told", || gateway.said().contains("serve.yaml:2"));
    assert!(gateway.said().contains("stays as it was"));
    assert_eq!(gateway.send(Some("token-a"), &large), Some(200));

    scene.file("serve.yaml", &config(&sha256("token-b"), "request-bytes: 1KiB"));
    gateway.signal(Signal::SIGHUP);
    wait_until("the new token to open", || {
        gateway.send(Some("token-b"), &["small".to_owned()]) == Some(200)
    });
    assert_eq!(gateway.send(Some("token-b"), &large), Some(413));
    assert_eq!(gateway.send(Some("token-a"), &["small".to_owned()]), Some(401));
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    scene.verified_chains();
}

/// Scenario: a tenant with a destination of its own comes by a reload. Guarantee: its records go there and nowhere else.
#[test]
fn a_new_tenant_delivers_where_it_says() {
    let (scene, all, own) = (Scene::new(), Sink::start(Answer::Take), Sink::start(Answer::Take));
    let token_a = config(&sha256("token-a"), "");
    let file = scene.file("serve.yaml", &token_a);
    let gateway = Gateway::start(&scene, &["--config", &file, "--otlp.endpoint", &all.endpoint()]);
    assert_eq!(gateway.send(Some("token-a"), &["of a".to_owned()]), Some(200));
    let tenant_b = format!(
        "    b:\n      tokens: [{{sha256: {}}}]\n      destinations: {{own: {{endpoint: {}}}}}\n",
        sha256("token-b"),
        own.endpoint()
    );
    scene.file("serve.yaml", &(token_a + &tenant_b));
    gateway.signal(Signal::SIGHUP);
    wait_until("the new tenant to be let in", || {
        gateway.send(Some("token-b"), &["of b".to_owned()]) == Some(200)
    });
    wait_until("its record to arrive", || !arrived(&own).is_empty());
    wait_until("the other's record to arrive", || !arrived(&all).is_empty());
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    let bodies = |sink| arrived(sink).into_keys().map(|(_, body)| body).collect::<Vec<_>>();
    assert_eq!(
        (bodies(&own), bodies(&all)),
        (vec!["of b".to_owned()], vec!["of a".to_owned()])
    );
}

#[test]
fn new_sanitizing_rules_hold_from_the_next_request_on() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let file = scene.file("serve.yaml", "serve: {}\n");
    let gateway = Gateway::start(&scene, &["--config", &file, "--otlp.endpoint", &sink.endpoint()]);
    let mail = ["from ada@example.com".to_owned()];
    assert_eq!(gateway.send(None, &mail), Some(200));
    wait_until("the first to arrive", || {
        arrived(&sink).keys().any(|(_, body)| body == &mail[0])
    });
    scene.file("serve.yaml", "sanitize:\n  pii: true\n");
    gateway.signal(Signal::SIGHUP);
    wait_until("the rule to hold", || {
        assert_eq!(gateway.send(None, &mail), Some(200));
        arrived(&sink).keys().any(|(_, body)| body == "from [REDACTED]")
    });
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}
