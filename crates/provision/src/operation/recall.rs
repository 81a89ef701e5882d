//! An operation as its stored records tell it, for the end of one whose sitelog was killed.

use super::{Operation, event};
use crate::{Action, Step};
use sitelog_model::attributes as name;
use sitelog_model::otlp::common::v1::{KeyValue, any_value::Value};
use sitelog_model::otlp::logs::v1::{LogRecord, SeverityNumber};

impl Operation {
    /// Takes in one stored record of a [resumed](Self::resume) operation, in the order of `sitelog.seq`. False when it was
    /// the end: there is nothing left to do.
    pub fn recall(&mut self, record: &LogRecord) -> bool {
        self.started = true;
        if let Some(Value::IntValue(seq)) = value(&record.attributes, name::SITELOG_SEQ) {
            self.scribe.skip(u64::try_from(*seq).unwrap_or(0));
        }
        let address = text(&record.attributes, name::SITELOG_RESOURCE_URN);
        address.into_iter().for_each(|address| self.learn_place(address));
        // What a record does not say is none of these.
        let step = || step(&record.attributes);
        match record.event_name.as_str() {
            event::COMPLETED => return false,
            event::RESOURCE_STARTED => {
                if let Some(step) = step() {
                    self.evidence.begins();
                    self.evidence.see(&step);
                    self.resources.begin(step, record.time_unix_nano);
                }
            }
            event::RESOURCE_COMPLETED => {
                if let Some(step) = step() {
                    self.recall_end(&step);
                    self.resources.completed(&step, false);
                }
            }
            event::RESOURCE_FAILED => {
                if let Some(step) = step() {
                    self.recall_end(&step);
                    self.resources.failed(&step.address);
                }
            }
            event::DIAGNOSTIC if record.severity_number == SeverityNumber::Error as i32 => {
                self.errors += 1;
                address
                    .into_iter()
                    .for_each(|address| self.resources.blame(address, "diagnostic"));
            }
            event::CANCELED => self.canceled = true,
            _ => {}
        }
        true
    }

    fn recall_end(&mut self, step: &Step) {
        if self.resources.close(step).is_none() {
            self.evidence.see(step);
        }
    }
}

/// The step that a record is of.
fn step(of: &[KeyValue]) -> Option<Step> {
    let owned = |key: &str| text(of, key).map(str::to_owned);
    let word = owned(name::PULUMI_OP).or_else(|| owned(name::TERRAFORM_ACTION));
    let action = text(of, name::SITELOG_RESOURCE_ACTION).and_then(Action::named);
    Some(Step {
        address: owned(name::SITELOG_RESOURCE_URN)?,
        kind: owned(name::SITELOG_RESOURCE_TYPE).unwrap_or_default(),
        name: owned(name::SITELOG_RESOURCE_NAME).unwrap_or_default(),
        action: action.unwrap_or(Action::Same),
        engine_action: word.unwrap_or_default(),
        parent: owned(name::SITELOG_RESOURCE_PARENT),
        diff: Vec::new(),
        planned: is(of, name::SITELOG_RESOURCE_PLANNED),
        counted: is(of, name::SITELOG_RESOURCE_COUNTED),
        component: is(of, name::SITELOG_RESOURCE_COMPONENT),
        why: None,
    })
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match value(attributes, key) {
        Some(Value::StringValue(text)) => Some(text),
        _ => None,
    }
}

fn is(attributes: &[KeyValue], key: &str) -> bool {
    matches!(value(attributes, key), Some(Value::BoolValue(true)))
}
