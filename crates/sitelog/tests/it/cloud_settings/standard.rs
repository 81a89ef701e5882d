//! Standard variables that pulumi-exporter honours through its SDK: what reaches a destination.

use super::start::{Exporter, Push, settled};
use crate::cloud::running::{TOKEN, sim, update};
use crate::scene::{Scene, ended, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality as Temporality;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use sitelog_cloud_sim::{Outcome, Sim};

fn start(scene: &Scene, sim: &Sim, sink: &Sink, more: &[(&str, &str)]) -> Exporter {
    let endpoint = sink.endpoint();
    let mut variables = vec![
        ("PULUMI_ACCESS_TOKEN", TOKEN),
        ("PULUMI_ORGANIZATIONS", "acme"),
        ("PULUMI_API_URL", sim.url()),
        ("PULUMI_COLLECT_INTERVAL", "100ms"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
    ];
    variables.extend(more);
    Exporter::start(scene, &[], &variables)
}

/// What is pushed under these variables until the organization's numbers have come.
fn pushed(more: &[(&str, &str)]) -> Vec<Push> {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let exporter = start(&scene, &sim, &sink, more);
    wait_until("a push", || {
        settled(&sink).iter().any(|push| push.has("pulumi_org_member_count"))
    });
    exporter.end();
    settled(&sink)
}

#[test]
fn the_resource_is_the_users() {
    for (variables, name) in [
        (&[][..], "pulumi-exporter"),
        (
            &[("OTEL_RESOURCE_ATTRIBUTES", "service.name=of-list,team=in%20fra")][..],
            "of-list",
        ),
        (
            &[
                ("OTEL_RESOURCE_ATTRIBUTES", "service.name=of-list,team=in%20fra"),
                ("OTEL_SERVICE_NAME", "of-name"),
            ][..],
            "of-name",
        ),
    ] {
        for push in pushed(variables) {
            assert_eq!(push.attribute("service.name").as_deref(), Some(name));
            assert!(push.attribute("service.instance.id").is_some());
            assert_eq!(
                push.attribute("service.version").as_deref(),
                Some(env!("CARGO_PKG_VERSION"))
            );
            let team = (!variables.is_empty()).then_some("in fra");
            assert_eq!(push.attribute("team").as_deref(), team);
        }
    }
}

#[test]
fn variables_of_metrics_go_before_those_of_all_signals() {
    let sink = Sink::start(Answer::Take);
    let (scene, sim, other) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let own = format!("{}/own", sink.endpoint());
    let variables = [
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*own),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-scope=all"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-scope=metrics"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "60000"),
    ];
    let exporter = start(&scene, &sim, &other, &variables);
    wait_until("a push", || !settled(&sink).is_empty());
    exporter.end();
    for push in settled(&sink) {
        assert_eq!(push.taken.path, "/own");
        assert_eq!(push.taken.headers["x-scope"], "metrics");
        assert_eq!(push.taken.headers["content-encoding"], "gzip");
    }
    assert_eq!(other.tries(), 0);
}

/// The sums of a counter in all pushes, and how they are told.
fn sums(sink: &Sink, name: &str) -> (i64, Vec<i32>) {
    let (mut all, mut temporalities) = (0, Vec::new());
    for metric in settled(sink)
        .iter()
        .flat_map(Push::metrics)
        .filter(|metric| metric.name == name)
    {
        let Some(Data::Sum(sum)) = &metric.data else {
            panic!("{metric:?}")
        };
        temporalities.push(sum.aggregation_temporality);
        for point in &sum.data_points {
            assert!(point.start_time_unix_nano <= point.time_unix_nano);
            if let Some(Value::AsInt(value)) = point.value {
                all += value;
            }
        }
    }
    temporalities.dedup();
    (all, temporalities)
}

/// Scenario: differences are asked for; updates end, the exporter is killed and started again. Guarantees: the differences
/// add up to what happened.
#[test]
fn differences_add_up_across_a_restart() {
    for preference in ["delta", "LowMemory"] {
        let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
        let variables = [("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference)];
        let told = || sums(&sink, "pulumi_update_total").0;
        let exporter = start(&scene, &sim, &sink, &variables);
        exporter.wait_ready();
        update(&sim, Outcome::Succeeded);
        update(&sim, Outcome::Succeeded);
        wait_until("two updates", || told() == 2);
        update(&sim, Outcome::Failed);
        wait_until("the third", || told() == 3);
        exporter.end_by(Signal::SIGKILL);
        update(&sim, Outcome::Succeeded);
        let exporter = start(&scene, &sim, &sink, &variables);
        wait_until("the fourth", || told() >= 4);
        assert_eq!(exporter.end().0, 0);
        let delta = vec![Temporality::Delta as i32];
        assert_eq!(sums(&sink, "pulumi_update_total"), (4, delta.clone()));
        assert_eq!(sums(&sink, "sitelog_cloud_cycles").1, delta);
    }
}

#[test]
fn sums_are_cumulative_unless_differences_are_asked_for() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let exporter = start(&scene, &sim, &sink, &[]);
    exporter.wait_ready();
    update(&sim, Outcome::Succeeded);
    wait_until("the update", || sums(&sink, "pulumi_update_total").0 > 0);
    exporter.end();
    assert_eq!(sums(&sink, "pulumi_update_total").1, [Temporality::Cumulative as i32]);
}

#[test]
fn wrong_standard_variables_are_told_by_name() {
    let scene = Scene::new();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "sometimes"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "60s"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "thrift"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file"),
    ] {
        let mut command = scene.sitelog(["cloud", "--pulumi.access-token=t", "--pulumi.organizations=o"]);
        command.env(name, value);
        let ran = ended(command);
        assert_eq!(ran.code, 64, "{name}={value}");
        assert!(ran.one_line().contains(name), "{}", ran.err());
    }
}

/// Scenario: cycles are far apart. Guarantees: pushes are not, gauges do not fade.
#[test]
fn what_is_known_is_pushed_again_in_the_interval_of_exports() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let variables = [
        ("PULUMI_COLLECT_INTERVAL", "1h"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ];
    let exporter = start(&scene, &sim, &sink, &variables);
    let pushes = || {
        let members = settled(&sink);
        members
            .iter()
            .filter(|push| push.has("pulumi_org_member_count"))
            .count()
    };
    wait_until("three pushes of one cycle", || pushes() >= 3);
    exporter.end();
}

/// Scenario: the service and the destination are only reached through a proxy. Guarantees: it is asked for both.
#[test]
fn a_proxy_is_used_and_not_for_this_machine() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let through_sim = [("HTTP_PROXY", sim.url()), ("PULUMI_API_URL", "http://pulumi.invalid")];
    let exporter = start(&scene, &sim, &sink, &through_sim);
    exporter.wait_ready();
    // This machine needs none: the sink is reached past the proxy.
    wait_until("a push", || !settled(&sink).is_empty());
    exporter.end();
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let proxy = sink.endpoint();
    let through_sink = [
        ("HTTP_PROXY", &*proxy),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.invalid:4318"),
    ];
    let exporter = start(&scene, &sim, &sink, &through_sink);
    wait_until("a push", || {
        settled(&sink)
            .iter()
            .any(|push| push.taken.headers["host"] == "collector.invalid:4318")
    });
    exporter.end();
}
