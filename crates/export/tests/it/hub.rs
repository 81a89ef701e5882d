//! Many exporters on one thread.

use crate::destination::{Answer, Destination, Reserved};
use crate::setup::{Site, config, config_at, names, patient, small};
use sitelog_export::config::Protocol;
use sitelog_export::{DestinationName, Exporter, Exporters};
use sitelog_ledger::{Chain, Cursor, Error};
use sitelog_model::Signal;
use std::time::{Duration, Instant};

fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + patient().total;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn retries(exporter: &Exporter) -> u64 {
    exporter.counters().of(Signal::Logs).retries.get()
}

/// The cursor, once whoever had it has let go.
fn freed(chain: &Chain) -> Cursor {
    let deadline = Instant::now() + patient().total;
    loop {
        match chain.cursor("otlp.logs", Some(Signal::Logs)) {
            Ok(cursor) => return cursor,
            Err(Error::CursorBusy { .. }) => assert!(Instant::now() < deadline, "the cursor is still held"),
            Err(error) => panic!("{error}"),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Guarantees: each exporter delivers and reports its own, and the budget is a limit, not a loss.
#[test]
fn many_exporters_deliver_from_one_thread() {
    let exporters = Exporters::with_budget(1 << 20);
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    let sites: Vec<Site> = (0..20).map(|_| Site::with_logs(20, 5)).collect();
    let started: Vec<Exporter> = sites
        .iter()
        .map(|site| {
            let exporter = exporters.exporter(config(&destination, Protocol::Grpc));
            exporter.deliver(&site.ledger, site.id());
            exporter
        })
        .collect();
    for exporter in started {
        let report = exporter.finish(patient());
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.of_signal(Signal::Logs).delivered, 100);
    }
    assert_eq!(destination.book.taken().len(), 2000);
    assert_eq!(exporters.held_bytes(), 0);
}

/// Scenario: of many exporters with a backlog some have a dead destination, some one that never answers, one is well.
/// Guarantees: the one delivers as if it were alone. An exporter that is dropped lets go of its chain, and its cursor stays.
#[test]
fn what_is_dead_or_hangs_costs_only_itself() {
    let exporters = Exporters::with_budget(1 << 20);
    let nobody = Reserved::new();
    let silent = Destination::start(Protocol::HttpProtobuf, |_, _| Answer::Hang);
    let addresses = [nobody.address, silent.address];
    let out: Vec<(Site, Exporter)> = (0..40)
        .map(|n| {
            let site = Site::new();
            let exporter = exporters.exporter(config_at(addresses[n % 2], Protocol::HttpProtobuf, &[]));
            exporter.follow(&site.chain);
            (0..4).for_each(|frame| site.write(Signal::Logs, frame * 1000..(frame + 1) * 1000));
            (site, exporter)
        })
        .collect();
    until("the dead ones are tried", || {
        out.iter().step_by(2).all(|(_, exporter)| retries(exporter) > 0)
    });
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    let site = Site::with_logs(100, 100);
    let exporter = exporters.exporter(config(&destination, Protocol::Grpc));
    exporter.deliver(&site.ledger, site.id());
    let report = exporter.finish(patient());
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.of_signal(Signal::Logs).delivered, 10_000);
    for (site, exporter) in out {
        drop(exporter);
        assert_eq!(freed(&site.chain).progress().upto.frame, 0);
    }
    until("everything is given back", || exporters.held_bytes() == 0);
}

/// Scenario: a destination is out; meanwhile frames of 100 kB wait for it. Guarantees: none of them is kept in memory, a small
/// request finds out that it is back, and then everything arrives once.
#[test]
fn nothing_is_kept_in_memory_through_an_outage() {
    let exporters = Exporters::start();
    let nobody = Reserved::new();
    let site = Site::new();
    let exporter = exporters.exporter(config_at(nobody.address, Protocol::HttpProtobuf, &[]));
    exporter.follow(&site.chain);
    (0..10).for_each(|frame| site.write(Signal::Logs, frame * 5000..(frame + 1) * 5000));
    until("it is tried", || retries(&exporter) > 3);
    until("nothing is held", || exporters.held_bytes() == 0);
    let destination = Destination::at(nobody, Protocol::HttpProtobuf, None, |_, _| Answer::Take);
    site.chain.seal().unwrap();
    let report = exporter.finish(patient());
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..50_000));
    let first = destination.book.seen()[0].records.len();
    assert!((1..4000).contains(&first), "{first} records to find out");
}

/// Guarantees: each destination of a tenant has cursors of its own; that one is out does not keep the others waiting.
#[test]
fn named_destinations_have_their_own_cursors() {
    let exporters = Exporters::start();
    let site = Site::with_logs(6, 5);
    let (nobody, loki) = (Reserved::new(), Destination::start(Protocol::Grpc, |_, _| Answer::Take));
    let named = |mut config: sitelog_export::OtlpConfig, name: &str| {
        config.name = DestinationName::new(name, "test").unwrap();
        let exporter = exporters.exporter(small(config));
        exporter.deliver(&site.ledger, site.id());
        exporter
    };
    let tempo = named(config_at(nobody.address, Protocol::Grpc, &[]), "tempo");
    let report = named(config(&loki, Protocol::Grpc), "loki").finish(patient());
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(loki.book.taken(), names(Signal::Logs, 0..30));
    let report = tempo.finish(patient());
    assert_eq!(report.of_signal(Signal::Logs).waiting.frames, 6, "{report:?}");
    let status = site.ledger.status(site.id()).unwrap();
    let logs = status
        .cursors
        .iter()
        .filter(|cursor| cursor.signal == Some(Signal::Logs));
    let lags: Vec<_> = logs.map(|cursor| (cursor.name.as_str(), cursor.lag_frames)).collect();
    assert_eq!(lags, [("loki.logs", 0), ("tempo.logs", 6)]);
}
