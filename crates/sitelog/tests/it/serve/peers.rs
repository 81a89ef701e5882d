//! A real OpenTelemetry Collector on both sides: its exporters send to the gateway, which delivers to its receivers.

use super::certificates::Certificates;
use super::running::{Gateway, request, sha256};
use super::told::{of_file, one_of_each};
use crate::collector::{Collector, Setting};
use crate::scene::{Scene, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Map, Value, json};

/// How records travel: OTLP's protocol, and the compression.
const WAYS: [(&str, &str); 9] = [
    ("grpc", "none"),
    ("grpc", "gzip"),
    ("grpc", "zstd"),
    ("http/protobuf", "none"),
    ("http/protobuf", "gzip"),
    ("http/protobuf", "zstd"),
    ("http/json", "none"),
    ("http/json", "gzip"),
    ("http/json", "zstd"),
];

/// The tenant whose client sends in this way.
fn tenant((protocol, compression): (&str, &str)) -> String {
    format!("{}-{compression}", protocol.replace('/', "-"))
}

/// What a destination needs to be reached in a way.
fn destination((protocol, compression): (&str, &str), to: &Collector, certificates: Option<&Certificates>) -> Value {
    let plain = if protocol == "grpc" { to.grpc() } else { to.http() };
    let mut destination = json!({ "protocol": protocol, "compression": compression, "endpoint": plain });
    if let Some(certificates) = certificates {
        destination["endpoint"] = json!(plain.replace("http://", "https://"));
        destination["certificate"] = json!(certificates.authority);
    }
    destination
}

/// The Collector's exporter for a way to the gateway: its kind, and its settings but for who sends.
fn exporter(
    (protocol, compression): (&str, &str),
    to: &Gateway,
    certificates: Option<&Certificates>,
) -> (&'static str, Value) {
    let (kind, address) = match protocol {
        "grpc" => ("otlp_grpc", &to.grpc),
        _ => ("otlp_http", &to.http),
    };
    let scheme = if certificates.is_some() { "https" } else { "http" };
    let mut exporter = json!({ "endpoint": format!("{scheme}://{address}"), "compression": compression });
    if protocol == "http/json" {
        exporter["encoding"] = json!("json");
    }
    exporter["tls"] = match certificates {
        None => json!({ "insecure": true }),
        Some(certificates) => json!({ "ca_file": certificates.authority }),
    };
    (kind, exporter)
}

/// Scenario: a Collector sends each record to the gateway in every way, as a tenant of its own for each; the gateway delivers
/// each tenant's records in the way in which they came and in another one. Guarantees: every record of the three signals
/// arrives in both, as its tenant's, and no other.
fn every_way(scene: &Scene, certificates: Option<&Certificates>) {
    let tls = certificates.map(|known| json!({ "cert_file": known.server.certificate, "key_file": known.server.key }));
    let to = Collector::with(Setting {
        tls,
        ..Setting::default()
    });
    let tenants: Map<String, Value> = WAYS
        .iter()
        .zip(WAYS.iter().cycle().skip(4))
        .map(|(way, other)| {
            let settings = json!({
                "tokens": [{ "sha256": sha256(tenant(*way)) }],
                "destinations": {
                    "same": destination(*way, &to, certificates),
                    "other": destination(*other, &to, certificates),
                },
            });
            (tenant(*way), settings)
        })
        .collect();
    let mut serve = json!({ "tenants": tenants });
    let mut names: Vec<String> = WAYS.iter().map(|way| tenant(*way)).collect();
    if let Some(known) = certificates {
        serve["tls-certificate"] = json!(known.server.certificate);
        serve["tls-key"] = json!(known.server.key);
        serve["tls-client-ca"] = json!(known.authority);
        serve["tenants"]["by-certificate"] = json!({
            "certificates": [known.fingerprint],
            "destinations": { "same": destination(WAYS[0], &to, certificates), "other": destination(WAYS[3], &to, certificates) },
        });
        names.push("by-certificate".to_owned());
    }
    let config = scene.file("serve.yaml", &json!({ "serve": serve }).to_string());
    let gateway = Gateway::start(scene, &["--config", &config]);

    let mut exporters = Map::new();
    for way in WAYS {
        let (kind, mut settings) = exporter(way, &gateway, certificates);
        settings["headers"] = json!({ "authorization": format!("Bearer {}", tenant(way)) });
        exporters.insert(format!("{kind}/{}", tenant(way)), settings);
    }
    if let Some(known) = certificates {
        let (kind, mut settings) = exporter(WAYS[0], &gateway, certificates);
        settings["tls"]["cert_file"] = json!(known.client.certificate);
        settings["tls"]["key_file"] = json!(known.client.key);
        exporters.insert(format!("{kind}/by-certificate"), settings);
    }
    let from = Collector::with(Setting { tls: None, exporters });
    let address = from.http().replace("http://", "");
    for name in ["one", "two"] {
        for (path, body) in one_of_each(name) {
            let headers = [("content-type", "application/json")];
            let answer = request(&address, "POST", path, &headers, body.to_string().as_bytes()).unwrap();
            assert_eq!(answer.0, 200, "{answer:?}");
        }
    }

    let all: Vec<_> = names
        .iter()
        .flat_map(|tenant| ["one", "two"].map(|name| (tenant, name)))
        .flat_map(|(tenant, name)| {
            ["logs", "traces", "metrics"].map(|signal| (tenant.clone(), signal, name.to_owned()))
        })
        .collect();
    let began = std::time::Instant::now();
    wait_until("each record to arrive in both ways", || {
        let told = of_file(&to.written());
        let missing: Vec<_> = all
            .iter()
            .filter(|record| told.get(*record).is_none_or(|times| *times < 2))
            .collect();
        assert!(
            missing.is_empty() || began.elapsed().as_secs() < 60,
            "{missing:?}\n{}\n{}\n{}",
            from.log(),
            gateway.said(),
            to.log()
        );
        missing.is_empty()
    });
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    let told = of_file(&to.written());
    assert!(told.keys().all(|record| all.contains(record)), "{told:?}");
    assert_eq!(scene.waiting(), 0);
    scene.verified_chains();
}

#[test]
fn a_collector_on_both_sides() {
    every_way(&Scene::new(), None);
}

#[test]
fn a_collector_on_both_sides_over_tls() {
    let scene = Scene::new();
    let certificates = Certificates::new(&scene);
    every_way(&scene, Some(&certificates));
}
