//! Records and spans of steps on resources.

use super::resources::Open;
use super::{Draft, Operation, Output, Tool, When, event, span};
use crate::Step;
use sitelog_model::attributes as name;
use sitelog_model::key_value;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::logs::v1::SeverityNumber;

impl Operation {
    pub(super) fn resource_started(&mut self, step: Step, when: When, out: &mut Output) {
        self.learn_place(&step.address);
        self.evidence.begins();
        self.evidence.see(&step);
        let mut attributes = self.identity(&step);
        attributes.extend(details(&step));
        let body = match step.planned {
            true => format!("planning to {} {} {}", step.action.name(), step.kind, step.name),
            false => format!("{} {} {}", step.action.doing(), step.kind, step.name),
        };
        let draft = Draft {
            event: event::RESOURCE_STARTED,
            severity: SeverityNumber::Debug,
            body,
            span: self.resources.begin(step, when.time),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, when));
    }

    pub(super) fn resource_completed(&mut self, step: Step, when: When, out: &mut Output) {
        self.learn_place(&step.address);
        let open = self.resources.close(&step);
        if open.is_none() {
            // Told only when it is done: a digest's steps, or one whose beginning was lost.
            self.evidence.see(&step);
        }
        self.complete(step, open, false, when, out);
    }

    /// Records a step as done, `inferred` where no event of its own says so.
    pub(super) fn complete(&mut self, step: Step, open: Option<Open>, inferred: bool, when: When, out: &mut Output) {
        let counted = self.resources.completed(&step, self.context.tool == Tool::Pulumi);
        let identity = self.identity(&step);
        let mut attributes = identity.clone();
        attributes.extend(details(&step));
        attributes.push(key_value::boolean(name::SITELOG_RESOURCE_COUNTED, counted));
        if inferred {
            attributes.push(key_value::boolean(name::SITELOG_RESOURCE_INFERRED, true));
        }
        let body = match step.planned {
            true => format!("would {} {} {}", would(&step), step.kind, step.name),
            false => format!("{} {} {}", step.action.done(), step.kind, step.name),
        };
        let draft = Draft {
            event: event::RESOURCE_COMPLETED,
            severity: SeverityNumber::Info,
            body,
            span: open
                .as_ref()
                .map_or_else(|| self.resources.span_of(Some(&step.address)), |open| open.span),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, when));
        if let Some(mut open) = open {
            // The step as it came out: a refresh found an update.
            open.step.action = step.action;
            out.spans
                .push(span::of_step(&open, self.context.place, when.time, identity, None));
        }
    }

    pub(super) fn resource_failed(&mut self, step: Step, when: When, out: &mut Output) {
        self.learn_place(&step.address);
        let open = self.resources.close(&step);
        if open.is_none() {
            self.evidence.see(&step);
        }
        let kind = match self.resources.blamed(&step.address) {
            Some("policy") => "policy",
            _ => "engine",
        };
        self.fail(step, open, kind, when, out);
    }

    /// Records a step as failed.
    pub(super) fn fail(&mut self, step: Step, open: Option<Open>, kind: &str, when: When, out: &mut Output) {
        self.resources.failed(&step.address);
        let identity = self.identity(&step);
        let mut attributes = identity.clone();
        attributes.extend(details(&step));
        attributes.push(key_value::text(name::ERROR_TYPE, kind));
        let mut body = match kind {
            "unfinished" => format!(
                "began to {} {} {}; no end was told",
                step.action.name(),
                step.kind,
                step.name
            ),
            "engine" => format!("failed to {} {} {}", step.action.name(), step.kind, step.name),
            "policy" => format!("refused by a policy: {} {}", step.kind, step.name),
            _ => format!("failed at {} {}", step.kind, step.name),
        };
        if let Some(why) = step.why.as_deref().and_then(|why| why.lines().next()) {
            body = format!("{body}: {why}");
        }
        if let Some(open) = &open {
            let error = Some((kind, body.as_str()));
            out.spans
                .push(span::of_step(open, self.context.place, when.time, identity, error));
        }
        let draft = Draft {
            event: event::RESOURCE_FAILED,
            severity: SeverityNumber::Error,
            body,
            span: open.map_or_else(|| self.resources.span_of(Some(&step.address)), |open| open.span),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, when));
    }

    /// Which resource, and what is done to it.
    fn identity(&self, step: &Step) -> Vec<KeyValue> {
        let word = match self.context.tool {
            Tool::Pulumi => name::PULUMI_OP,
            Tool::Terraform | Tool::Tofu => name::TERRAFORM_ACTION,
        };
        let mut attributes = Vec::with_capacity(16);
        attributes.push(key_value::text(name::SITELOG_RESOURCE_URN, &step.address));
        attributes.push(key_value::text(name::SITELOG_RESOURCE_TYPE, &step.kind));
        attributes.push(key_value::text(name::SITELOG_RESOURCE_NAME, &step.name));
        // Nothing is known of what was to be done to a resource that only a diagnostic names.
        if !step.engine_action.is_empty() {
            attributes.push(key_value::text(name::SITELOG_RESOURCE_ACTION, step.action.name()));
            attributes.push(key_value::text(word, &step.engine_action));
        }
        attributes
    }
}

fn would(step: &Step) -> &'static str {
    match step.action {
        crate::Action::Same => "leave alone",
        action => action.name(),
    }
}

/// What of a step is not its identity.
fn details(step: &Step) -> impl Iterator<Item = KeyValue> {
    let diff =
        (!step.diff.is_empty()).then(|| key_value::texts(name::SITELOG_RESOURCE_DIFF, step.diff.iter().cloned()));
    let parent = step
        .parent
        .as_ref()
        .map(|parent| key_value::text(name::SITELOG_RESOURCE_PARENT, parent));
    let planned = step
        .planned
        .then(|| key_value::boolean(name::SITELOG_RESOURCE_PLANNED, true));
    let component = step
        .component
        .then(|| key_value::boolean(name::SITELOG_RESOURCE_COMPONENT, true));
    [diff, parent, planned, component].into_iter().flatten()
}
