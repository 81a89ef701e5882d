//! Recorded runs, against the truth of their states before and after.

use super::tally::{Addresses, Done, Tally, messages, text};
use serde_json::Value;
use sitelog_provision::{Fact, Level};
use std::path::{Path, PathBuf};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/terraform")
        .join(name)
}

fn file(name: &str, file: &str) -> Vec<u8> {
    let path = case(name).join(file);
    std::fs::read(&path).unwrap_or_else(|_| {
        let packed = path.with_file_name(format!("{file}.zst"));
        std::fs::read(packed)
            .map(|packed| zstd::decode_all(&packed[..]).unwrap())
            .unwrap_or_default()
    })
}

fn addresses(truth: &Value) -> Addresses {
    truth
        .as_array()
        .into_iter()
        .flatten()
        .map(|address| address.as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn truth(name: &str) -> (Done, String, i64) {
    let truth: Value = serde_json::from_slice(&file(name, "truth.json")).unwrap();
    let diff = &truth["state_diff"];
    let done = Done {
        created: addresses(&diff["created"]),
        updated: addresses(&diff["updated"]),
        replaced: addresses(&diff["replaced"]),
        deleted: addresses(&diff["deleted"]),
        failed: truth["failures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|failure| failure["resource"].as_str().unwrap().into())
            .collect(),
        tainted: addresses(&diff["tainted"]),
    };
    (
        done,
        truth["outcome"].as_str().unwrap().to_owned(),
        truth["exit_code"].as_i64().unwrap(),
    )
}

/// Every recorded case but the bulk ones.
pub(crate) const CASES: [&str; 14] = [
    "t01-plan-json",
    "t02-apply-json",
    "t03-apply-text",
    "t04-plan-change-text",
    "t05-apply-change-json",
    "t05b-plan-noop-json",
    "t06-apply-fail-json",
    "t07-apply-fail-text",
    "t08-apply-sigint-json",
    "t09-plan-tainted-json",
    "t10-destroy-json",
    "t11-destroy-text",
    "u01-tofu-apply",
    "u02-tofu-apply-fail",
];

/// The facts of every form of a case that was recorded.
pub(crate) fn forms(name: &str) -> Vec<Vec<Fact>> {
    let stdout = file(name, "stdout.txt");
    if name.contains("-json") {
        return vec![messages(&stdout)];
    }
    let stderr = file(name, "stderr.txt");
    let forms = [true, false].map(|errors_first| text(&stdout, &stderr, errors_first));
    let events = file(name, "tofu-events.ndjson");
    let events = (!events.is_empty()).then(|| messages(&events));
    forms.into_iter().chain(events).collect()
}

fn tallies(name: &str) -> Vec<Tally> {
    forms(name).iter().map(|facts| Tally::of(facts)).collect()
}

/// Scenario: every recorded run with the built-in resource type, as messages and as text.
/// Guarantees: what was created, updated, replaced, deleted, failed and tainted is what the states say, and so is the outcome.
#[test]
fn recorded_runs_come_to_what_their_states_say() {
    for name in CASES {
        let (mut expected, outcome, exit) = truth(name);
        if name.contains("-plan-") {
            // What was tainted before a plan is no news of it.
            expected.tainted.clear();
        }
        for tally in tallies(name) {
            assert_eq!(tally.done, expected, "{name}");
            assert_eq!(tally.outcome(exit), outcome, "{name}");
            assert_eq!(
                tally.open.iter().filter(|open| !open.starts_with("refresh")).count(),
                0,
                "{name}: {:?}",
                tally.open
            );
            if exit == 0 && !name.contains("-plan-") {
                tally.account_is_right();
            }
        }
    }
}

/// Scenario: 2,000 resources made and taken down.
/// Guarantees: none is lost or doubled.
#[test]
fn bulk_runs_lose_nothing() {
    for (name, word) in [("t12-bulk-apply-json", "create"), ("t13-bulk-destroy-json", "delete")] {
        let tally = Tally::of(&messages(&file(name, "stdout.txt")));
        let set = if word == "create" {
            &tally.done.created
        } else {
            &tally.done.deleted
        };
        assert_eq!(set.len(), 2000, "{name}");
        assert_eq!(tally.planned[word], *set, "{name}");
        assert_eq!(tally.counted[word], 2000, "{name}");
        assert!(
            tally.done.failed.is_empty() && tally.unknown.iter().all(|(kind, _)| kind == "outputs"),
            "{:?}",
            tally.unknown
        );
        tally.account_is_right();
    }
}

/// Scenario: the same was done twice, once with messages and once with text.
/// Guarantees: both readers say the same of it.
#[test]
fn text_and_messages_agree() {
    for (json, human) in [
        ("t02-apply-json", "t03-apply-text"),
        ("t01-plan-json", "t03-apply-text"),
        ("t10-destroy-json", "t11-destroy-text"),
        ("t06-apply-fail-json", "t07-apply-fail-text"),
    ] {
        let [json, human] = [json, human].map(|name| tallies(name).remove(0));
        // The programs' phases differ in part: what both have is the same.
        let both = |tally: &Tally, other: &Tally| -> Vec<_> {
            let known: Addresses = other.planned.values().flatten().cloned().collect();
            let planned = tally
                .planned
                .iter()
                .flat_map(|(word, set)| set.iter().map(move |address| (address.clone(), word.clone())));
            planned
                .filter(|(address, _)| known.contains(address))
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect()
        };
        assert_eq!(both(&json, &human), both(&human, &json));
        assert_eq!(json.policies, human.policies);
        assert_eq!(json.done.failed, human.done.failed);
        let said = |tally: &Tally| {
            tally
                .diagnostics
                .iter()
                .map(|(level, said, at)| (*level, said.lines().next().unwrap().to_owned(), at.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(said(&json), said(&human));
    }
    let mut forms = tallies("u02-tofu-apply-fail");
    let events = forms.pop().unwrap();
    for form in forms {
        assert_eq!(form.planned, events.planned);
        assert_eq!(form.ephemeral, events.ephemeral);
        assert_eq!(form.refreshed, events.refreshed);
        assert_eq!(form.summaries, events.summaries);
        assert_eq!(form.policies, events.policies);
    }
    assert_eq!(events.version.as_deref(), Some("1.12.6-dev"));
}

/// Scenario: a plan for people, of updates, replacements and a deletion.
/// Guarantees: all are known with the names of what changes, and no value.
#[test]
fn a_plan_for_people_names_what_changes() {
    let tally = tallies("t04-plan-change-text").remove(0);
    let words: Vec<_> = tally
        .planned
        .iter()
        .map(|(word, set)| (word.as_str(), set.len()))
        .collect();
    assert_eq!(words, [("create", 2), ("delete", 2), ("replace", 3), ("update", 3)]);
    assert_eq!(
        tally.diffs["terraform_data.vault"],
        ["id", "output", "triggers_replace"]
    );
    assert_eq!(tally.diffs["terraform_data.bootstrap"], ["input", "output"]);
    assert_eq!(tally.summaries.len(), 1);
    assert!(tally.summaries[0].planned);
}

/// Scenario: one interrupt while two resources are made.
/// Guarantees: it is told, and both are known as failed and tainted.
#[test]
fn an_interrupt_is_told() {
    let tally = tallies("t08-apply-sigint-json").remove(0);
    assert_eq!(tally.canceled.len(), 1);
    assert!(tally.canceled[0].starts_with("Interrupt received."));
    assert_eq!(tally.done.tainted, tally.done.failed);
    let halted = tally
        .diagnostics
        .iter()
        .filter(|(level, said, _)| *level == Level::Error && said == "execution halted");
    assert_eq!(halted.count(), 5);
}

/// Scenario: values of inputs, outputs and ids stand in the streams.
/// Guarantees: none gets into a fact, but what a provisioner or a diagnostic says in words.
#[test]
fn values_stay_where_they_are() {
    for name in [
        "t02-apply-json",
        "t05-apply-change-json",
        "t03-apply-text",
        "t04-plan-change-text",
        "u01-tofu-apply",
    ] {
        let stdout = file(name, "stdout.txt");
        let mut facts = if name.contains("-json") {
            messages(&stdout)
        } else {
            text(&stdout, b"", true)
        };
        facts.retain(|fact| !matches!(&fact.what, sitelog_provision::What::Diagnostic(said) if said.ephemeral));
        let all = format!("{facts:?}");
        for value in [
            "PLANTED",
            "[id=",
            "bucket-a",
            "75a109b4",
            "known after apply",
            "is tuple with",
        ] {
            assert!(!all.contains(value), "{name}: {value}");
        }
    }
}
