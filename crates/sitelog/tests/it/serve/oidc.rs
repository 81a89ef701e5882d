//! CI jobs that log in with a token of their own system (OpenID Connect).

use super::running::{Gateway, arrived};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An issuer's key.
struct Signer {
    pair: EcdsaKeyPair,
    id: &'static str,
}

impl Signer {
    fn new(id: &'static str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        Self { pair, id }
    }

    fn jwks(&self) -> String {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (B64.encode(&point[1..33]), B64.encode(&point[33..65]));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": self.id, "alg": "ES256", "x": x, "y": y }] }).to_string()
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": self.id });
        let body = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
        format!("{body}.{}", B64.encode(signature))
    }
}

/// Answers each request with the discovery document or with what `jwks` is now; with 503 while that is empty.
fn issuer(jwks: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let count = stream.read(&mut head).unwrap_or(0);
            let is_document = head[..count].starts_with(b"GET /.well-known/openid-configuration ");
            let keys = jwks.lock().unwrap().clone();
            let (status, body) = match (keys.is_empty(), is_document) {
                (true, _) => ("503 Service Unavailable", String::new()),
                (false, true) => ("200 OK", json!({ "jwks_uri": format!("{own}/keys") }).to_string()),
                (false, false) => ("200 OK", keys),
            };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
        }
    });
    url
}

/// Scenario: the issuer is down when the server starts; it comes; it changes its key; and goes again.
/// Guarantees: nobody is let in without keys, and is told to come again (503), not that the token is wrong; a token opens the
/// tenant that its claim names and no other; expired and forged ones and those for others open nothing; a new key is fetched when
/// a token needs it; known keys stay while the issuer is down.
#[test]
fn a_job_logs_in_with_the_token_of_its_system() {
    let (scene, sink, jwks) = (
        Scene::new(),
        Sink::start(Answer::Take),
        Arc::new(Mutex::new(String::new())),
    );
    let (first, second) = (Signer::new("one"), Signer::new("two"));
    let url = issuer(Arc::clone(&jwks));
    let config = format!(
        "serve:\n  oidc:\n    - issuer: {url}\n      audience: sitelog\n      tenant-claim: repository\n      tenant-prefix: ci-\n      require: {{repository_owner: acme}}\n"
    );
    let file = scene.file("serve.yaml", &config);
    let gateway = Gateway::start(&scene, &["--config", &file, "--otlp.endpoint", &sink.endpoint()]);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let claims = |more: Value| {
        let mut all = json!({ "iss": url, "aud": "sitelog", "exp": now + 600, "repository": "acme/shop", "repository_owner": "acme" });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let send = |token: &str, body: &str| gateway.send(Some(token), &[body.to_owned()]);
    let good = first.token(&claims(json!({})));
    assert_eq!(send(&good, "too early"), Some(503));
    assert_eq!(gateway.send(None, &["nobody".to_owned()]), Some(401));

    *jwks.lock().unwrap() = first.jwks();
    wait_until("the keys to be fetched", || send(&good, "from the job") == Some(200));
    let wrong = [
        first.token(&claims(json!({ "exp": now - 60 }))),
        first.token(&claims(json!({ "aud": "another" }))),
        first.token(&claims(json!({ "repository_owner": "mallory" }))),
        first.token(&claims(json!({ "iss": "https://ci.example" }))),
        Signer::new("one").token(&claims(json!({}))),
    ];
    for token in &wrong {
        assert_eq!(send(token, "forged"), Some(401));
    }

    *jwks.lock().unwrap() = second.jwks();
    let other = second.token(&claims(json!({ "repository": "acme/site" })));
    wait_until("the new key to be fetched", || {
        send(&other, "after the change") == Some(200)
    });
    *jwks.lock().unwrap() = String::new();
    assert_eq!(send(&other, "while it is down"), Some(200));
    assert_eq!(send(&good, "with the old key"), Some(401));
    let expected = |tenant: &str, body: &str| (tenant.to_owned(), body.to_owned());
    let all = [
        expected("ci-acme_-shop", "from the job"),
        expected("ci-acme_-site", "after the change"),
        expected("ci-acme_-site", "while it is down"),
    ];
    wait_until("all to arrive", || arrived(&sink).len() >= all.len());
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    assert_eq!(arrived(&sink).into_keys().collect::<Vec<_>>(), all);
}
