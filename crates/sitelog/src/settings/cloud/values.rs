//! Values as pulumi-exporter takes them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::str::FromStr;
use std::time::Duration;

/// A Go duration (`1h30m`, `1.5h`, `100ms`), also with `d` and `w`; `None` is one below zero, which Go has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct GoDuration(pub(crate) Option<Duration>);

impl FromStr for GoDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (text, is_negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text.strip_prefix('+').unwrap_or(text), false),
        };
        let numbers_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if numbers_only && text.bytes().any(|byte| !matches!(byte, b'0' | b'.')) {
            return Err(format!("no unit; write {text}s for seconds"));
        }
        let wrong = |_| "not a length of time; write one such as 60s, 1m30s or 1d".to_owned();
        let time = match numbers_only {
            true => Duration::ZERO,
            false => humantime::parse_duration(text).map_err(wrong)?,
        };
        Ok(Self((!is_negative).then_some(time)))
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = match self.0 {
            Some(time) => humantime::format_duration(time).to_string().replace(' ', ""),
            None => "-1s".to_owned(),
        };
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(D::Error::custom)
    }
}

/// Names of organizations as one flag or one line of a list gives them: with commas or line ends between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Organizations(String);

impl FromStr for Organizations {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Organizations {
    /// The names, trimmed, none empty and none twice, in the order given.
    pub(crate) fn all(given: &[Self]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in given
            .iter()
            .flat_map(|text| text.0.split([',', '\n', '\r']))
            .map(str::trim)
        {
            if !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }
}

/// The service's address without a slash at its end.
pub(super) fn api_url(text: &str) -> Result<String, String> {
    let url = text.trim().trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => Ok(url.to_owned()),
        _ => Err(format!(
            "--pulumi.api-url {text:?}: write it with its scheme, as https://api.pulumi.com"
        )),
    }
}
