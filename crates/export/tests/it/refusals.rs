//! Destinations that refuse for good: a bad record costs itself, and only what is the data's fault is refused.

use crate::destination::{Answer, Destination, Seen};
use crate::setup::{Site, config, names, patient, small};
use sitelog_export::Patience;
use sitelog_export::config::Protocol;
use sitelog_ledger::Position;
use sitelog_model::Signal;
use std::time::Duration;

fn has(seen: &Seen, poison: &[&str]) -> bool {
    seen.records.iter().any(|record| poison.contains(&record.as_str()))
}

/// Scenario: three bad records among 200, in one request. Guarantees: these three are refused, listed with place and
/// reason, all others arrive once.
pub(crate) fn refuses_a_record(protocol: Protocol) {
    let poison = ["r37", "r38", "r150"];
    let site = Site::with_logs(10, 20);
    let destination = Destination::start(protocol, move |seen, _| match has(seen, &poison) {
        true => Answer::Refuse("delta is not supported"),
        false => Answer::Take,
    });
    let report = site.deliver(config(&destination, protocol));
    let logs = report.of_signal(Signal::Logs);
    assert_eq!(
        (logs.delivered, logs.refused, report.gave_up),
        (197, 3, false),
        "{report:?}"
    );
    let good = (0..200).filter(|number| ![37, 38, 150].contains(number));
    assert_eq!(destination.book.taken(), names(Signal::Logs, good));
    let refused = site.refused(Signal::Logs);
    let places: Vec<_> = refused.iter().map(|range| (range.first, range.records)).collect();
    let at = |frame, item| Position { frame, item };
    assert_eq!(places, [(at(1, 17), 2), (at(7, 10), 1)]);
    assert!(refused[0].reason.contains("delta is not supported"), "{refused:?}");
    assert_eq!(site.cursor(Signal::Logs).lag_frames, 0);
}

/// Guarantees: when nothing is taken at all, delivery still ends, with a bounded number of requests and every record listed.
pub(crate) fn refuses_everything(protocol: Protocol) {
    let site = Site::with_logs(4, 50);
    let destination = Destination::start(protocol, |_, _| Answer::Refuse("no"));
    let mut config = config(&destination, protocol);
    config.pace.refusals_in_a_row = 5;
    let report = site.deliver(config);
    let logs = report.of_signal(Signal::Logs);
    assert_eq!(
        (logs.delivered, logs.refused, report.gave_up),
        (0, 200, false),
        "{report:?}"
    );
    assert!(report.requests < 40, "{} requests", report.requests);
    assert_eq!(site.cursor(Signal::Logs).lag_frames, 0);
}

/// Scenario: HTTP 500 or INTERNAL for one record, which is what Prometheus answers to a delta sum. Guarantees: it costs
/// only itself and does not block the rest.
pub(crate) fn fails_on_a_record(protocol: Protocol) {
    let site = Site::with_logs(10, 10);
    let destination = Destination::start(protocol, |seen, _| match has(seen, &["r37"]) {
        true => Answer::ServerError,
        false => Answer::Take,
    });
    let report = site.deliver(small(config(&destination, protocol)));
    let logs = report.of_signal(Signal::Logs);
    assert_eq!(
        (logs.delivered, logs.refused, report.gave_up),
        (99, 1, false),
        "{report:?}"
    );
    assert_eq!(
        destination.book.taken(),
        names(Signal::Logs, (0..100).filter(|number| *number != 37))
    );
}

/// Scenario: the same answer to everything, so it is the destination. Guarantees: nothing is refused, all of it waits, and
/// arrives when the destination is well again.
pub(crate) fn fails_on_everything(protocol: Protocol) {
    let site = Site::with_logs(4, 4);
    let destination = Destination::start(protocol, |_, _| Answer::ServerError);
    let impatient = Patience {
        total: Duration::from_millis(500),
        ..patient()
    };
    let report = site.deliver_with(config(&destination, protocol), impatient);
    assert_eq!(report.of_signal(Signal::Logs).refused, 0, "{report:?}");
    assert_eq!(report.of_signal(Signal::Logs).waiting.frames, 4);
    let well = Destination::start(protocol, |_, _| Answer::Take);
    assert!(site.deliver(config(&well, protocol)).is_clean());
    assert_eq!(well.book.taken(), names(Signal::Logs, 0..16));
}

/// Scenario: a limit on the size of requests, and one record beyond it. Guarantees: requests are split until they fit; the
/// record that cannot fit is refused.
pub(crate) fn takes_small_requests_only(protocol: Protocol) {
    let site = Site::new();
    site.write(Signal::Logs, 0..100);
    let long = crate::setup::encode(Signal::Logs, vec!["x".repeat(5000)]);
    site.write_payload(Signal::Logs, sitelog_model::Payload::Otlp(long));
    site.write(Signal::Logs, 100..200);
    site.chain.seal().unwrap();
    let size = |seen: &Seen| seen.records.iter().map(String::len).sum::<usize>();
    let destination = Destination::start(protocol, move |seen, _| match size(seen) > 100 {
        true => Answer::TooLarge,
        false => Answer::Take,
    });
    let report = site.deliver(config(&destination, protocol));
    let logs = report.of_signal(Signal::Logs);
    assert_eq!(
        (logs.delivered, logs.refused, report.gave_up),
        (200, 1, false),
        "{report:?}"
    );
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..200));
    assert_eq!(site.refused(Signal::Logs)[0].first, Position::start(1));
}

/// Guarantees: a signal that the destination does not take is refused whole, without a search; the others arrive.
pub(crate) fn does_not_take_the_signal(protocol: Protocol) {
    let site = Site::new();
    site.write(Signal::Logs, 0..100);
    site.write(Signal::Traces, 0..5);
    site.chain.seal().unwrap();
    let destination = Destination::start(protocol, |seen, _| match seen.signal {
        Signal::Logs => Answer::NotTaken,
        _ => Answer::Take,
    });
    let report = site.deliver(config(&destination, protocol));
    assert_eq!(report.of_signal(Signal::Logs).refused, 100, "{report:?}");
    assert_eq!(report.of_signal(Signal::Traces).delivered, 5);
    assert_eq!(report.requests, 2);
    assert_eq!(site.refused(Signal::Logs)[0].records, 100);
}
