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
