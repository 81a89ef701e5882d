//! An entry of an organization's audit log, as a record.

use super::rendered::{Rendered, nanos, resource};
use crate::api::AuditEntry;
use serde::{Deserialize, Serialize};
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue, any_value::Value};
use sitelog_model::otlp::logs::v1::{LogRecord, SeverityNumber};
use sitelog_model::{Ulid, attributes as name, key_value};
use sitelog_sanitize::Sanitizer;

/// The name of the record.
pub(crate) const EVENT: &str = "sitelog.audit_log.entry";

/// An entry; sanitized.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    organization: String,
    /// Unix seconds.
    time: i64,
    event: String,
    description: String,
    is_refusal: bool,
    /// What else it says, by our names.
    said: Vec<(String, String)>,
    /// Those that are so.
    marks: Vec<String>,
}

impl Entry {
    pub(crate) fn new(organization: &str, entry: &AuditEntry, hide: &Sanitizer) -> Self {
        let [token_id, token_name] = &entry.token;
        let [actor_name, actor_urn] = &entry.actor;
        let said = [
            (name::USER_ID, &entry.user),
            (name::CLIENT_ADDRESS, &entry.address),
            (name::PULUMI_AUDIT_ACTOR_NAME, actor_name),
            (name::PULUMI_AUDIT_ACTOR_URN, actor_urn),
            (name::PULUMI_AUDIT_TOKEN_ID, token_id),
            (name::PULUMI_AUDIT_TOKEN_NAME, token_name),
        ];
        let said = said.into_iter();
        let said = said.filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
        let marks = [
            (name::PULUMI_AUDIT_AUTH_FAILURE, entry.is_refusal),
            (name::PULUMI_AUDIT_ORG_ADMIN, entry.took_org_admin),
            (name::PULUMI_AUDIT_STACK_ADMIN, entry.took_stack_admin),
        ];
        let marks = marks.into_iter().filter(|(_, is_so)| *is_so);
        Self {
            organization: organization.to_owned(),
            time: entry.time,
            event: hide.text(&entry.event).into_owned(),
            description: hide.text(&entry.description).into_owned(),
            is_refusal: entry.is_refusal,
            said: hide.pairs(said.collect()).into_inner(),
            marks: marks.map(|(key, _)| key.to_owned()).collect(),
        }
    }

    pub(super) fn render(&self, id: Ulid, base: &[KeyValue], now: u64) -> Rendered {
        let own = [
            key_value::text(name::PULUMI_ORGANIZATION, &self.organization),
            key_value::text(name::SITELOG_TOOL, "pulumi"),
        ];
        let (result, severity, severity_text) = match self.is_refusal {
            true => ("failed", SeverityNumber::Warn, "WARN"),
            false => ("succeeded", SeverityNumber::Info, "INFO"),
        };
        let mut attributes = vec![
            key_value::text(name::LOG_RECORD_UID, id.to_string()),
            key_value::int(name::SITELOG_SEQ, 0),
            key_value::text(name::SITELOG_OPERATION_ID, id.to_string()),
            key_value::text(name::SITELOG_OPERATION_NAME, &self.event),
            key_value::text(name::SITELOG_OPERATION_RESULT, result),
            key_value::text(name::PULUMI_AUDIT_EVENT, &self.event),
        ];
        attributes.extend(self.said.iter().map(|(key, value)| key_value::text(key, value)));
        if self.said.iter().any(|(key, _)| key == name::USER_ID) {
            attributes.push(key_value::text(name::SITELOG_ACTOR_SOURCE, "pulumi"));
        }
        attributes.extend(self.marks.iter().map(|key| key_value::boolean(key, true)));
        let body = match self.description.is_empty() {
            true => &self.event,
            false => &self.description,
        };
        let record = LogRecord {
            time_unix_nano: nanos(self.time),
            observed_time_unix_nano: now,
            severity_number: severity as i32,
            severity_text: severity_text.to_owned(),
            body: Some(AnyValue {
                value: Some(Value::StringValue(body.clone())),
            }),
            attributes,
            event_name: EVENT.to_owned(),
            ..LogRecord::default()
        };
        Rendered {
            resource: resource(base.iter().cloned().chain(own)),
            logs: vec![record],
            spans: Vec::new(),
        }
    }
}
