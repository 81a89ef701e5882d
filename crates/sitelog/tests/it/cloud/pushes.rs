//! What is pushed, and what becomes of it when the destination does not take it.

use super::running::{Running, TOKEN, sim, update, values};
use super::shown::samples;
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Reserved, Sink, Taken};
use nix::sys::signal::Signal;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use sitelog_cloud_sim::{Backfill, METRICS, Observer, Outcome, Plan, Sim, World};
use std::collections::BTreeSet;

const OFTEN: &str = "--pulumi.collect-interval=200ms";

/// Every series of Pulumi's metrics that requests hold, by name and attributes.
fn series(taken: &[Taken]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for taken in taken {
        let request = ExportMetricsServiceRequest::decode(&taken.body[..]).unwrap();
        let scopes = request
            .resource_metrics
            .into_iter()
            .flat_map(|resource| resource.scope_metrics);
        for metric in scopes.flat_map(|scope| scope.metrics) {
            let attributes: Vec<_> = match metric.data.unwrap() {
                Data::Gauge(gauge) => gauge.data_points.into_iter().map(|point| point.attributes).collect(),
                Data::Sum(sum) => sum.data_points.into_iter().map(|point| point.attributes).collect(),
                Data::Histogram(histogram) => histogram
                    .data_points
                    .into_iter()
                    .map(|point| point.attributes)
                    .collect(),
                other => panic!("{other:?}"),
            };
            let is_pulumis = METRICS.contains(&metric.name.as_str());
            let names = attributes
                .iter()
                .map(|attributes| format!("{} {attributes:?}", metric.name));
            all.extend(names.filter(|_| is_pulumis));
        }
    }
    all
}

/// Scenario: stacks with much history, all of which counts. Guarantees: every series of the truth reaches the destination
/// (no limit of 2,000 a metric), in compressed requests that are below 4 MiB also when they are not.
#[test]
fn all_of_thousands_of_series_arrive_in_small_requests() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let world = World::generate(&Plan {
        seed: 3,
        now: 1_790_000_000,
        organizations: vec!["acme".to_owned()],
        stacks: 400,
        updates: 30,
    });
    let sim = Sim::start(world).unwrap();
    sim.set_token(TOKEN);
    let endpoint = sink.endpoint();
    let flags = ["--pulumi.backfill=all", OFTEN, "--otlp.endpoint", &endpoint];
    let running = Running::start(&scene, &sim, &flags);
    let truth = Observer::new(Backfill::All, &["acme"]).poll(&sim.world());
    let wanted = truth.series().count();
    assert!(wanted > 8_750, "{wanted}");
    wait_until("every series", || {
        let pushes = sink.taken();
        pushes.len() > 1 && series(&pushes).len() >= wanted
    });
    let taken = sink.taken();
    assert_eq!(series(&taken).len(), wanted);
    assert!(taken.iter().all(|taken| taken.headers["content-encoding"] == "gzip"));
    let largest = taken.iter().map(|taken| taken.body.len()).max().unwrap();
    assert!(largest < 4 << 20, "{largest}");
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}

/// An exporter that goes on whatever its destination does: an update is counted, and shown.
fn goes_on(scene: &Scene, sim: &Sim, endpoint: &str) -> Running {
    let running = Running::start(scene, sim, &[OFTEN, "--otlp.endpoint", endpoint]);
    running.wait_ready();
    let counted = || {
        values(&running.get("/metrics").1, "pulumi_update_total", "")
            .iter()
            .sum::<f64>()
    };
    let before = counted();
    update(sim, Outcome::Succeeded);
    wait_until("the update", || counted() == before + 1.0);
    running.wait_ready();
    running
}

/// Scenario: the destination refuses everything, or some points. Guarantees: what is shown goes on, what was refused is
/// counted, and the end is status 69 with the reason.
#[test]
fn what_the_destination_refuses_is_counted_and_told_at_the_end() {
    for (answer, why) in [(Answer::Refuse, "400"), (Answer::Partly, "stale")] {
        let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(answer));
        let running = goes_on(&scene, &sim, &sink.endpoint());
        wait_until("refusals", || {
            running.own("sitelog_cloud_push_metrics_refused_total", "") > 0.0
        });
        let (code, said) = running.end(Signal::SIGTERM);
        assert_eq!(code, 69, "{said}");
        let last = said.lines().last().unwrap();
        assert!(last.contains("refused the last points") && last.contains(why), "{said}");
    }
}

/// Scenario: nobody listens, or requests are never answered; then a restart, and the destination is back. Guarantees: what
/// is shown goes on; the end is status 69 with the reason, in time; the next start delivers what waits, to the last series.
#[test]
fn what_was_not_delivered_waits_for_the_next_start() {
    for is_there in [false, true] {
        let (scene, sim, port) = (Scene::new(), sim(), Reserved::new());
        let endpoint = port.endpoint();
        let (sink, port) = match is_there {
            true => (Some(Sink::at(port, Answer::Hang)), None),
            false => (None, Some(port)),
        };
        let running = goes_on(&scene, &sim, &endpoint);
        let shown = samples(&running).len();
        let (code, said) = running.end(Signal::SIGTERM);
        let last = said.lines().last().unwrap();
        assert!(code == 69 && last.contains("wait for the next start"), "{code} {said}");

        let sink = sink.or_else(|| port.map(|port| Sink::at(port, Answer::Take))).unwrap();
        sink.answer(Answer::Take);
        // Nothing new is to be had: what arrives is what waited.
        sim.set_token("another-token-entirely");
        let running = Running::start(
            &scene,
            &sim,
            &["--pulumi.collect-interval=1h", "--otlp.endpoint", &endpoint],
        );
        wait_until("what waited", || !series(&sink.taken()).is_empty());
        assert!(shown > 0);
        let (code, said) = running.end(Signal::SIGTERM);
        assert_eq!(code, 0, "{said}");
        let updates = series(&sink.taken())
            .into_iter()
            .filter(|name| name.starts_with("pulumi_update_total"))
            .count();
        assert_eq!(updates, 1);
    }
}
