//! The end of an exporter, and the next one.

use crate::destination::{Answer, Destination};
use crate::setup::{Site, config, names, patient, small};
use sitelog_export::config::Protocol;
use sitelog_export::{Exporter, Exporters, OtlpConfig, Patience, Report};
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

/// Scenario: another destination takes the place of one that answers slowly, while half of a chain is on its way; the new one is told
/// at once. Guarantees: what is on its way is answered and not sent again, the rest goes to the new one, under the same counters.
#[test]
fn who_takes_another_s_place_goes_on_where_it_stopped() {
    let exporters = Exporters::start();
    let site = Site::with_logs(40, 3);
    let slow = Duration::from_millis(50);
    let old = Destination::start(Protocol::HttpProtobuf, move |_, _| Answer::TakeAfter(slow));
    let leaving = exporters.exporter(small(config(&old, Protocol::HttpProtobuf)));
    leaving.deliver(&site.ledger, site.id());
    let deadline = Instant::now() + patient().total;
    while old.book.seen().is_empty() {
        assert!(Instant::now() < deadline, "nothing came");
        std::thread::sleep(Duration::from_millis(1));
    }
    let counters = leaving.counters().clone();
    let ending = leaving.leave(patient().total);
    let new = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    let exporter = exporters.counting(config(&new, Protocol::Grpc), counters);
    exporter.deliver(&site.ledger, site.id());
    let left = ending.report().of_signal(Signal::Logs).waiting;
    assert!(left.frames > 0, "{left:?}");
    while !new.book.taken().contains(&"r119".to_owned()) {
        assert!(Instant::now() < deadline, "the rest did not arrive");
        std::thread::sleep(Duration::from_millis(1));
    }
    let report = exporter.finish(patient());
    assert_eq!(report.of_signal(Signal::Logs).delivered, 120, "{report:?}");
    let mut taken = [old.book.taken(), new.book.taken()].concat();
    taken.sort();
    assert_eq!(taken, names(Signal::Logs, 0..120));
}

/// Guarantees: one that never answers is not waited for, and what it had is delivered by the next one.
#[test]
fn who_leaves_is_not_waited_for_longer_than_asked() {
    let exporters = Exporters::start();
    let site = Site::with_logs(5, 1);
    let old = Destination::start(Protocol::Grpc, |_, _| Answer::Hang);
    let leaving = exporters.exporter(config(&old, Protocol::Grpc));
    leaving.deliver(&site.ledger, site.id());
    let deadline = Instant::now() + patient().total;
    while old.book.seen().is_empty() {
        assert!(Instant::now() < deadline, "nothing came");
        std::thread::sleep(Duration::from_millis(1));
    }
    let report = leaving.leave(Duration::from_millis(20)).report();
    assert_eq!(report.of_signal(Signal::Logs).waiting.frames, 5, "{report:?}");
    let new = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    assert!(site.deliver(config(&new, Protocol::Grpc)).is_clean());
    assert_eq!(new.book.taken(), names(Signal::Logs, 0..5));
}

/// Guarantees: many exporters end together, within the time of one.
#[test]
fn many_end_within_the_patience_of_one() {
    let exporters = Exporters::start();
    let silent = Destination::start(Protocol::Grpc, |_, _| Answer::Hang);
    let sites: Vec<Site> = (0..30).map(|_| Site::with_logs(1, 1)).collect();
    let all: Vec<_> = sites
        .iter()
        .map(|site| {
            let exporter = exporters.exporter(config(&silent, Protocol::Grpc));
            exporter.deliver(&site.ledger, site.id());
            exporter
        })
        .collect();
    let patience = Patience {
        total: Duration::from_millis(500),
        idle: Duration::from_millis(500),
    };
    let begun = Instant::now();
    let endings: Vec<_> = all.into_iter().map(|exporter| exporter.end(patience)).collect();
    let waiting: u64 = endings
        .into_iter()
        .map(|ending| ending.report().of_signal(Signal::Logs).waiting.frames)
        .sum();
    assert_eq!(waiting, 30);
    assert!(begun.elapsed() < patience.total * 15, "one after the other");
}
