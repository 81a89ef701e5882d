//! Records of what the engine says: to a person, about policies, and in words that this version does not know.

use super::{Draft, Operation, Output, When, event};
use crate::{Diagnostic, Level, Policy};
use sitelog_model::attributes as name;
use sitelog_model::key_value;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::logs::v1::SeverityNumber;

impl Operation {
    pub(super) fn diagnostic(&mut self, mut said: Diagnostic, when: When, out: &mut Output) {
        self.keys.hide(&mut said);
        if said.level == Level::Error {
            self.errors += 1;
            if let Some(address) = &said.address {
                self.resources.blame(address, "diagnostic");
            }
        }
        let mut attributes = self.about(said.address.as_deref());
        if said.ephemeral {
            attributes.push(key_value::boolean(name::SITELOG_DIAGNOSTIC_EPHEMERAL, true));
        }
        let draft = Draft {
            event: event::DIAGNOSTIC,
            severity: said.level.severity(),
            body: said.message,
            span: self.resources.span_of(said.address.as_deref()),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, when));
    }

    pub(super) fn policy(&mut self, policy: Policy, when: When, out: &mut Output) {
        if let (true, false, Some(address)) = (policy.mandatory, policy.remediation, &policy.address) {
            self.resources.blame(address, "policy");
        }
        let mut attributes = self.about(policy.address.as_deref());
        attributes.push(key_value::text(name::SITELOG_POLICY_NAME, &policy.name));
        if let Some((pack, version)) = policy.pack {
            attributes.push(key_value::text(name::SITELOG_POLICY_PACK, pack));
            if !version.is_empty() {
                attributes.push(key_value::text(name::SITELOG_POLICY_PACK_VERSION, version));
            }
        }
        attributes.push(key_value::boolean(name::SITELOG_POLICY_MANDATORY, policy.mandatory));
        if policy.remediation {
            attributes.push(key_value::boolean(name::SITELOG_POLICY_REMEDIATION, true));
        }
        let verb = match policy.remediation {
            true => "changed the resource",
            false => "is violated",
        };
        let body = match policy.message.is_empty() {
            true => format!("policy {} {verb}", policy.name),
            false => format!("policy {} {verb}: {}", policy.name, policy.message),
        };
        let draft = Draft {
            event: event::POLICY,
            severity: match policy.mandatory {
                true => SeverityNumber::Error,
                false => SeverityNumber::Warn,
            },
            body,
            span: self.resources.span_of(policy.address.as_deref()),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, when));
    }

    pub(super) fn cancel(&mut self, sentence: &str, when: When, out: &mut Output) {
        self.canceled = true;
        let said = sentence.lines().next().unwrap_or_default();
        let draft = Draft {
            event: event::CANCELED,
            severity: SeverityNumber::Warn,
            body: format!("{} is told to stop: {said}", self.context.tool.name()),
            span: self.resources.root(),
            attributes: self.own_attributes(self.verb()),
        };
        out.logs.push(self.scribe.write(draft, when));
    }

    /// An event of a kind that this version does not know: its name and its keys are kept.
    pub(super) fn unknown(&mut self, kind: String, keys: Vec<String>, when: When, out: &mut Output) {
        self.unknown += 1;
        let body = match kind.is_empty() {
            true => "an event without a kind".to_owned(),
            false => format!("an event of an unknown kind, {kind}"),
        };
        let mut attributes = vec![key_value::text(name::SITELOG_EVENT_KIND, kind)];
        if !keys.is_empty() {
            attributes.push(key_value::texts(name::SITELOG_EVENT_KEYS, keys));
        }
        let draft = Draft {
            event: event::DIAGNOSTIC,
            severity: SeverityNumber::Debug,
            body,
            span: self.resources.root(),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, when));
    }

    /// The resource that something is said about.
    fn about(&mut self, address: Option<&str>) -> Vec<KeyValue> {
        let Some(address) = address else {
            return Vec::with_capacity(8);
        };
        self.learn_place(address);
        let mut attributes = Vec::with_capacity(8);
        attributes.push(key_value::text(name::SITELOG_RESOURCE_URN, address));
        attributes
    }
}
