//! `sitelog tenants`: tokens are made, shown once, changed and taken away, while the gateway runs.

use super::running::{Gateway, arrived};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;

fn made(scene: &Scene, args: &[&str]) -> String {
    let ran = scene.tell(args);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out().trim().to_owned()
}

fn tokens(scene: &Scene) -> Vec<serde_json::Value> {
    serde_json::from_slice(&scene.tell(&["tenants", "list", "--format", "json"]).stdout).unwrap()
}

fn id_of(scene: &Scene, tenant: &str) -> String {
    let tokens = tokens(scene);
    let found = tokens.iter().rfind(|token| token["tenant"] == tenant).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_opens_until_it_is_taken_away() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let a = made(&scene, &["tenants", "add", "team-a"]);
    let ops = made(
        &scene,
        &["tenants", "add", "ops", "--role", "operator", "--expires", "90d"],
    );
    let gateway = Gateway::start(&scene, &["--otlp.endpoint", &sink.endpoint()]);
    let one = ["one".to_owned()];
    assert_eq!(gateway.send(Some(&a), &one), Some(200));
    assert_eq!(gateway.send(None, &one), Some(401));
    assert_eq!(gateway.send(Some(&ops), &one), Some(403));
    assert_eq!(gateway.admin("/metrics", None).0, 401);
    assert_eq!(gateway.admin("/metrics", Some(&a)).0, 403);
    let metrics = gateway.admin("/metrics", Some(&ops));
    assert!(
        metrics.0 == 200 && metrics.1.contains("reason=\"no_credential\"} 1"),
        "{metrics:?}"
    );
    assert_eq!(gateway.admin("/healthz", None).0, 200);

    // The gateway sees what is made and taken away while it runs.
    let b = made(&scene, &["tenants", "add", "team-b"]);
    wait_until("the new token to open", || {
        gateway.send(Some(&b), &["two".to_owned()]) == Some(200)
    });
    let renewed = made(
        &scene,
        &["tenants", "rotate", &id_of(&scene, "team-b"), "--overlap", "0s"],
    );
    wait_until("the renewed token to open", || {
        gateway.send(Some(&renewed), &["three".to_owned()]) == Some(200)
    });
    assert_eq!(gateway.send(Some(&b), &one), Some(401));
    assert_eq!(scene.tell(&["tenants", "revoke", &id_of(&scene, "team-a")]).code, 0);
    wait_until("the token to be taken away", || {
        gateway.send(Some(&a), &one) == Some(401)
    });
    wait_until("all to arrive", || arrived(&sink).len() >= 3);
    let arrived: Vec<_> = arrived(&sink).into_keys().collect();
    let pair = |tenant: &str, body: &str| (tenant.to_owned(), body.to_owned());
    assert_eq!(
        arrived,
        [pair("team-a", "one"), pair("team-b", "three"), pair("team-b", "two")]
    );
    assert_eq!(gateway.end(Signal::SIGTERM), 0);

    // No token is kept anywhere.
    for token in [&a, &b, &ops, &renewed] {
        let kept = std::fs::read_to_string(scene.data().join("access.json")).unwrap();
        assert!(!kept.contains(token.as_str()));
    }
}

#[test]
fn an_administrators_token_is_made_once() {
    let scene = Scene::new();
    let gateway = Gateway::start(&scene, &[]);
    wait_until("the token", || gateway.said().contains("shown once: slg_"));
    let said = gateway.said();
    let token = said.split("shown once: ").nth(1).unwrap().trim();
    assert_eq!(gateway.admin("/metrics", Some(token)).0, 200);
    assert_eq!(gateway.admin("/metrics", Some("slg_wrong")).0, 401);
    // On loopback, and while nobody has a token to send with, one sends without.
    assert_eq!(gateway.send(None, &["x".to_owned()]), Some(200));
    assert_eq!(gateway.send(Some("slg_wrong"), &["x".to_owned()]), Some(401));
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    let again = Gateway::start(&scene, &[]);
    assert_eq!(again.admin("/readyz", None).0, 200);
    assert!(!again.said().contains("shown once"));
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let scene = Scene::new();
    for args in [
        &["tenants", "revoke", "nobody"][..],
        &["tenants", "rotate", "nobody"],
        &["tenants", "add", "../etc"],
        &["tenants", "add", "a", "--role", "king"],
    ] {
        let ran = scene.tell(args);
        assert_eq!((ran.code, ran.err().lines().count()), (64, 1), "{ran:?}");
    }
}

#[test]
fn taking_the_last_token_away_opens_nothing_whatever_else_is_wrong() {
    let scene = Scene::new();
    let file = scene.file("serve.yaml", "serve: {}\n");
    let token = made(&scene, &["tenants", "add", "team-a"]);
    let gateway = Gateway::start(&scene, &["--config", &file]);
    let one = ["one".to_owned()];
    assert_eq!(gateway.send(Some(&token), &one), Some(200));
    // The file cannot be read when the token goes.
    scene.file("serve.yaml", "serve: [wrong]\n");
    assert_eq!(scene.tell(&["tenants", "revoke", &id_of(&scene, "team-a")]).code, 0);
    wait_until("the token to be taken away", || {
        gateway.send(Some(&token), &one) == Some(401)
    });
    assert_eq!(gateway.send(None, &one), Some(401));
    assert_eq!(
        gateway.said().matches("stays as it was").count(),
        1,
        "{}",
        gateway.said()
    );
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}
