//! SIGHUP: what is right holds from the next request on; what is wrong changes nothing.

use super::running::{Gateway, arrived, sha256};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Reserved, Sink};
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

/// What arrived, without the tenant, in order.
fn bodies(sink: &Sink) -> Vec<String> {
    let all = arrived(sink);
    assert!(all.values().all(|times| *times == 1), "{all:?}");
    all.into_keys().map(|(_, body)| body).collect()
}

/// Scenario: of a tenant that has sent, SIGHUP sends a destination that takes nothing elsewhere, under its name, and adds one; then it
/// takes one away. Guarantees: nothing is lost, nothing comes twice, and what stays as it is notices nothing.
#[test]
fn a_tenant_s_destinations_change_at_once() {
    let scene = Scene::new();
    let [old, stays, new, added] = [(); 4].map(|()| Sink::start(Answer::Take));
    let config = |destinations: &[(&str, &Sink)]| {
        let each = destinations
            .iter()
            .map(|(name, sink)| format!("        {name}: {{endpoint: {}}}\n", sink.endpoint()));
        let all: String = each.collect();
        scene.file(
            "serve.yaml",
            &format!("serve:\n  tenants:\n    default:\n      destinations:\n{all}"),
        )
    };
    let file = config(&[("main", &old), ("stays", &stays)]);
    let gateway = Gateway::start(&scene, &["--config", &file]);
    let send = |body: &str| assert_eq!(gateway.send(None, &[body.to_owned()]), Some(200));
    send("1");
    wait_until("both to have it", || bodies(&old) == ["1"] && bodies(&stays) == ["1"]);
    old.answer(Answer::Unavailable);
    send("2");
    wait_until("it to be refused", || old.tries() > 1 && bodies(&stays) == ["1", "2"]);

    config(&[("main", &new), ("stays", &stays), ("added", &added)]);
    gateway.signal(Signal::SIGHUP);
    wait_until("the new one to have what the old one had not got", || {
        bodies(&new) == ["2"]
    });
    send("3");
    wait_until("all to arrive", || {
        bodies(&new) == ["2", "3"] && bodies(&stays) == ["1", "2", "3"] && bodies(&added) == ["1", "2", "3"]
    });
    let metrics = gateway.admin("/metrics", None).1;
    let main = "sitelog_export_delivered_records_total{tenant=\"default\",destination=\"main\",signal=\"logs\"} 3";
    assert!(metrics.contains(main), "{metrics}");

    config(&[("main", &new)]);
    gateway.signal(Signal::SIGHUP);
    wait_until("the others to be gone", || {
        !gateway.admin("/metrics", None).1.contains("destination=\"stays\"")
    });
    send("4");
    wait_until("the last to arrive", || bodies(&new) == ["2", "3", "4"]);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    assert_eq!((bodies(&old), bodies(&stays)), (vec!["1".to_owned()], bodies(&added)));
    scene.verified_chains();
}

/// Scenario: what an earlier start left waits for a destination that is away; SIGHUP says where it is now. Guarantee: it arrives.
#[test]
fn what_was_left_goes_where_a_reload_says() {
    let (scene, nobody, sink) = (Scene::new(), Reserved::new(), Sink::start(Answer::Take));
    let flags = |endpoint: &str| {
        let text =
            format!("serve:\n  tenants:\n    default:\n      destinations: {{main: {{endpoint: {endpoint}}}}}\n");
        scene.file("serve.yaml", &text)
    };
    let file = flags(&nobody.endpoint());
    let gateway = Gateway::start(&scene, &["--config", &file, "--stop-timeout", "100ms"]);
    assert_eq!(gateway.send(None, &["left".to_owned()]), Some(200));
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    let gateway = Gateway::start(&scene, &["--config", &file]);
    assert_eq!(gateway.send(None, &["new".to_owned()]), Some(200));
    flags(&sink.endpoint());
    gateway.signal(Signal::SIGHUP);
    wait_until("both to arrive", || bodies(&sink) == ["left", "new"]);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}
