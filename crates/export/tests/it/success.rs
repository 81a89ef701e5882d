//! Destinations that take what they get.

use crate::destination::{Answer, Destination};
use crate::setup::{Site, config, config_at, name, names, small};
use sitelog_export::config::Protocol;
use sitelog_model::Signal;
use std::time::Duration;

/// Guarantees: all three signals arrive, each record once; the cursors stand at the end; a second exporter sends nothing.
pub(crate) fn accepts(protocol: Protocol) {
    let site = Site::new();
    for frame in 0..20 {
        Signal::ALL
            .into_iter()
            .for_each(|signal| site.write(signal, frame * 10..(frame + 1) * 10));
    }
    site.chain.seal().unwrap();
    let destination = Destination::start(protocol, |_, _| Answer::Take);
    let report = site.deliver(config(&destination, protocol));
    assert!(report.is_clean(), "{report:?}");
    let mut expected: Vec<_> = Signal::ALL
        .into_iter()
        .flat_map(|signal| (0..200).map(move |n| name(signal, n)))
        .collect();
    expected.sort();
    assert_eq!(destination.book.taken(), expected);
    for signal in Signal::ALL {
        assert_eq!(report.of_signal(signal).delivered, 200);
        assert_eq!(site.cursor(signal).lag_frames, 0);
    }
    let requests = destination.book.seen().len();
    assert_eq!(requests, 3, "frames are joined to one request a signal");
    assert!(site.deliver(config(&destination, protocol)).is_clean());
    assert_eq!(destination.book.seen().len(), requests);
}

/// Guarantees: several requests are on their way at the same time, and not more than allowed.
pub(crate) fn is_slow(protocol: Protocol) {
    let site = Site::with_logs(24, 2);
    let destination = Destination::start(protocol, |_, _| Answer::TakeAfter(Duration::from_millis(20)));
    let mut config = small(config(&destination, protocol));
    config.pace.in_flight = 4;
    let report = site.deliver(config);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..48));
    let together = destination.book.seen().iter().map(|seen| seen.together).max();
    assert_eq!(together, Some(4));
}

/// Guarantees: the body is compressed as asked, and the headers a user set are there.
pub(crate) fn takes_compressed_requests(protocol: Protocol) {
    for compression in ["gzip", "zstd"] {
        let site = Site::with_logs(5, 100);
        let destination = Destination::start(protocol, |_, _| Answer::Take);
        let compressed = ("OTEL_EXPORTER_OTLP_COMPRESSION", compression);
        let headers = (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20t0ken,x-scope-orgid=t1",
        );
        let report = site.deliver(config_at(destination.address, protocol, &[compressed, headers]));
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(destination.book.taken(), names(Signal::Logs, 0..500));
        let seen = &destination.book.seen()[0];
        let encoding = if protocol == Protocol::Grpc {
            "grpc-encoding"
        } else {
            "content-encoding"
        };
        assert_eq!(seen.headers[encoding], compression);
        assert_eq!(seen.headers["authorization"], "Bearer t0ken");
        assert_eq!(seen.headers["x-scope-orgid"], "t1");
        assert!(seen.headers["user-agent"].to_str().unwrap().starts_with("sitelog/"));
    }
}

/// Guarantees: rejected records are counted with the reason, nothing is sent again; a warning is no rejection.
pub(crate) fn reports_partial_success(protocol: Protocol) {
    let site = Site::with_logs(2, 10);
    let answers = |_: &_, number| {
        if number == 0 {
            Answer::Partial(3, "too old")
        } else {
            Answer::Partial(0, "careful")
        }
    };
    let destination = Destination::start(protocol, answers);
    let mut config = small(config(&destination, protocol));
    config.pace.in_flight = 1;
    let report = site.deliver(config);
    let logs = report.of_signal(Signal::Logs);
    assert_eq!((logs.delivered, logs.rejected, logs.refused), (17, 3, 0));
    assert_eq!((report.requests, report.retries), (2, 0));
    assert!(logs.last_error.as_ref().unwrap().contains("careful"), "{logs:?}");
    assert_eq!(site.cursor(Signal::Logs).lag_frames, 0);
}

/// Scenario: one frame with far more records than a sender sends together, to a destination for which they are decoded. Guarantees: few
/// of them at a time are, and all arrive.
#[test]
fn json_is_made_of_few_records_at_a_time() {
    let site = Site::with_logs(1, 50_000);
    let destination = Destination::start(Protocol::HttpJson, |_, _| Answer::Take);
    let report = site.deliver(config(&destination, Protocol::HttpJson));
    assert!(report.is_clean(), "{report:?}");
    assert!(destination.book.seen().iter().all(|seen| seen.records.len() <= 20_000));
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..50_000));
}
