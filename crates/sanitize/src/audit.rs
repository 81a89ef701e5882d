//! The metadata of an audit write: an allowlist of keys (R14).

use crate::Clean;
use crate::sanitizer::Sanitizer;
use crate::tally::Refusal;
use sitelog_model::otlp::common::v1::KeyValue;

/// The keys that the metadata of an audit write may have, exactly.
pub const ALLOWED: [&str; 12] = [
    "reason",
    "policy_key",
    "old_value",
    "new_value",
    "status_from",
    "status_to",
    "error_code",
    "request_scope",
    "idempotency_key_hash",
    "provider_ref",
    "allocation_id",
    "node_id",
];

/// A write that is refused because of keys that are not allowed. Names no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("audit metadata has keys that are not allowed: {}", .keys.join(", "))]
pub struct UnknownKeys {
    /// The keys, sorted.
    pub keys: Vec<String>,
}

/// Metadata of an audit write, allowed and sanitized. There is no other way to make one.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditMetadata(Clean<Vec<KeyValue>>);

impl AuditMetadata {
    /// The attributes.
    pub fn attributes(&self) -> &Clean<Vec<KeyValue>> {
        &self.0
    }

    /// Gives the attributes away.
    pub fn into_attributes(self) -> Clean<Vec<KeyValue>> {
        self.0
    }
}

impl Sanitizer {
    /// Checks the keys of an audit write and sanitizes its values.
    ///
    /// # Errors
    /// [`UnknownKeys`] when one key or more is not in [`ALLOWED`]: the whole write is refused.
    pub fn audit_metadata(&self, metadata: Vec<KeyValue>) -> Result<AuditMetadata, UnknownKeys> {
        allowed(metadata.iter().map(|pair| pair.key.as_str()))
            .inspect_err(|_| self.tally().refuse(Refusal::AuditKeys))?;
        Ok(AuditMetadata(self.attributes(metadata)))
    }
}

/// Checks keys against the allowlist.
pub(crate) fn allowed<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), UnknownKeys> {
    let mut unknown: Vec<String> = keys.filter(|key| !ALLOWED.contains(key)).map(str::to_owned).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    unknown.sort();
    unknown.dedup();
    Err(UnknownKeys { keys: unknown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MARKER, Settings};
    use sitelog_model::otlp::common::v1::AnyValue;
    use sitelog_model::otlp::common::v1::any_value::Value;

    fn pair(key: &str, value: &str) -> KeyValue {
        let value = Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        });
        KeyValue {
            key: key.to_owned(),
            value,
            ..KeyValue::default()
        }
    }

    /// Scenario: a write with an unknown key. Guarantees: nothing of it passes, and the error holds no value.
    #[test]
    fn an_unknown_key_refuses_the_write_by_name() {
        let sanitizer = Sanitizer::new(Settings::default());
        let refused = sanitizer.audit_metadata(vec![
            pair("zone", "hWOj8LbGu"),
            pair("reason", "r"),
            pair("Reason", "x"),
        ]);
        let error = refused.unwrap_err();
        assert_eq!(error.keys, ["Reason", "zone"]);
        assert_eq!(
            error.to_string(),
            "audit metadata has keys that are not allowed: Reason, zone"
        );
    }

    #[test]
    fn values_of_allowed_keys_are_sanitized() {
        let sanitizer = Sanitizer::new(Settings::default());
        let clean = sanitizer
            .audit_metadata(vec![pair("reason", "password=hunter2 rotated"), pair("node_id", "n-2")])
            .unwrap();
        let want = [
            pair("reason", &format!("password={MARKER} rotated")),
            pair("node_id", "n-2"),
        ];
        assert_eq!(clean.attributes().get().as_slice(), want);
    }
}
