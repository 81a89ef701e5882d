//! The ledger's disk fails under delivery.

use crate::destination::{Answer, Destination};
use crate::setup::{Site, config, names, patient, small};
use sitelog_export::Exporter;
use sitelog_export::config::Protocol;
use sitelog_ledger::disk::fault::{FaultDisk, Op};
use sitelog_model::Signal;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// Scenario: the disk is full when a cursor puts down what was delivered, and again when it tries once more; then there is room.
/// Guarantees: it is counted, delivery goes on by itself, and everything arrives once.
#[test]
fn a_full_disk_that_comes_back_does_not_end_delivery() {
    let disk = FaultDisk::new();
    let site = Site::on(&disk);
    let destination = Destination::start(Protocol::Grpc, |_, _| Answer::Take);
    let exporter = Exporter::start(small(config(&destination, Protocol::Grpc)));
    exporter.follow(&site.chain);
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let deadline = Instant::now() + patient().total;
        while !is_so() {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    site.write(Signal::Logs, 0..1);
    until("the first arrives", &|| !destination.book.taken().is_empty());
    until("the first is put down", &|| {
        site.cursor(Signal::Logs).progress.upto.frame == 1
    });
    let errors = || exporter.counters().of(Signal::Logs).cursor_errors.get();
    disk.fail(Op::Write, "otlp.logs.cursor", ErrorKind::StorageFull, 2);
    (1..10).for_each(|n| site.write(Signal::Logs, n..n + 1));
    until("it goes on", &|| site.cursor(Signal::Logs).progress.upto.frame == 10);
    assert_eq!(errors(), 2);
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
    let deadline = Instant::now() + patient().total;
    while exporter.counters().of(Signal::Logs).cursor_errors.get() == 0 {
        assert!(Instant::now() < deadline, "the disk is not full");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(site.cursor(Signal::Logs).lag_frames, 1);
    let report = exporter.finish(patient());
    assert!(!report.gave_up, "{report:?}");
    assert_eq!(site.refused(Signal::Logs)[0].records, 10);
    assert_eq!(destination.book.seen().len(), 1, "nothing is sent again");
}
