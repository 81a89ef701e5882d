//! The file of pulumi-exporter (`--config.file`), and the section `cloud:` of `sitelog.yaml`, which has the same keys.

use super::{PulumiSettings, WebSettings, given};
use crate::settings::file::from_yaml;
use crate::settings::merge;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// The file, and the line of each setting of the destination, as messages name it.
    #[serde(skip)]
    places: BTreeMap<&'static str, String>,
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

/// The keys of [`PushFile`] that are settings of the destination as such.
const PUSH_KEYS: [&str; 4] = ["endpoint", "protocol", "insecure", "headers"];

/// A section and its key, and what is wrong with its value.
type WrongKey = ([String; 2], String);

/// Sections of the file with whatever keys it has.
type Found = BTreeMap<String, Value>;

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
            Ok(file) => Ok((file.placed(&name.to_string(), &text, &[]), None)),
            Err((_, what)) if what.contains("unknown field") => {
                let found = from_yaml::<Found>(&text).map_err(|(line, what)| format!("{name}:{line}: {what}"))?;
                let place = |path: &[&str]| format!("{name}:{}", line_of(&text, path));
                let known = Self::known(found);
                let (file, unknown) = known.map_err(|([section, key], why)| {
                    let place = place(&[&section, &key]);
                    format!("{place}: {section}.{key}: {why}")
                })?;
                let told = unknown.iter().map(|path| {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    format!("{}: {}", place(&path), path.join("."))
                });
                let told = told.collect::<Vec<_>>().join(", ");
                let file = file.placed(&name.to_string(), &text, &[]);
                Ok((file, Some(format!("{told}: not known, passed over"))))
            }
            Err((line, what)) => Err(format!("{name}:{line}: {what}")),
        }
    }

    /// With the lines on which it says where metrics are pushed; `above` are the sections it stands in.
    pub(crate) fn placed(mut self, file: &str, text: &str, above: &[&str]) -> Self {
        let place = |key: &'static str| {
            let path = [above, &["otlp", key]].concat();
            (key, format!("{file}:{}", line_of(text, &path)))
        };
        self.places = PUSH_KEYS.map(place).into();
        self
    }

    /// What is known, taken key by key, and the paths of the rest. An error is with its section and key.
    fn known(found: Found) -> Result<(Self, Vec<Vec<String>>), WrongKey> {
        let names = serde_json::to_value(Self::default()).unwrap_or_default();
        let (mut file, mut unknown) = (Self::default(), Vec::new());
        for (section, keys) in found {
            let Some(Value::Object(names)) = names.get(&section) else {
                unknown.push(vec![section]);
                continue;
            };
            let Value::Object(keys) = keys else { continue };
            for (key, value) in keys {
                if !names.contains_key(&key) {
                    unknown.push(vec![section.clone(), key]);
                    continue;
                }
                let alone = serde_json::json!({ &*section: { &*key: value } });
                let alone: serde_json::Result<Self> = serde_json::from_value(alone);
                let merged = alone.map_err(Into::into).and_then(|alone| merge(&alone, &file));
                file = merged.map_err(|error| ([section.clone(), key], error.to_string()))?;
            }
        }
        Ok((file, unknown))
    }

    /// What the file says of the destination.
    pub(crate) fn destination(&self) -> Vec<Given> {
        let otlp = &self.otlp;
        let headers = otlp.headers.as_ref().map(|headers| {
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let pairs = headers.iter().map(|(name, value)| format!("{name}={}", encode(value)));
            pairs.collect::<Vec<_>>().join(",")
        });
        let values = [
            (Key::Endpoint, otlp.endpoint.clone()),
            (Key::Protocol, otlp.protocol.clone()),
            (Key::Insecure, otlp.insecure.map(|on| on.to_string())),
            (Key::Headers, headers),
        ];
        let given = PUSH_KEYS.iter().zip(values).filter_map(|(name, (key, value))| {
            let place = self.places.get(name).map(String::as_str);
            Some(given(key, &value?, place.unwrap_or_default()))
        });
        given.collect()
    }
}

/// The line on which the last key of a path stands, each of the others above it; from 1.
fn line_of(text: &str, path: &[&str]) -> usize {
    let is_key = |line: &str, key: &str| {
        let line = line.trim_start_matches([' ', '{', ',', '"', '\'']);
        let rest = line.strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
    };
    let mut at = 0;
    for key in path {
        let below = text.lines().skip(at).position(|line| is_key(line, key));
        at += below.unwrap_or_default();
    }
    at + 1
}
