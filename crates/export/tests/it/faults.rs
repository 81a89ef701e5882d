//! Destinations that do not take requests for a while: nothing is lost, nothing is doubled, nobody is hammered.

use crate::destination::{Answer, Destination};
use crate::setup::{Site, config, config_at, hopeless, names, small};
use sitelog_export::config::Protocol;
use sitelog_model::Signal;
use std::time::Duration;

pub(crate) fn throttles_without_a_hint(protocol: Protocol) {
    comes_through(protocol, Answer::Throttle(None));
}

pub(crate) fn is_unavailable_without_a_hint(protocol: Protocol) {
    comes_through(protocol, Answer::Unavailable(None));
}

/// Guarantees: requests refused for now are sent again until they are taken, each record once.
fn comes_through(protocol: Protocol, fault: Answer) {
    let site = Site::with_logs(12, 5);
    let destination = Destination::start(protocol, move |_, number| match number {
        0..3 => fault.clone(),
        _ => Answer::Take,
    });
    let report = site.deliver(small(config(&destination, protocol)));
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..60));
    assert_eq!(report.retries, 3);
}

pub(crate) fn throttles_with_a_hint(protocol: Protocol) {
    obeys(protocol, Answer::Throttle(Some(1)));
}

pub(crate) fn is_unavailable_with_a_hint(protocol: Protocol) {
    obeys(protocol, Answer::Unavailable(Some(1)));
}

/// Guarantees: after a hint no request of any kind comes before its time, though the own back-off would be shorter.
fn obeys(protocol: Protocol, fault: Answer) {
    let site = Site::with_logs(3, 1);
    let destination = Destination::start(protocol, move |_, number| match number {
        0 => fault.clone(),
        _ => Answer::Take,
    });
    let mut config = small(config(&destination, protocol));
    config.pace.in_flight = 1;
    let report = site.deliver(config);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.throttled, Duration::from_secs(1));
    let seen = destination.book.seen();
    assert!(
        seen[1].at - seen[0].at >= Duration::from_secs(1),
        "{:?}",
        seen[1].at - seen[0].at
    );
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..3));
}

/// Guarantees: a request without an answer is given up after the timeout and sent again. What the destination took while
/// its answer came too late is doubled; that is what "at least once" means.
pub(crate) fn hangs(protocol: Protocol) {
    let site = Site::with_logs(4, 5);
    let destination = Destination::start(
        protocol,
        |_, number| if number == 1 { Answer::Hang } else { Answer::Take },
    );
    let timeout = ("OTEL_EXPORTER_OTLP_TIMEOUT", "300");
    let report = site.deliver(small(config_at(destination.address, protocol, &[timeout])));
    assert!(report.is_clean(), "{report:?}");
    let mut taken = destination.book.taken();
    taken.dedup();
    assert_eq!(taken, names(Signal::Logs, 0..20));
    assert!(report.retries >= 1);
}

/// Guarantees: a request whose connection broke is sent again over a new one.
pub(crate) fn closes_mid_request(protocol: Protocol) {
    let site = Site::with_logs(4, 5);
    let destination = Destination::start(
        protocol,
        |_, number| if number < 2 { Answer::Close } else { Answer::Take },
    );
    let mut config = small(config(&destination, protocol));
    config.pace.in_flight = 1;
    let report = site.deliver(config);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..20));
    assert_eq!(report.retries, 2);
}

/// Scenario: the credential is wrong, later it is right. Guarantees: no record is refused meanwhile, all come later, and
/// the reason that is shown has no secret in it.
pub(crate) fn does_not_know_us(protocol: Protocol) {
    let site = Site::with_logs(4, 5);
    let known = |seen: &crate::destination::Seen, _| match seen.headers["authorization"].to_str().unwrap() {
        "Bearer right" => Answer::Take,
        _ => Answer::Unauthorized,
    };
    let destination = Destination::start(protocol, known);
    let with = |value| {
        let headers = ("OTEL_EXPORTER_OTLP_HEADERS", value);
        hopeless(config_at(destination.address, protocol, &[headers]))
    };
    let report = site.deliver(with("authorization=Bearer%20wrong-one"));
    let logs = report.of_signal(Signal::Logs);
    assert!(report.gave_up && logs.refused == 0, "{report:?}");
    assert_eq!(logs.waiting.frames, 4);
    let error = logs.last_error.clone().unwrap();
    assert!(error.contains("not today") && !error.contains("wrong-one"), "{error}");
    assert!(site.deliver(with("authorization=Bearer%20right")).is_clean());
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..20));
}
