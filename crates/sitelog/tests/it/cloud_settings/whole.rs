//! A whole command line, a whole environment and a whole file of pulumi-exporter, each taken as it is.

use super::start::{Exporter, settled};
use crate::cloud::running::{TOKEN, values};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use sitelog_cloud_sim::{Plan, Sim, World};
use std::time::Duration;

/// Three organizations, of which two are observed.
fn sim() -> Sim {
    let plan = Plan {
        seed: 5,
        now: 1_790_000_000,
        organizations: Plan::organization_names(3),
        stacks: 36,
        updates: 2,
    };
    let sim = Sim::start(World::generate(&plan)).unwrap();
    sim.set_token(TOKEN);
    sim
}

/// What all three ask for: two organizations, a short interval, at most two calls at once, a header, a path.
fn behaves(exporter: &Exporter, sim: &Sim, sink: &Sink, path: &str) {
    exporter.wait_ready();
    let cycles = || {
        values(&exporter.metrics(), "sitelog_cloud_cycles_total", "")
            .first()
            .copied()
    };
    wait_until("three cycles", || cycles() >= Some(3.0));
    let shown = exporter.metrics();
    for (org, stacks) in [("acme", 12), ("acme-2", 12), ("acme-3", 0)] {
        let of = format!("org=\"{org}\"");
        assert_eq!(
            values(&shown, "pulumi_stack_resource_count", &of).len(),
            stacks,
            "{org}"
        );
    }
    let stats = sim.stats();
    assert!(stats.peak_concurrent <= 2, "{stats:?}");
    wait_until("a push", || {
        settled(sink).iter().any(|push| push.has("pulumi_org_member_count"))
    });
    for push in settled(sink) {
        assert_eq!(push.taken.path, path);
        assert_eq!(push.taken.headers["authorization"], "Bearer a=b");
        assert_eq!(push.taken.headers["x-scope"], "t1");
        assert_eq!(push.attribute("service.name").as_deref(), Some("pulumi-exporter"));
    }
}

#[test]
fn a_command_line_starts_it() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let flags = [
        &format!("--pulumi.access-token={TOKEN}"),
        &format!("--pulumi.api-url={}/", sim.url()),
        "--pulumi.organizations=acme, acme-2",
        "--pulumi.organizations",
        "acme",
        "--pulumi.collect-interval=200ms",
        "--pulumi.max-concurrency",
        "2",
        &format!("--otlp.endpoint={}", sink.authority()),
        "--otlp.protocol=http/protobuf",
        "--otlp.insecure",
        "--otlp.headers=Authorization=Bearer a=b,x-scope=t1",
        "--otlp.url-path=/otlp/v1/metrics",
    ];
    let exporter = Exporter::start(&scene, &flags, &[]);
    behaves(&exporter, &sim, &sink, "/otlp/v1/metrics");
    assert_eq!(exporter.end().0, 0);
}

#[test]
fn an_environment_starts_it() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let variables = [
        ("PULUMI_ACCESS_TOKEN", &*format!("{TOKEN}\n")),
        ("PULUMI_API_URL", sim.url()),
        ("PULUMI_ORGANIZATIONS", "acme\nacme-2\n"),
        ("PULUMI_COLLECT_INTERVAL", "200ms"),
        ("PULUMI_MAX_CONCURRENCY", "2"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &sink.authority()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20a=b, x-scope=t1"),
        ("OTEL_EXPORTER_OTLP_METRICS_URL_PATH", "/only/http"),
    ];
    let exporter = Exporter::start(&scene, &[], &variables);
    behaves(
        &exporter,
        &sim,
        &sink,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    );
    assert_eq!(exporter.end().0, 0);
}

/// Flags and variables go before it; what it does not know is passed over and said.
#[test]
fn a_file_starts_it() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let file = format!(
        "pulumi:\n  access-token: {TOKEN}\n  api-url: {}\n  organizations:\n    - acme\n    - acme-2\n  \
         collect-interval: 1h\n  max-concurrency: 2\n  retries: 3\notlp:\n  endpoint: {}\n  protocol: grpc\n  \
         insecure: true\n  headers:\n    Authorization: Bearer a=b\n    x-scope: t1\n  url-path: /mine\n",
        sim.url(),
        sink.authority(),
    );
    let file = scene.file("pulumi-exporter.yaml", &file);
    let variables = [
        ("PULUMI_EXPORTER_CONFIG_FILE", &*file),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ];
    let exporter = Exporter::start(&scene, &["--pulumi.collect-interval=200ms"], &variables);
    behaves(&exporter, &sim, &sink, "/mine");
    let (status, said) = exporter.end();
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("pulumi-exporter.yaml:9: pulumi.retries"), "{said}");
}

#[test]
fn its_version_and_help_are_asked_as_before() {
    let scene = Scene::new();
    for flag in ["--version", "--help", "-h"] {
        let ran = scene.tell(&["cloud", flag]);
        assert_eq!((ran.code, ran.err()), (0, ""), "{flag}");
        assert!(!ran.out().is_empty());
    }
}

/// Scenario: the port is taken. Guarantees: it ends, and says which.
#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scene = Scene::new();
    let flags = [
        "cloud",
        "--pulumi.organizations=acme",
        "--pulumi.access-token=t",
        "--web.listen-address",
        &address,
    ];
    let ran = scene.tell(&flags);
    assert_eq!(ran.code, 69);
    assert!(ran.one_line().contains(&address), "{}", ran.err());
    assert!(ran.wall < Duration::from_secs(60));
}
