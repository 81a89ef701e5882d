//! Chains that are written while they are delivered, to destinations that come and go.

use crate::destination::{Answer, Destination, Reserved};
use crate::setup::{Site, config, config_at, names, patient, small};
use sitelog_export::config::Protocol;
use sitelog_export::{Exporter, Report};
use sitelog_model::Signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Guarantees: nobody waits for a refused connection, everything stays in the ledger, and the report says so.
pub(crate) fn is_dead(protocol: Protocol) {
    let site = Site::with_logs(6, 5);
    let nobody = Reserved::new();
    let begun = Instant::now();
    let report = site.deliver(small(config_at(nobody.address, protocol, &[])));
    assert!(begun.elapsed() < patient().idle, "waited for a refused connection");
    let logs = report.of_signal(Signal::Logs);
    assert!(report.gave_up, "{report:?}");
    assert_eq!(
        (logs.delivered, logs.refused, logs.waiting.frames),
        (0, 0, 6),
        "{report:?}"
    );
    let error = logs.last_error.as_ref().unwrap();
    assert!(error.contains("refused") && error.contains("localhost"), "{error}");
}

/// Scenario: nobody listens when the run begins, later somebody does. Guarantees: everything arrives, once.
pub(crate) fn comes_back(protocol: Protocol) {
    let site = Site::new();
    let nobody = Reserved::new();
    let exporter = Exporter::start(small(config_at(nobody.address, protocol, &[])));
    exporter.follow(&site.chain);
    (0..5).for_each(|frame| site.write(Signal::Logs, frame * 10..(frame + 1) * 10));
    let deadline = Instant::now() + patient().total;
    while exporter.counters().of(Signal::Logs).retries.get() == 0 {
        assert!(Instant::now() < deadline, "no try was made");
        std::thread::sleep(Duration::from_millis(1));
    }
    let destination = Destination::at(nobody, protocol, None, |_, _| Answer::Take);
    (5..10).for_each(|frame| site.write(Signal::Logs, frame * 10..(frame + 1) * 10));
    let report = finish(&site, exporter);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..100));
}

/// Scenario: the destination is out for a while in the middle of a stream. Guarantees: every record arrives once, in each
/// request in the order of the ledger, and the writer never waits.
pub(crate) fn fails_in_the_middle_of_a_stream(protocol: Protocol) {
    let site = Site::new();
    let out = Arc::new(AtomicBool::new(false));
    let is_out = out.clone();
    let destination = Destination::start(protocol, move |_, _| match is_out.load(Ordering::SeqCst) {
        true => Answer::Unavailable(None),
        false => Answer::Take,
    });
    let exporter = Exporter::start(config(&destination, protocol));
    exporter.follow(&site.chain);
    for frame in 0..300 {
        match frame {
            100 => out.store(true, Ordering::SeqCst),
            200 => out.store(false, Ordering::SeqCst),
            _ => {}
        }
        site.write(Signal::Logs, frame * 10..(frame + 1) * 10);
    }
    let report = finish(&site, exporter);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..3000));
    for seen in destination.book.seen() {
        let numbers: Vec<usize> = seen.records.iter().map(|record| record[1..].parse().unwrap()).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

/// Guarantees: an exporter that has nothing to deliver never starts its thread, and says so at once.
#[test]
fn nothing_to_deliver_costs_nothing() {
    let site = Site::new();
    let nobody = Reserved::new();
    let exporter = Exporter::start(config_at(nobody.address, Protocol::Grpc, &[]));
    exporter.follow(&site.chain);
    assert_eq!(exporter.finish(patient()), Report::default());
    let without = Exporter::start(sitelog_export::OtlpConfig::default());
    without.follow(&site.chain);
    site.write(Signal::Logs, 0..1);
    assert_eq!(without.finish(patient()), Report::default());
}

fn finish(site: &Site, exporter: Exporter) -> Report {
    site.chain.seal().unwrap();
    exporter.finish(patient())
}
