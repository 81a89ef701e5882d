//! What is wrong with settings is told in one line, before anything is listened on.

use crate::scene::Scene;

#[test]
fn what_is_wrong_is_named_with_what_to_do() {
    let scene = Scene::new();
    let sha = "a".repeat(64);
    let cases = [
        ("", &["--grpc", "0.0.0.0:0"][..], "sitelog tenants add"),
        (
            "",
            &["--authentication", "none", "--http", ":0"],
            "--authentication none",
        ),
        ("", &["--grpc", "nowhere"], "--grpc"),
        ("", &["--tls-key", "key.pem"], "--tls-certificate"),
        ("", &["--tls-client-ca", "ca.pem"], "--tls-client-ca"),
        (
            "",
            &["--tls-certificate", "none.pem", "--tls-key", "none.pem"],
            "none.pem",
        ),
        ("serve:\n  grpcc: x\n", &[], "f.yaml:2"),
        (
            "serve:\n  tenants:\n    a:\n      limits: {request-bytes: 9MiB, bytes-in-flight: 8MiB}\n",
            &[],
            "request-bytes 9MiB",
        ),
        (
            "serve:\n  limits: {bytes-in-flight: 8MiB}\n  defaults: {request-bytes: 5MiB}\n",
            &[],
            "half of the server's bytes-in-flight, 4MiB",
        ),
        ("", &["--trace-requests", "a/b"], "--trace-requests"),
        ("serve:\n  tenants:\n    ../a: {}\n", &[], "f.yaml"),
        (
            "serve:\n  tenants:\n    a:\n      tokens:\n        - sha256: abc\n",
            &[],
            "f.yaml:5",
        ),
        (
            "serve:\n  tenants:\n    a:\n      tokens:\n        - file: none.txt\n",
            &[],
            "f.yaml:5",
        ),
        (
            "serve:\n  tenants:\n    a:\n      tokens:\n        - {}\n",
            &[],
            "either sha256 or file",
        ),
        (
            "serve:\n  tenants:\n    a:\n      certificates: [zz]\n",
            &[],
            "f.yaml:4",
        ),
        (
            "serve:\n  tenants:\n    a:\n      destinations:\n        x: {signals: [logs]}\n",
            &[],
            "no endpoint",
        ),
        (
            "serve:\n  tenants:\n    a:\n      destinations:\n        x: {endpoint: 'http://h', signals: [log]}\n",
            &[],
            "f.yaml:5",
        ),
        (
            "serve:\n  tenants:\n    a:\n      sanitize:\n        off: [no-rule]\n",
            &[],
            "f.yaml:5",
        ),
        ("serve:\n  limits:\n    body-time: soon\n", &[], "f.yaml:3"),
        (
            "serve:\n  oidc:\n    - issuer: http://evil.example\n      audience: x\n      tenant: a\n",
            &[],
            "https",
        ),
        (
            "serve:\n  oidc:\n    - issuer: https://ci.example\n      audience: x\n",
            &[],
            "tenant",
        ),
    ];
    for (text, flags, expected) in cases {
        let text = text.replace("SHA", &sha);
        let file = scene.file("f.yaml", &text);
        let known = [
            "serve",
            "--config",
            &file,
            "--grpc",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--admin",
            "none",
        ];
        // A flag given twice would be wrong itself.
        let known = known.into_iter().collect::<Vec<_>>();
        let args: Vec<&str> = known[..3]
            .iter()
            .copied()
            .chain(rest(&known[3..], flags))
            .chain(flags.iter().copied())
            .collect();
        let ran = scene.tell(&args);
        assert_eq!(ran.code, 64, "{text} {flags:?} {ran:?}");
        assert_eq!(ran.err().lines().count(), 1, "{ran:?}");
        assert!(ran.err().contains(expected), "{expected}: {}", ran.err());
    }
}

/// The pairs of flag and value of which the flag is not given again.
fn rest<'a>(pairs: &[&'a str], again: &[&str]) -> Vec<&'a str> {
    let pairs = pairs.chunks(2).filter(|pair| !again.contains(&pair[0]));
    pairs.flatten().copied().collect()
}

#[test]
fn a_port_that_is_taken_is_told() {
    let scene = Scene::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = scene.tell(&["serve", "--grpc", &address, "--http", "none", "--admin", "none"]);
    assert_eq!(ran.code, 69, "{ran:?}");
    assert!(
        ran.err().contains(&address) && ran.err().lines().count() == 1,
        "{}",
        ran.err()
    );
}
