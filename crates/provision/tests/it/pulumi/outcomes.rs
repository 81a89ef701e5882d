//! The records of every capture say what became of it in truth.

use super::captures::{Played, Set, Truth, play_case, truths};
use crate::records::{assert_sound, completed, int, named, text, texts, value, yes};
use std::collections::BTreeSet;

/// Resources of which a record says that something was done to them.
fn done<'a>(played: &'a Played, action: &str) -> BTreeSet<&'a str> {
    let records = named(&played.out, "sitelog.resource.completed").into_iter();
    let records = records.filter(|r| text(&r.attributes, "sitelog.resource.action") == Some(action));
    let records = records.filter(|r| !yes(&r.attributes, "sitelog.resource.planned"));
    records
        .map(|r| text(&r.attributes, "sitelog.resource.urn").unwrap())
        .collect()
}

fn assert_set(case: &str, what: &str, found: &BTreeSet<&str>, truth: &Set) {
    match truth {
        Set::These(urns) => {
            assert_eq!(found, &urns.iter().map(String::as_str).collect(), "{case}: {what}");
        }
        Set::Many { count } => assert_eq!(found.len(), *count, "{case}: {what}"),
    }
}

fn each(check: impl Fn(&str, &Truth, &[Played])) {
    let truths = truths();
    assert_eq!(truths.len(), 16);
    for (case, truth) in &truths {
        check(case, truth, &play_case(case, truth));
    }
}

#[test]
fn results_and_resources_are_those_of_the_truth() {
    each(|case, truth, played| {
        let last = played.last().unwrap();
        let end = completed(&last.out);
        assert_eq!(
            text(&end.attributes, "sitelog.operation.result"),
            Some(&*truth.outcome),
            "{case}"
        );
        assert_eq!(
            text(&end.attributes, "sitelog.operation.name"),
            Some(&*truth.operation),
            "{case}"
        );
        assert_eq!(
            int(&end.attributes, "process.exit.code"),
            Some(truth.exit_code.into()),
            "{case}"
        );
        assert_set(case, "created", &done(last, "create"), &truth.created);
        assert_set(case, "updated", &done(last, "update"), &truth.updated);
        assert_set(case, "replaced", &done(last, "replace"), &truth.replaced);
        assert_set(case, "deleted", &done(last, "delete"), &truth.deleted);
        let failed = named(&last.out, "sitelog.resource.failed").into_iter();
        let failed: BTreeSet<_> = failed
            .map(|r| text(&r.attributes, "sitelog.resource.name").unwrap())
            .collect();
        assert_eq!(failed, truth.failed.iter().map(String::as_str).collect(), "{case}");
        assert_eq!(text(&last.resource, "pulumi.project"), Some(&*truth.project), "{case}");
        assert_eq!(text(&last.resource, "pulumi.stack"), Some(&*truth.stack), "{case}");
    });
}

#[test]
fn counts_are_those_of_the_history_and_fit_the_events() {
    each(|case, truth, played| {
        for played in played {
            let end = completed(&played.out);
            let differing = texts(&end.attributes, "sitelog.summary.disagreement");
            assert_eq!(differing, [""; 0], "{case}");
            assert!(!yes(&end.attributes, "sitelog.summary.missing"), "{case}");
        }
        let end = completed(&played.last().unwrap().out);
        for (action, count) in truth.changes.iter().flatten() {
            let found = int(&end.attributes, &format!("sitelog.changes.{action}"));
            assert_eq!(found, Some(*count), "{case}: {action}");
        }
    });
}

#[test]
fn the_records_that_count_add_up_to_the_counts() {
    each(|case, _, played| {
        for played in played {
            if case == "03-preview-json" {
                // The digest leaves out steps that do nothing.
                continue;
            }
            let end = completed(&played.out);
            for word in ["create", "update", "replace", "delete", "same"] {
                let counted = named(&played.out, "sitelog.resource.completed")
                    .into_iter()
                    .filter(|record| {
                        yes(&record.attributes, "sitelog.resource.counted")
                            && text(&record.attributes, "pulumi.op") == Some(word)
                    });
                let told = int(&end.attributes, &format!("sitelog.changes.{word}")).unwrap_or(0);
                assert_eq!(counted.count() as i64, told, "{case}: {word}");
            }
        }
    });
}

/// Every event is a record, or one of those that make none; nothing is there twice.
#[test]
fn each_event_is_accounted_for() {
    each(|case, _, played| {
        for played in played {
            assert_sound(&played.out);
            let end = completed(&played.out);
            let ours = |record: &&sitelog_model::otlp::logs::v1::LogRecord| {
                value(&record.attributes, "sitelog.engine.sequence").is_none()
            };
            let own = played.out.logs.iter().filter(ours).count();
            if case == "03-preview-json" {
                continue;
            }
            assert_eq!(played.out.logs.len() - own + played.silent, played.events, "{case}");
            assert_eq!(
                int(&end.attributes, "sitelog.events.received"),
                Some(played.events as i64),
                "{case}"
            );
            for fault in ["lost", "duplicated", "reordered", "malformed", "unknown"] {
                assert_eq!(
                    int(&end.attributes, &format!("sitelog.events.{fault}")),
                    None,
                    "{case}: {fault}"
                );
            }
        }
    });
}

/// A plan is an operation of its own, and does nothing.
#[test]
fn what_is_planned_is_not_done() {
    let truths = truths();
    let previews = [("02-preview-change", 1), ("03-preview-json", 1), ("04-up-change", 1)];
    for (case, number) in previews {
        let played = &play_case(case, &truths[case])[number - 1];
        let end = completed(&played.out);
        assert_eq!(
            text(&end.attributes, "sitelog.operation.name"),
            Some("preview"),
            "{case}"
        );
        assert_eq!(
            text(&end.attributes, "sitelog.operation.result"),
            Some("succeeded"),
            "{case}"
        );
        assert_eq!(int(&end.attributes, "sitelog.changes.replace"), Some(4), "{case}");
        let steps = named(&played.out, "sitelog.resource.completed");
        assert!(steps.len() > 8, "{case}");
        assert!(
            steps.iter().all(|r| yes(&r.attributes, "sitelog.resource.planned")),
            "{case}"
        );
        assert_eq!(
            played.out.spans.len(),
            1,
            "{case}: nothing took time but the preview itself"
        );
    }
}
