//! Engines and streams as they should not be: what is recorded is what came, and what is missing is counted.

use super::stage::{Stage, typed};
use super::trail::{Operation, operation};
use super::truth::{Truth, events};
use serde_json::Value;

const CASE: &str = "01-up-create";

/// The recorded run with other events.
fn played(stage: &Stage) -> Operation {
    let argv = typed(CASE);
    let job: Vec<&str> = argv.iter().map(String::as_str).collect();
    let ran = stage.run(&[], &job);
    let operation = operation(&stage.recorded());
    let said = match operation.count("sitelog.events.malformed") {
        0 => String::new(),
        count => format!("sitelog: {count} events of tools could not be read\n"),
    };
    assert_eq!((ran.code, ran.err()), (0, said.as_str()));
    stage.scene.verified_chains();
    operation
}

/// The recorded run with its events changed.
fn with(change: impl FnOnce(&mut Vec<String>)) -> Operation {
    let mut events = events(CASE, 1);
    change(&mut events);
    played(&Stage::of(&[CASE]).with_events(CASE, &events))
}

/// The first event of a kind, and of a resource where one is named.
fn at(events: &[String], kind: &str, name: &str) -> usize {
    let is = |event: &&String| event.contains(&format!("\"{kind}\"")) && event.contains(name);
    events.iter().position(|event| is(&event)).unwrap()
}

fn number(event: &str) -> u64 {
    serde_json::from_str::<Value>(event).unwrap()["sequence"]
        .as_u64()
        .unwrap()
}

/// Scenario: events come twice, or not in order. Guarantees: each is recorded once, the account is right, and it is counted.
#[test]
fn doubled_and_reordered_events_change_nothing() {
    let doubled = with(|events| {
        for at in [20, 40, 60] {
            events.insert(at, events[at].clone());
        }
    });
    assert_eq!(doubled.count("sitelog.events.duplicated"), 3);
    doubled.is(&Truth::of(CASE), "doubled");
    let reordered = with(|events| {
        let outputs = at(events, "resOutputsEvent", "");
        events.swap(outputs, outputs + 1);
    });
    assert_eq!(reordered.count("sitelog.events.reordered"), 1);
    reordered.is(&Truth::of(CASE), "reordered");
    for operation in [doubled, reordered] {
        assert_eq!(operation.count("sitelog.events.lost"), 0);
    }
}

/// Scenario: events are cut off in the middle, are no JSON, or of a kind that nobody knew. Guarantees: they are counted, the
/// unknown one is recorded, the rest is as it was.
#[test]
fn unreadable_and_unknown_events_are_counted() {
    let mut lost = Vec::new();
    let malformed = with(|events| {
        for (place, broken) in [(30, "{\"sequence\":30,\"timestamp\":17"), (50, "no event at all")] {
            let place = (place..)
                .find(|at| events[*at].contains("\"severity\":\"debug\""))
                .unwrap();
            lost.push(number(&events[place]));
            events[place] = broken.to_owned();
        }
    });
    assert_eq!(malformed.count("sitelog.events.malformed"), 2);
    assert_eq!(malformed.count("sitelog.events.lost"), lost.len() as i64);
    malformed.is(&Truth::of(CASE), "malformed");

    let unknown = with(|events| {
        let place = at(events, "diagnosticEvent", "\"severity\":\"debug\"");
        events[place] = format!(
            "{{\"sequence\":{},\"timestamp\":1795250609,\"quantumEvent\":{{\"spin\":\"half\"}}}}",
            number(&events[place])
        );
    });
    assert_eq!(unknown.count("sitelog.events.unknown"), 1);
    assert_eq!(unknown.count("sitelog.events.lost"), 0);
    assert!(
        unknown.said().iter().any(|said| said.contains("quantumEvent")),
        "{:#?}",
        unknown.said()
    );
    unknown.is(&Truth::of(CASE), "unknown");
}

/// Scenario: what became of one resource does not come. Guarantees: one event is known to be lost, and that the engine's
/// count is another is recorded.
#[test]
fn a_lost_event_is_noticed() {
    let lost = with(|events| {
        events.remove(at(events, "resOutputsEvent", "random:index/randomString:RandomString"));
    });
    assert_eq!(lost.count("sitelog.events.lost"), 1);
    assert_eq!(lost.result(), "succeeded");
    let (summary, account) = (Truth::of(CASE).changes["create"], lost.count("sitelog.changes.create"));
    assert_eq!(account, summary, "the engine's own count stands");
}

/// Scenario: one event of 6 MB. Guarantees: it and all that follow are recorded.
#[test]
fn an_event_of_six_megabytes_costs_nothing() {
    let mut events = events(CASE, 1);
    let place = at(&events, "resOutputsEvent", "\"inputs\":{");
    let large = format!("\"inputs\":{{\"blob\":\"{}\",", "x".repeat(6 << 20));
    events[place] = events[place].replace("\"inputs\":{", &large);
    assert!(events[place].len() > 6 << 20);
    let operation = played(&Stage::of(&[CASE]).with_events(CASE, &events));
    operation.took(&events, "large");
    operation.is(&Truth::of(CASE), "large");
}

/// Scenario: the stream ends in the middle and the engine exits with 0. Guarantees: the record says that there is no account,
/// and how many resources nothing more was heard of.
#[test]
fn a_stream_without_an_end_is_told() {
    let cut = with(|events| events.truncate(60));
    assert_eq!(*cut.end("sitelog.summary.missing"), Value::Bool(true));
    assert_eq!(*cut.end("error.type"), "no_summary");
    assert_eq!(cut.count("sitelog.resources.unfinished"), 1);
    assert_eq!(cut.count("sitelog.events.received"), 60);
}

/// Scenario: the stack is locked: the engine ends before it opens its event log. Guarantees: one operation, failed, which says
/// that no stream came, by either way of starting it.
#[test]
fn an_engine_without_a_stream_is_recorded() {
    let argv = typed(CASE);
    for script in [false, true] {
        let stage = Stage::of(&[CASE]).with_events(CASE, &[]).exits(CASE, 1);
        let job: Vec<&str> = match script {
            false => argv.iter().map(String::as_str).collect(),
            true => ["sh", "-c", "\"$@\"; exit $?", "sh"]
                .into_iter()
                .chain(argv.iter().map(String::as_str))
                .collect(),
        };
        assert_eq!(stage.run(&[], &job).code, 1);
        let operation = operation(&stage.recorded());
        assert_eq!((operation.result(), operation.name()), ("failed", "up"));
        assert_eq!(*operation.end("error.type"), "no_stream");
        assert_eq!(operation.count("process.exit.code"), 1);
    }
}

/// Scenario: an engine that knows the flag for its events and not yet the variable. Guarantees: it is recorded.
#[test]
fn an_older_engine_gets_the_flag() {
    let operation = played(&Stage::of(&[CASE]).with("REPLAY_VERSION", "3.207.0"));
    operation.took(&events(CASE, 1), "3.207.0");
    operation.is(&Truth::of(CASE), "3.207.0");
}

/// Scenario: the job takes away the folder in which sitelog listens, and starts an engine then. Guarantees: the engine runs as
/// it would alone, with its output recorded and the record sealed; one line says what may be missing.
#[test]
fn an_engine_runs_where_the_sockets_are_gone() {
    let stage = Stage::of(&[CASE]);
    let script =
        "log=${PULUMI_OPTION_EVENT_LOG#tcp://unix:}; rm -r \"${log%/*}\"; pulumi up --yes --skip-preview; exit $?";
    let ran = stage.run(&["--no-redact-output"], &["sh", "-c", script]);
    assert_eq!(ran.code, 0);
    assert!(ran.one_line().contains("tools may not be recorded"), "{}", ran.err());
    assert!(ran.stdout == super::truth::printed(CASE).0, "{}", ran.out());
    assert!(!stage.recorded().lines.is_empty());
    assert_eq!(stage.scene.verified_chains().len(), 1);
}

/// Scenario: nobody listens at the destination during the whole run. Guarantees: the run is as it was and not held up;
/// `flush` delivers every record, once.
#[test]
fn a_sink_that_is_down_holds_up_nothing() {
    use crate::sink::{Answer, Reserved, Sink};
    let (stage, nobody) = (Stage::of(&[CASE]), Reserved::new());
    let to = nobody.endpoint();
    let argv = typed(CASE);
    let job: Vec<&str> = argv.iter().map(String::as_str).collect();
    let ran = stage.run(&["--otlp.endpoint", &to], &job);
    assert_eq!((ran.code, ran.err()), (0, ""));
    let kept = operation(&stage.recorded());
    kept.is(&Truth::of(CASE), CASE);
    let sink = Sink::at(nobody, Answer::Take);
    assert_eq!(stage.scene.tell(&["flush", "--otlp.endpoint", &to]).code, 0);
    assert_eq!(operation(&sink.recorded()).ids(), kept.ids());
}
