//! SIGHUP: what is right holds from the next request on; what is wrong changes nothing.

use super::running::{Gateway, sha256};
use crate::scene::{Scene, wait_until};
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
