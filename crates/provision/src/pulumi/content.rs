//! What stands under each kind's key in an engine event. Unknown keys are tolerated, everything that may be missing may.

use super::colour::stripped;
use super::keys::Keys;
use super::metadata::Metadata;
use crate::{Begin, Diagnostic, Level, Policy, Summary, Verb, What};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(super) struct Prelude {
    #[serde(default)]
    config: Keys,
}

impl From<Keys> for Prelude {
    fn from(config: Keys) -> Self {
        Self { config }
    }
}

impl Prelude {
    pub(super) fn what(self) -> What {
        What::Begin(Begin {
            version: None,
            config_keys: self.config.0,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
    #[serde(default)]
    pub(super) planning: bool,
}

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(default)]
    urn: Option<String>,
    #[serde(default, borrow)]
    severity: Option<Cow<'a, str>>,
    /// Left as bytes until the severity is known: a debug line is never looked into.
    #[serde(default, borrow)]
    message: Option<&'a RawValue>,
    #[serde(default)]
    color: Option<String>,
    #[serde(default)]
    ephemeral: bool,
}

impl Message<'_> {
    /// A diagnostic, or nothing to record for a debug line.
    pub(super) fn diagnostic(self) -> serde_json::Result<What> {
        let level = match self.severity.as_deref() {
            // It carries generated passwords in clear.
            Some("debug") => return Ok(What::Aside("debug")),
            Some("error") => Level::Error,
            Some("warning") => Level::Warning,
            Some("info#err") => Level::Notice,
            _ => Level::Info,
        };
        Ok(What::Diagnostic(Diagnostic {
            level,
            message: self.text()?,
            address: self.urn.filter(|urn| !urn.is_empty()),
            ephemeral: self.ephemeral,
        }))
    }

    /// What the engine prints itself; so it says that it was interrupted.
    pub(super) fn printed(self) -> serde_json::Result<What> {
        let message = self.text()?;
        if message.starts_with("^C") || message.contains("received; cancelling") {
            return Ok(What::Canceled(message));
        }
        Ok(What::Diagnostic(Diagnostic {
            level: Level::Info,
            message,
            address: None,
            ephemeral: false,
        }))
    }

    fn text(&self) -> serde_json::Result<String> {
        let raw = self.message.map_or("\"\"", RawValue::get);
        let text: Option<String> = serde_json::from_str(raw)?;
        let text = stripped(text.as_deref().unwrap_or_default(), self.color.as_deref());
        Ok(text.trim_end_matches('\n').to_owned())
    }
}

#[derive(Deserialize)]
pub(super) struct Fault {
    #[serde(default)]
    error: String,
}

impl Fault {
    pub(super) fn what(self) -> What {
        What::Diagnostic(Diagnostic {
            level: Level::Error,
            message: stripped(self.error.trim_end_matches('\n'), None),
            address: None,
            ephemeral: false,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    #[serde(default)]
    duration_seconds: Option<f64>,
    #[serde(default)]
    resource_changes: Option<BTreeMap<String, u64>>,
    #[serde(default)]
    is_preview: bool,
    #[serde(default)]
    result: Option<String>,
}

impl Account {
    pub(super) fn what(self) -> What {
        What::Summary(Summary {
            changes: self.resource_changes.unwrap_or_default(),
            result: self.result.filter(|word| !word.is_empty()),
            planned: self.is_preview,
            verb: self.is_preview.then_some(Verb::Preview),
            seconds: self.duration_seconds.filter(|s| *s >= 0.0).map(|s| s as u64),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Violation {
    #[serde(default)]
    resource_urn: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    color: Option<String>,
    #[serde(default)]
    policy_name: String,
    #[serde(default)]
    policy_pack_name: String,
    #[serde(default)]
    policy_pack_version: String,
    #[serde(default)]
    enforcement_level: Option<String>,
}

impl Violation {
    pub(super) fn what(self, remediation: bool) -> What {
        let text = stripped(&self.message, self.color.as_deref());
        let pack = (!self.policy_pack_name.is_empty()).then_some((self.policy_pack_name, self.policy_pack_version));
        What::Policy(Policy {
            name: self.policy_name,
            pack,
            mandatory: self.enforcement_level.as_deref() == Some("mandatory"),
            remediation,
            address: self.resource_urn.filter(|urn| !urn.is_empty()),
            message: text.trim_end_matches('\n').to_owned(),
        })
    }
}
