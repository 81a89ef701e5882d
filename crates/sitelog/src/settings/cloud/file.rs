//! The file of pulumi-exporter (`--config.file`), and the section `cloud:` of `sitelog.yaml`, which has the same keys.

use super::{PulumiSettings, WebSettings, given};
use crate::settings::file::from_yaml;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sitelog_export::config::{Given, Key};
use std::collections::BTreeMap;
use std::path::Path;

/// What the file can say.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct CloudFile {
    /// What is observed.
    pub(crate) pulumi: PulumiSettings,
    /// Where metrics are pushed.
    pub(crate) otlp: PushFile,
    /// Where it is asked.
    pub(crate) web: WebSettings,
}

/// Where metrics are pushed: the keys of pulumi-exporter.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct PushFile {
    /// host:port or a URL; none: nothing is pushed.
    pub(crate) endpoint: Option<String>,
    /// http/protobuf, http/json or grpc.
    pub(crate) protocol: Option<String>,
    /// Whether an endpoint without a scheme is plain text.
    pub(crate) insecure: Option<bool>,
    /// Headers of every request.
    pub(crate) headers: Option<BTreeMap<String, String>>,
    /// Path of OTLP/HTTP requests.
    pub(crate) url_path: Option<String>,
}

/// The same keys, of which others are passed over.
#[derive(Deserialize)]
#[serde(default, rename_all = "kebab-case")]
#[derive(Default)]
struct Lenient {
    pulumi: BTreeMap<String, serde_json::Value>,
    otlp: BTreeMap<String, serde_json::Value>,
    web: BTreeMap<String, serde_json::Value>,
}

impl CloudFile {
    /// Reads the file. Keys that are not known are passed over, as pulumi-exporter does, but told: the second of the pair.
    ///
    /// # Errors
    /// One line with file, line and what is wrong.
    pub(crate) fn read(path: &Path) -> Result<(Self, Option<String>), String> {
        let name = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("--config.file {name}: cannot be read: {error}"))?;
        match from_yaml::<Self>(&text) {
            Ok(file) => Ok((file, None)),
            Err((line, what)) if what.contains("unknown field") => {
                let wrong = |(line, what): (u64, String)| format!("{name}:{line}: {what}");
                let known = from_yaml::<Lenient>(&text).map_err(wrong)?.known();
                let file = serde_json::from_value(known).map_err(|error| format!("{name}: {error}"))?;
                Ok((file, Some(format!("{name}:{line}: {what}: passed over"))))
            }
            Err((line, what)) => Err(format!("{name}:{line}: {what}")),
        }
    }

    /// What the file says of the destination.
    pub(crate) fn destination(&self, from: &str) -> Vec<Given> {
        let otlp = &self.otlp;
        let headers = otlp.headers.as_ref().map(|headers| {
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let pairs = headers.iter().map(|(name, value)| format!("{name}={}", encode(value)));
            pairs.collect::<Vec<_>>().join(",")
        });
        let settings = [
            (Key::Endpoint, otlp.endpoint.clone()),
            (Key::Protocol, otlp.protocol.clone()),
            (Key::Insecure, otlp.insecure.map(|on| on.to_string())),
            (Key::Headers, headers),
        ];
        let given = settings
            .into_iter()
            .filter_map(|(key, value)| Some(given(key, &value?, from)));
        given.collect()
    }
}

impl Lenient {
    /// Only the keys that are known.
    fn known(self) -> serde_json::Value {
        let schema = serde_json::to_value(CloudFile::default()).unwrap_or_default();
        let keep = |section: &str, mut found: BTreeMap<String, serde_json::Value>| {
            found.retain(|key, _| schema[section].get(key).is_some());
            found
        };
        serde_json::json!({
            "pulumi": keep("pulumi", self.pulumi),
            "otlp": keep("otlp", self.otlp),
            "web": keep("web", self.web),
        })
    }
}
