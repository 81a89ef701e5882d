//! Against a real OpenTelemetry Collector, reading back what its file exporter wrote.

mod outage;
mod process;

pub(crate) use process::{Collector, Setting};

use crate::cases::judge::{judge, open_cases};
use crate::scene::{Scene, ended_with};

/// Scenario: every case over each protocol, plain and compressed, into a Collector of its own. Guarantees: what the
/// Collector has gives the case's streams back; lines and span are of one trace; the span tells the outcome; nothing waits.
fn every_case_arrives(endpoint: fn(&Collector) -> String, flags: &[&str]) {
    for case in open_cases() {
        let (scene, collector) = (Scene::new(), Collector::start());
        let endpoint = endpoint(&collector);
        let flags = [&["--otlp.endpoint", &endpoint], flags].concat();
        let ran = ended_with(case.command(&scene, &flags), case.stdin.clone());
        let arrived = collector.recorded_span();
        assert_eq!(judge(&case, &ran, &arrived), Vec::<String>::new(), "{}", case.id);

        let span = arrived.span();
        assert!(
            arrived
                .lines
                .iter()
                .all(|line| (&line.trace, &line.span) == (&span.trace, &span.id)),
            "{}",
            case.id
        );
        let (result, error, code) = span.outcome();
        let expected = match case.exit {
            0 => ("success", String::new()),
            143 => ("cancellation", "SIGTERM".to_owned()),
            code => ("failure", format!("exit_{code}")),
        };
        assert_eq!(
            (result, error.to_owned(), code),
            (expected.0, expected.1, Some(case.exit)),
            "{}",
            case.id
        );
        assert_eq!(span.failed, case.exit != 0);
        assert_eq!(span.resource["service.name"], "sitelog");
        assert_eq!(scene.waiting(), 0, "{}", case.id);
    }
}

#[test]
fn every_case_arrives_over_grpc() {
    every_case_arrives(Collector::grpc, &["--otlp.protocol", "grpc"]);
}

#[test]
fn every_case_arrives_over_http_protobuf() {
    every_case_arrives(Collector::http, &["--otlp.protocol", "http/protobuf"]);
}

#[test]
fn every_case_arrives_over_http_json() {
    every_case_arrives(Collector::http, &["--otlp.protocol", "http/json"]);
}

#[test]
fn every_case_arrives_compressed() {
    every_case_arrives(
        Collector::grpc,
        &["--otlp.protocol", "grpc", "--otlp.compression", "gzip"],
    );
    every_case_arrives(
        Collector::http,
        &["--otlp.protocol", "http/protobuf", "--otlp.compression", "zstd"],
    );
}

/// Scenario: runs without a destination, then `flush` to a Collector, twice. Guarantees: all of it arrives, once, and a
/// second flush has nothing to send.
#[test]
fn flush_delivers_what_earlier_runs_left_once() {
    let (scene, collector) = (Scene::new(), Collector::start());
    for number in 0..5 {
        scene.run(
            &[],
            &[
                "seq",
                &format!("{}", 100 * number + 1),
                &format!("{}", 100 * number + 100),
            ],
        );
    }
    assert!(scene.waiting() > 0);
    for _ in 0..2 {
        let flush = scene.tell(&["flush", "--otlp.endpoint", &collector.grpc(), "--otlp.protocol", "grpc"]);
        assert_eq!((flush.code, flush.out()), (0, ""), "{flush:?}");
        assert!(flush.one_line().ends_with("records delivered"), "{flush:?}");
    }
    assert_eq!(scene.waiting(), 0);
    let arrived = collector.stopped();
    let mut numbers: Vec<u64> = arrived
        .lines
        .iter()
        .map(|line| str::from_utf8(&line.bytes).unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=500), "{numbers:?}");
    assert_eq!(arrived.spans.len(), 5);
}
