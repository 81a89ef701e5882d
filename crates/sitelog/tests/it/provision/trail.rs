//! The records of a run's operations, and what they say was done.

use super::stage::Stage;
use super::truth::{Set, Truth};
use crate::recorded::{Event, Recorded, Span};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The records of one operation, in their order.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) events: Vec<Event>,
}

/// The operations in the order in which they began.
pub(super) fn operations(recorded: &Recorded) -> Vec<Operation> {
    let mut operations: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in &recorded.events {
        if let Some(id) = event.resource.get("sitelog.operation.id") {
            operations
                .entry(id.as_str().unwrap().to_owned())
                .or_default()
                .push(event.clone());
        }
    }
    let operations = operations.into_iter().map(|(id, events)| Operation { id, events });
    let operations: Vec<Operation> = operations.collect();
    for operation in &operations {
        operation.assert_sound();
        operation.assert_in_the_trace(&recorded.spans);
    }
    operations
}

/// The one operation of a run.
#[track_caller]
pub(super) fn operation(recorded: &Recorded) -> Operation {
    let mut operations = operations(recorded);
    assert_eq!(operations.len(), 1, "{operations:#?}");
    operations.remove(0)
}

/// The records of an operation as `sitelog audit show` gives them.
pub(super) fn shown(stage: &Stage, operation: &str) -> Vec<Value> {
    let shown = stage.scene.tell(&["audit", "show", operation, "--format", "jsonl"]);
    assert_eq!(shown.code, 0, "{}", shown.err());
    let records = shown.out().lines().map(|record| serde_json::from_str(record).unwrap());
    records.collect()
}

impl Operation {
    /// What holds whatever happened: numbered without gaps, one `started` first, one `completed` last, ids of their own.
    #[track_caller]
    fn assert_sound(&self) {
        let seqs = self
            .events
            .iter()
            .map(|event| event.attributes["sitelog.seq"].as_i64().unwrap());
        assert!(seqs.eq(0..self.events.len() as i64), "{:#?}", self.events);
        assert_eq!(self.named("sitelog.operation.started").len(), 1, "{:#?}", self.events);
        assert_eq!(self.events[0].name, "sitelog.operation.started");
        assert_eq!(self.named("sitelog.operation.completed").len(), 1, "{:#?}", self.events);
        assert_eq!(self.events.last().unwrap().name, "sitelog.operation.completed");
        assert_eq!(self.ids().len(), self.events.len(), "an id stands twice");
        let numbers: Vec<i64> = self.events.iter().filter_map(number).collect();
        let distinct: BTreeSet<&i64> = numbers.iter().collect();
        assert_eq!(distinct.len(), numbers.len(), "an event was recorded twice");
    }

    /// Every record is of a span that came, and each of these lies below the run's. A run that goes on has sent none.
    #[track_caller]
    fn assert_in_the_trace(&self, spans: &[Span]) {
        let by_id: BTreeMap<&str, &Span> = spans.iter().map(|span| (span.id.as_str(), span)).collect();
        assert_eq!(by_id.len(), spans.len(), "a span came twice");
        for event in &self.events {
            let mut span = by_id[event.span.as_str()];
            let mut above = 0;
            while let Some(parent) = by_id.get(span.parent.as_str()) {
                assert_eq!(span.trace, parent.trace);
                (span, above) = (*parent, above + 1);
            }
            assert!(above > 0 && above < spans.len(), "{event:#?}");
            assert!(
                !span.text("cicd.pipeline.task.run.result").is_empty(),
                "{span:#?} is not the run's"
            );
        }
        let own = by_id[self.completed().span.as_str()];
        let went_wrong = self.result() != "succeeded" || *self.end("error.type") != Value::Null;
        assert_eq!(own.failed, went_wrong, "{own:#?}");
    }

    /// The records' ids.
    pub(super) fn ids(&self) -> BTreeSet<&str> {
        let ids = self
            .events
            .iter()
            .map(|event| event.attributes["log.record.uid"].as_str().unwrap());
        ids.collect()
    }

    pub(super) fn named(&self, name: &str) -> Vec<&Event> {
        self.events.iter().filter(|event| event.name == name).collect()
    }

    pub(super) fn completed(&self) -> &Event {
        self.events.last().unwrap()
    }

    /// An attribute of `completed`.
    pub(super) fn end(&self, key: &str) -> &Value {
        self.completed().attributes.get(key).unwrap_or(&Value::Null)
    }

    pub(super) fn result(&self) -> &str {
        self.end("sitelog.operation.result").as_str().unwrap()
    }

    pub(super) fn name(&self) -> &str {
        let resource = &self.completed().resource;
        resource
            .get("sitelog.operation.name")
            .map_or("", |name| name.as_str().unwrap())
    }

    /// A count on `completed`; what did not happen is not mentioned.
    pub(super) fn count(&self, key: &str) -> i64 {
        self.end(key).as_i64().unwrap_or(0)
    }

    /// Bodies of diagnostics.
    pub(super) fn said(&self) -> Vec<&str> {
        let said = self.named("sitelog.diagnostic").into_iter();
        said.map(|event| event.body.as_str()).collect()
    }

    /// URNs or addresses to which something was done, by `sitelog.resource.action`.
    pub(super) fn done(&self, action: &str) -> Set {
        let records = self.named("sitelog.resource.completed").into_iter();
        let done = records.filter(|event| text(event, "sitelog.resource.action") == action && !is_planned(event));
        done.map(|event| text(event, "sitelog.resource.urn").to_owned())
            .collect()
    }

    /// Names of resources that failed, each once.
    pub(super) fn failed(&self, key: &str) -> Set {
        let records = self.named("sitelog.resource.failed");
        let failed: Set = records.iter().map(|event| text(event, key).to_owned()).collect();
        assert_eq!(failed.len(), records.len(), "failed twice: {records:#?}");
        failed
    }

    /// Created, replaced, deleted by Terraform's steps: a replacement is two of them, and what failed tainted is there.
    pub(super) fn halves(&self) -> [Set; 3] {
        let mut words: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for event in &self.events {
            let address = text(event, "sitelog.resource.urn");
            let action = text(event, "terraform.action");
            match event.name.as_str() {
                "sitelog.resource.completed" if !is_planned(event) => {
                    words.entry(address).or_default().insert(action);
                }
                "sitelog.resource.failed" if event.body.ends_with("tainted") => {
                    let words = words.entry(address).or_default();
                    words.insert("create");
                    words.extend((text(event, "sitelog.resource.action") == "replace").then_some("delete"));
                }
                _ => {}
            }
        }
        let of = |create: bool, delete: bool| {
            let with = words
                .iter()
                .filter(|(_, words)| (words.contains("create"), words.contains("delete")) == (create, delete));
            with.map(|(address, _)| (*address).to_owned()).collect()
        };
        [of(true, false), of(true, true), of(false, true)]
    }

    /// The sets, the result and the counts are those of the truth.
    #[track_caller]
    pub(super) fn is(&self, truth: &Truth, case: &str) {
        assert_eq!(self.result(), truth.outcome, "{case}: {:#?}", self.completed());
        assert_eq!(self.name(), truth.operation, "{case}");
        if truth.is_pulumi {
            truth.created.is(&self.done("create"), case);
            truth.replaced.is(&self.done("replace"), case);
            truth.deleted.is(&self.done("delete"), case);
            assert_eq!(self.failed("sitelog.resource.name"), truth.failed, "{case}");
        } else {
            let [created, replaced, deleted] = self.halves();
            truth.created.is(&created, case);
            truth.replaced.is(&replaced, case);
            truth.deleted.is(&deleted, case);
            assert_eq!(self.failed("sitelog.resource.urn"), truth.failed, "{case}");
        }
        truth.updated.is(&self.done("update"), case);
        for (word, count) in &truth.changes {
            assert_eq!(self.count(&format!("sitelog.changes.{word}")), *count, "{case}: {word}");
        }
        assert_eq!(*self.end("sitelog.summary.disagreement"), Value::Null, "{case}");
    }

    /// Every one of these events came, once, in order and readable, and records are of these alone.
    #[track_caller]
    pub(super) fn took(&self, events: &[String], case: &str) {
        assert_eq!(self.count("sitelog.events.received"), events.len() as i64, "{case}");
        for fault in ["lost", "duplicated", "reordered", "malformed", "unknown"] {
            assert_eq!(self.count(&format!("sitelog.events.{fault}")), 0, "{case}: {fault}");
        }
        let sent: BTreeSet<i64> = events.iter().map(|event| sequence(event)).collect();
        let recorded: BTreeSet<i64> = self.events.iter().filter_map(number).collect();
        assert!(recorded.is_subset(&sent), "{case}: {recorded:?} of {sent:?}");
    }
}

fn sequence(event: &str) -> i64 {
    let event: Value = serde_json::from_str(event).unwrap();
    event["sequence"].as_i64().unwrap()
}

/// The engine's own number of the event.
fn number(event: &Event) -> Option<i64> {
    event.attributes.get("sitelog.engine.sequence")?.as_i64()
}

fn text<'a>(event: &'a Event, key: &str) -> &'a str {
    event.attributes.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_planned(event: &Event) -> bool {
    event.attributes.get("sitelog.resource.planned") == Some(&Value::Bool(true))
}
