//! `sitelog cloud` with the gateway as its destination.

use super::running::Gateway;
use super::told::of_sink;
use crate::cloud::running::{Running, sim};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use sitelog_cloud_sim::METRICS;

/// Scenario: the exporter pushes to a gateway as a tenant. Guarantees: all metrics that it pushes to a destination itself
/// arrive through the gateway too, as that tenant's.
#[test]
fn cloud_works_through_the_gateway() {
    let (scene, gateways) = (Scene::new(), Scene::new());
    let (sink, direct) = (Sink::start(Answer::Take), Sink::start(Answer::Take));
    let token = gateways.tell(&["tenants", "add", "pulumi"]).out().trim().to_owned();
    let gateway = Gateway::start(&gateways, &["--otlp.endpoint", &sink.endpoint()]);
    let headers = format!("--otlp.headers=authorization=Bearer%20{token}");
    let endpoint = format!("--otlp.endpoint=http://{}", gateway.grpc);
    let sim = sim();
    let common = ["--otlp.protocol=grpc", "--pulumi.collect-interval=200ms"];
    let through = Running::start(&scene, &sim, &[&[endpoint.as_str(), &headers], &common[..]].concat());
    let other = Scene::new();
    let endpoint = format!("--otlp.endpoint={}", direct.endpoint());
    let straight = Running::start(&other, &sim, &[&[endpoint.as_str()], &common[..]].concat());

    let names = |sink: &Sink, tenant: &str| -> Vec<String> {
        let told = of_sink(sink).into_keys();
        let ours =
            told.filter(|(of, signal, name)| of == tenant && *signal == "metrics" && METRICS.contains(&name.as_str()));
        ours.map(|(_, _, name)| name).collect()
    };
    wait_until("the same metrics both ways", || {
        let (through, straight) = (names(&sink, "pulumi"), names(&direct, ""));
        through.len() > METRICS.len() / 2 && through == straight
    });
    assert_eq!(through.end(Signal::SIGTERM).0, 0);
    assert_eq!(straight.end(Signal::SIGTERM).0, 0);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    assert!(of_sink(&sink).keys().all(|(tenant, _, _)| tenant == "pulumi"));
}
