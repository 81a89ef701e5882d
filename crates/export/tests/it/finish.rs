//! The end of an exporter, and the next one.

use crate::destination::{Answer, Destination};
use crate::setup::{Site, config, names, patient, small};
use sitelog_export::config::Protocol;
use sitelog_export::{Exporter, OtlpConfig, Patience, Report};
use sitelog_ledger::Position;
use sitelog_model::{Bytes, Payload, Signal};
use std::time::{Duration, Instant};

/// Delivers until so many records are taken; then gives up, for nothing more comes.
fn deliver_until(site: &Site, config: OtlpConfig, records: u64) -> Report {
    let exporter = Exporter::start(config);
    exporter.deliver(&site.ledger, site.id());
    let deadline = Instant::now() + patient().total;
    while exporter.counters().of(Signal::Logs).delivered_records.get() < records {
        assert!(Instant::now() < deadline, "the records did not arrive");
        std::thread::sleep(Duration::from_millis(1));
    }
    let impatient = Patience {
        idle: Duration::from_millis(100),
        ..patient()
    };
    exporter.finish(impatient)
}

/// Scenario: the destination takes five requests and then answers no more; the exporter gives up, and another one goes on.
/// Guarantees: what was acknowledged is not sent again, the rest is.
pub(crate) fn stops_answering(protocol: Protocol) {
    let site = Site::with_logs(20, 3);
    let tired = Destination::start(
        protocol,
        |_, number| if number < 5 { Answer::Take } else { Answer::Hang },
    );
    let report = deliver_until(&site, small(config(&tired, protocol)), 15);
    let logs = report.of_signal(Signal::Logs);
    assert!(report.gave_up, "{report:?}");
    assert_eq!((logs.delivered, logs.waiting.frames), (15, 15), "{report:?}");
    let next = Destination::start(protocol, |_, _| Answer::Take);
    assert!(site.deliver(small(config(&next, protocol))).is_clean());
    let mut taken = [tired.book.taken(), next.book.taken()].concat();
    taken.sort();
    assert_eq!(taken, names(Signal::Logs, 0..60));
}

/// Scenario: an exporter is stopped while it searches a request for a bad record; another one goes on. Guarantees: the
/// halves that were taken are not sent again: progress is kept within a frame.
#[test]
fn progress_within_a_frame_is_kept() {
    let site = Site::with_logs(1, 16);
    let first = Destination::start(Protocol::Grpc, |seen, _| match seen.records.len() {
        16 => Answer::Refuse("too many"),
        _ if seen.records[0] == "r0" => Answer::Take,
        _ => Answer::Hang,
    });
    let report = deliver_until(&site, config(&first, Protocol::Grpc), 8);
    assert_eq!(report.of_signal(Signal::Logs).delivered, 8, "{report:?}");
    assert_eq!(site.cursor(Signal::Logs).progress.upto, Position { frame: 0, item: 8 });
    let next = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    assert!(site.deliver(config(&next, Protocol::Grpc)).is_clean());
    assert_eq!(next.book.taken(), names(Signal::Logs, 8..16));
}

/// Guarantees: a frame that holds no OTLP is refused by itself and does not stop the others.
#[test]
fn a_malformed_frame_costs_only_itself() {
    let site = Site::new();
    site.write(Signal::Logs, 0..5);
    site.write_payload(Signal::Logs, Payload::Otlp(Bytes::from_static(b"\xff\xff\xff")));
    site.write_payload(Signal::Logs, Payload::Lines(Bytes::from_static(b"\xff\xff\xff")));
    site.write_payload(Signal::Logs, Payload::Note(Bytes::from_static(b"{}")));
    site.write(Signal::Logs, 5..10);
    site.chain.seal().unwrap();
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    let exporter = Exporter::start(config(&destination, Protocol::Grpc));
    exporter.deliver(&site.ledger, site.id());
    let counters = exporter.counters().clone();
    let report = exporter.finish(patient());
    assert_eq!(
        (report.of_signal(Signal::Logs).delivered, report.gave_up),
        (10, false),
        "{report:?}"
    );
    assert_eq!(counters.of(Signal::Logs).malformed_frames.get(), 2);
    let places: Vec<_> = site
        .refused(Signal::Logs)
        .iter()
        .map(|range| range.first.frame)
        .collect();
    assert_eq!(places, [1, 2]);
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..10));
}

/// Guarantees: a chain that another exporter is delivering is left to it and reported.
#[test]
fn a_busy_chain_is_left_alone() {
    let site = Site::with_logs(2, 2);
    let held = site.ledger.cursor(site.id(), "otlp.logs", Some(Signal::Logs)).unwrap();
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    assert_eq!(site.deliver(config(&destination, Protocol::Grpc)).busy_chains, 1);
    assert!(destination.book.taken().is_empty());
    drop(held);
    assert!(site.deliver(config(&destination, Protocol::Grpc)).is_clean());
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..4));
}
