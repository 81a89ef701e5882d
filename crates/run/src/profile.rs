//! mapt's names beside the standard ones: what the queries of its users' backend ask for (`records.md`).
//!
//! Resource attributes as its log collector sets them; record attributes by which that backend routes.

use sitelog_model::attributes as name;
use sitelog_model::key_value::text;
use sitelog_model::otlp::common::v1::{KeyValue, any_value::Value};

/// Names that it puts on each audit record.
pub(crate) const OF_RECORDS: [&str; 4] = ["index", "_sourceCategory", "_sourceHost", "_sourceName"];

/// What the user said with mapt's flags.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// `--otel-app-code`.
    pub app_code: String,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// `--otel-index`.
    pub index: Option<String>,
    /// `--otel-extra-attrs`: more resource attributes.
    pub extra: Vec<(String, String)>,
}

impl Profile {
    /// Resource attributes of all that the run emits.
    pub fn run(&self) -> Vec<(String, String)> {
        let own = [
            ("appcode", Some(&self.app_code)),
            ("project-name", self.project_name.as_ref()),
        ];
        let own = own
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?.clone())));
        own.chain(self.extra.iter().cloned()).collect()
    }

    /// Resource attributes of an operation, whose own are given.
    pub(crate) fn resource(&self, own: &[KeyValue]) -> Vec<KeyValue> {
        let project = self
            .project_name
            .is_none()
            .then(|| first(own, &[name::PULUMI_PROJECT]))
            .flatten();
        let stack = first(own, &[name::PULUMI_STACK, name::TERRAFORM_WORKSPACE]);
        let operation = first(own, &[name::SITELOG_OPERATION_NAME]);
        let found = [("project-name", project), ("stack", stack), ("operation", operation)];
        found
            .into_iter()
            .filter_map(|(key, value)| Some(text(key, value?)))
            .collect()
    }

    /// Attributes of each audit record.
    pub(crate) fn record(&self, own: &[KeyValue]) -> Vec<KeyValue> {
        let host = nix::unistd::gethostname().ok().and_then(|host| host.into_string().ok());
        let tool = first(own, &[name::SITELOG_TOOL]);
        let values = [
            self.index.clone(),
            Some("provisioning".to_owned()),
            host,
            Some(tool.unwrap_or_else(|| "pulumi".to_owned())),
        ];
        OF_RECORDS
            .into_iter()
            .zip(values)
            .filter_map(|(key, value)| Some(text(key, value?)))
            .collect()
    }
}

fn first(attributes: &[KeyValue], keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| {
        let found = attributes.iter().find(|attribute| attribute.key == *key)?;
        match found.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text.clone()),
            _ => None,
        }
    })
}
