//! The ledger's disk fails under delivery.

use crate::destination::{Answer, Destination};
use crate::setup::{Site, config, names, patient, small};
use sitelog_export::config::{Backoff, Protocol};
use sitelog_export::{Exporter, OtlpConfig};
use sitelog_ledger::disk::fault::{FaultDisk, Op};
use sitelog_model::Signal;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + patient().total;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn errors(exporter: &Exporter) -> u64 {
    exporter.counters().of(Signal::Logs).cursor_errors.get()
}

/// Waits for the disk as short as a test does.
fn quick(mut config: OtlpConfig) -> OtlpConfig {
    config.pace.setback = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(4),
    };
    config
}

/// Scenario: the disk is full when a cursor puts down what was delivered, and again when it tries once more; then there is room.
/// Guarantees: it is counted, delivery goes on by itself, and everything arrives once.
#[test]
fn a_full_disk_that_comes_back_does_not_end_delivery() {
    let disk = FaultDisk::new();
    let site = Site::on(&disk);
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    let exporter = Exporter::start(small(config(&destination, Protocol::Grpc)));
    exporter.follow(&site.chain);
    site.write(Signal::Logs, 0..1);
    until("the first arrives", || !destination.book.taken().is_empty());
    until("the first is put down", || {
        site.cursor(Signal::Logs).progress.upto.frame == 1
    });
    disk.fail(Op::Write, "otlp.logs.cursor", ErrorKind::StorageFull, 2);
    (1..10).for_each(|n| site.write(Signal::Logs, n..n + 1));
    until("it goes on", || site.cursor(Signal::Logs).progress.upto.frame == 10);
    assert_eq!(errors(&exporter), 2);
    site.write(Signal::Logs, 10..20);
    site.chain.seal().unwrap();
    let report = exporter.finish(patient());
    assert!(report.is_clean(), "{report:?}");
    let last = report.of_signal(Signal::Logs).last_error.as_deref().unwrap_or_default();
    assert!(last.contains("otlp.logs.cursor"), "{last}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..20));
}

/// Scenario: a destination refuses all of a request with a thousand records, which is told of a hundred of them one by one.
/// Guarantees: the ledger's disk is asked a few times, not for each record, and each counts.
#[test]
fn refusals_are_put_down_together() {
    let disk = FaultDisk::new();
    let site = Site::on(&disk);
    site.write(Signal::Logs, 0..1000);
    site.chain.seal().unwrap();
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Refuse("no"));
    let before = disk.operations();
    let report = site.deliver(config(&destination, Protocol::Grpc));
    let asked = disk.operations() - before;
    assert_eq!(report.of_signal(Signal::Logs).refused, 1000, "{report:?}");
    assert_eq!(site.cursor(Signal::Logs).refused, 1000);
    assert!(asked < 150, "{asked} operations");
}

/// Scenario: the disk is full when refusals are put down. Guarantees: none is forgotten, and none counts as done before.
#[test]
fn refusals_wait_for_room() {
    let disk = FaultDisk::new();
    let site = Site::on(&disk);
    site.write(Signal::Logs, 0..10);
    disk.fail(Op::Write, "otlp.logs.new", ErrorKind::StorageFull, 1);
    site.chain.seal().unwrap();
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::NotTaken);
    let exporter = Exporter::start(config(&destination, Protocol::Grpc));
    exporter.follow(&site.chain);
    until("the disk is full", || errors(&exporter) > 0);
    assert_eq!(site.cursor(Signal::Logs).lag_frames, 1);
    let report = exporter.finish(patient());
    assert!(!report.gave_up, "{report:?}");
    assert_eq!(site.refused(Signal::Logs)[0].records, 10);
    assert_eq!(destination.book.seen().len(), 1, "nothing is sent again");
}

/// Scenario: the disk is full for long while a chain is delivered that nobody writes. Guarantees: it is tried as long as the exporter
/// lives, and everything arrives.
#[test]
fn a_disk_that_is_full_for_long_does_not_end_delivery() {
    let disk = FaultDisk::new();
    let site = Site::on(&disk);
    (0..10).for_each(|n| site.write(Signal::Logs, n..n + 1));
    site.chain.seal().unwrap();
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    drop(site.ledger.cursor(site.id(), "otlp.logs", Some(Signal::Logs)).unwrap());
    disk.fail(Op::Write, "otlp.logs.cursor", ErrorKind::StorageFull, 30);
    let exporter = Exporter::start(quick(config(&destination, Protocol::Grpc)));
    exporter.deliver(&site.ledger, site.id());
    until("it goes on", || site.cursor(Signal::Logs).lag_frames == 0);
    assert!(errors(&exporter) >= 30);
    let report = exporter.finish(patient());
    assert!(report.is_clean(), "{report:?}");
    let mut taken = destination.book.taken();
    taken.dedup();
    assert_eq!(taken, names(Signal::Logs, 0..10));
}

/// Scenario: there is no file descriptor left when cursors are opened, of a chain that is written and of one that is not.
/// Guarantees: they are opened later, by themselves; it is counted.
#[test]
fn a_cursor_that_cannot_be_opened_is_opened_later() {
    let disk = FaultDisk::new();
    let (site, other) = (Site::on(&disk), Site::on(&disk));
    other.write(Signal::Logs, 10..20);
    other.chain.seal().unwrap();
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    disk.fail(Op::Create, "otlp.logs.lock", ErrorKind::Other, 5);
    let exporter = Exporter::start(quick(config(&destination, Protocol::Grpc)));
    exporter.follow(&site.chain);
    site.write(Signal::Logs, 0..10);
    until("the first is told", || errors(&exporter) > 0);
    exporter.deliver(&other.ledger, other.id());
    until("both go on", || destination.book.taken().len() == 20);
    assert_eq!(errors(&exporter), 5);
    site.chain.seal().unwrap();
    let report = exporter.finish(patient());
    assert!(report.is_clean(), "{report:?}");
}

/// Scenario: somebody else delivers a chain when an exporter would. Guarantees: the exporter goes on where he stopped.
#[test]
fn a_cursor_that_somebody_has_is_waited_for() {
    let disk = FaultDisk::new();
    let site = Site::on(&disk);
    site.write(Signal::Logs, 0..10);
    let held = site.chain.cursor("otlp.logs", Some(Signal::Logs)).unwrap();
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    let exporter = Exporter::start(quick(config(&destination, Protocol::Grpc)));
    exporter.follow(&site.chain);
    site.write(Signal::Traces, 0..10);
    until("the other signal arrives", || destination.book.taken().len() == 10);
    assert_eq!(errors(&exporter), 0);
    drop(held);
    until("the rest arrives", || destination.book.taken().len() == 20);
    site.chain.seal().unwrap();
    let report = exporter.finish(patient());
    assert!(report.is_clean() && report.busy_chains == 0, "{report:?}");
}
