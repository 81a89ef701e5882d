//! Streams as they should not be: cut off, doubled, out of order, broken, killed, silent.

use super::captures::{Played, START, events, play};
use crate::records::{assert_sound, body, completed, context, int, named, text, texts, yes};
use proptest::prelude::*;
use proptest::sample::Index;
use sitelog_provision::{End, Operation, Output};

fn exited(code: i32) -> End {
    End {
        exit_code: Some(code),
        streams: 1,
        ..End::default()
    }
}

fn result(played: &Played) -> &str {
    text(&completed(&played.out).attributes, "sitelog.operation.result").unwrap()
}

fn fault(played: &Played, fault: &str) -> Option<i64> {
    int(&completed(&played.out).attributes, &format!("sitelog.events.{fault}"))
}

#[test]
fn an_event_that_comes_again_is_recorded_once() {
    let events = events("07-up-fail", 1);
    let clean = play("07-up-fail", &events, &exited(1));
    let doubled: Vec<_> = events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
    let played = play("07-up-fail", &doubled, &exited(1));
    assert_sound(&played.out);
    assert_eq!(played.out.logs.len(), clean.out.logs.len());
    assert_eq!(fault(&played, "duplicated"), Some(events.len() as i64));
    assert_eq!(fault(&played, "received"), Some(events.len() as i64));
}

#[test]
fn what_did_not_come_is_said_and_counted() {
    let mut events = events("07-up-fail", 1);
    events.drain(40..44);
    events.remove(60);
    let played = play("07-up-fail", &events, &exited(1));
    assert_eq!(fault(&played, "lost"), Some(5));
    let warning = named(&played.out, "sitelog.diagnostic")
        .into_iter()
        .rfind(|r| r.severity_text == "WARN");
    assert!(!texts(&completed(&played.out).attributes, "sitelog.summary.disagreement").is_empty());
    assert!(body(warning.unwrap()).starts_with("the engine's account does not fit: "));
    let gaps = "5 events of the engine did not arrive: 40–43, 64";
    assert!(
        named(&played.out, "sitelog.diagnostic")
            .into_iter()
            .any(|record| body(record) == gaps)
    );
}

#[test]
fn what_cannot_be_read_is_counted_and_the_rest_goes_on() {
    let mut events = events("07-up-fail", 1);
    let whole = play("07-up-fail", &events, &exited(1));
    events[33].truncate(70);
    events.insert(50, b"panic: runtime error".to_vec());
    let played = play("07-up-fail", &events, &exited(1));
    assert_sound(&played.out);
    assert_eq!(fault(&played, "malformed"), Some(2));
    assert_eq!(fault(&played, "lost"), Some(1));
    assert_eq!(result(&played), result(&whole));
}

/// The engine is killed: its stream stops between two events, and there is no summary.
#[test]
fn a_killed_engine_leaves_an_interrupted_operation_and_names_what_was_under_way() {
    let all = events("08-up-sigint", 1);
    let until = all
        .iter()
        .position(|event| event.windows(11).any(|w| w == b"stdoutEvent"))
        .unwrap();
    let end = End {
        signal: Some("SIGKILL".into()),
        streams: 1,
        ..End::default()
    };
    let played = play("08-up-sigint", &all[..until], &end);
    assert_sound(&played.out);
    let completed = completed(&played.out);
    assert_eq!(result(&played), "interrupted");
    assert!(yes(&completed.attributes, "sitelog.summary.missing"));
    assert_eq!(text(&completed.attributes, "error.type"), Some("SIGKILL"));
    let failed = named(&played.out, "sitelog.resource.failed");
    let names: Vec<_> = failed
        .iter()
        .map(|r| text(&r.attributes, "sitelog.resource.name").unwrap())
        .collect();
    assert_eq!(names, ["slow-1", "slow-2"]);
    assert!(
        failed
            .iter()
            .all(|r| text(&r.attributes, "error.type") == Some("unfinished"))
    );
}

#[test]
fn a_tool_that_says_nothing_has_an_operation_all_the_same() {
    for (code, outcome) in [(0, "succeeded"), (6, "failed")] {
        let mut out = Output::default();
        let mut at = context("grpc");
        at.verb = Some(sitelog_provision::Verb::Up);
        Operation::begin(at, START).end(
            &End {
                exit_code: Some(code),
                ..End::default()
            },
            START + 9,
            &mut out,
        );
        assert_sound(&out);
        let end = completed(&out);
        assert_eq!(text(&end.attributes, "sitelog.operation.result"), Some(outcome));
        assert_eq!(text(&end.attributes, "error.type"), Some("no_stream"));
        assert!(yes(&end.attributes, "sitelog.summary.missing"));
        assert_ne!(
            end.severity_text, "INFO",
            "nobody but the exit status says that it is well"
        );
    }
}

#[test]
fn a_stream_cut_off_while_the_tool_goes_on_is_no_success() {
    let events = events("01-up-create", 1);
    let played = play(
        "01-up-create",
        &events[..60],
        &End {
            streams: 1,
            ..End::default()
        },
    );
    assert_eq!(result(&played), "interrupted");
}

/// Scenario: sitelog was killed after any number of an operation's records; the next start ends it. Guarantee: numbers and
/// ids go on, nothing is said twice, what was done is counted and what was under way is told as unfinished.
#[test]
fn an_operation_of_a_killed_sitelog_is_taken_up_where_it_was() {
    let whole = play("01-up-create", &events("01-up-create", 1), &exited(0));
    let end = End {
        interrupted: true,
        ..End::default()
    };
    let mut unfinished = 0;
    for stored in 0..whole.out.logs.len() {
        let mut resumed = Operation::resume(context("grpc"), START);
        assert!(whole.out.logs[..stored].iter().all(|record| resumed.recall(record)));
        let mut out = Output::default();
        resumed.end(&end, START + 5_000_000_000, &mut out);
        let all: Vec<_> = whole.out.logs[..stored].iter().chain(&out.logs).collect();
        let seqs = all.iter().map(|record| int(&record.attributes, "sitelog.seq").unwrap());
        assert!(seqs.eq(0..all.len() as i64), "after {stored}");
        let of = |event: &str| all.iter().filter(|record| record.event_name == event).count();
        assert_eq!(of("sitelog.operation.started"), 1, "after {stored}");
        assert_eq!(of("sitelog.operation.completed"), 1, "after {stored}");
        assert_eq!(
            of("sitelog.resource.failed"),
            of("sitelog.resource.started").saturating_sub(of("sitelog.resource.completed"))
        );
        unfinished += of("sitelog.resource.failed");
        let record = completed(&out);
        let counted = all.iter().filter(|record| {
            yes(&record.attributes, "sitelog.resource.counted")
                && text(&record.attributes, "sitelog.resource.action") == Some("create")
        });
        let counted = counted.count() as i64;
        assert_eq!(int(&record.attributes, "sitelog.changes.create").unwrap_or(0), counted);
        let said = |key| text(&record.attributes, key);
        assert_eq!(said("sitelog.operation.result"), Some("interrupted"));
        assert_eq!(said("error.type"), Some("interrupted"));
        assert_eq!(out.spans.last().unwrap().span_id, record.span_id);
    }
    assert!(unfinished > 0);
    let mut resumed = Operation::resume(context("grpc"), START);
    assert!(!resumed.recall(whole.out.logs.last().unwrap()));
}

#[test]
fn a_megabytes_long_event_is_one_step_and_nothing_of_it_stays() {
    let blob = "x".repeat(3 << 20);
    let state = format!(r#"{{"urn":"u","custom":true,"inputs":{{"b":"{blob}"}},"outputs":{{"b":"{blob}"}}}}"#);
    let event = format!(
        r#"{{"sequence":0,"timestamp":1,"resOutputsEvent":{{"metadata":{{"op":"same","urn":"urn:pulumi:s::p::t:i:T::n",
        "type":"t:i:T","old":{state},"new":{state},"detailedDiff":null}}}}}}"#
    );
    let played = play("x", &[event.into_bytes()], &exited(0));
    let record = named(&played.out, "sitelog.resource.completed")[0];
    assert_eq!(text(&record.attributes, "sitelog.resource.action"), Some("same"));
    let size: usize = played.out.logs.iter().map(prost::Message::encoded_len).sum();
    assert!(size < 4096, "{size} bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever becomes of a stream on its way: no panic, and an operation that is sound.
    #[test]
    fn any_stream_makes_a_sound_operation(
        case in prop::sample::select(vec![("07-up-fail", 1), ("13-up-policy-block", 1), ("04-up-change", 2), ("06-refresh", 1)]),
        picks in prop::collection::vec(any::<Index>(), 0..160),
        cuts in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..6),
        code in prop::option::of(0..3i32),
    ) {
        let all = events(case.0, case.1);
        let mut events: Vec<_> = picks.iter().map(|pick| pick.get(&all).clone()).collect();
        for (event, at, byte) in cuts {
            if events.is_empty() {
                continue;
            }
            let event = event.index(events.len());
            let at = at.index(events[event].len().max(1));
            match events[event].get_mut(at) {
                Some(old) if byte < 200 => *old = byte,
                _ => events[event].truncate(at),
            }
        }
        let played = play(case.0, &events, &End { exit_code: code, streams: 1, ..End::default() });
        assert_sound(&played.out);
        let told = ["received", "duplicated", "malformed"].iter().map(|f| fault(&played, f).unwrap_or(0));
        prop_assert_eq!(told.sum::<i64>(), events.len() as i64);
    }

    /// A cut stream never claims more than the whole one.
    #[test]
    fn a_cut_stream_claims_no_resource_that_the_whole_one_does_not(keep in 0..102usize) {
        let all = events("07-up-fail", 1);
        let urns = |played: &Played| -> std::collections::BTreeSet<String> {
            let records = named(&played.out, "sitelog.resource.completed").into_iter();
            records.map(|r| text(&r.attributes, "sitelog.resource.urn").unwrap().to_owned()).collect()
        };
        let whole = urns(&play("07-up-fail", &all, &exited(1)));
        let cut = play("07-up-fail", &all[..keep], &End { signal: Some("SIGKILL".into()), streams: 1, ..End::default() });
        assert_sound(&cut.out);
        prop_assert!(urns(&cut).is_subset(&whole));
    }

    /// Mutations of what the fuzzer starts from, and of a capture.
    #[test]
    fn any_bytes_are_read_or_refused(
        seed in 0..2usize,
        edits in prop::collection::vec((any::<Index>(), any::<u8>()), 0..12),
        cut in any::<Index>(),
    ) {
        let mut bytes = match seed {
            0 => include_bytes!("../../../../../fuzz/corpus/pulumi/stream.ndjson").to_vec(),
            _ => events("07-up-fail", 1)[30..44].join(&b'\n'),
        };
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        super::fuzzed::check(&bytes);
    }
}
