//! Values as pulumi-exporter takes them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::str::FromStr;

/// Names of organizations as one flag or one line of a list gives them: with commas or line ends between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Organizations(pub(super) String);

impl FromStr for Organizations {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Organizations {
    /// The names, trimmed, none empty and none twice, in the order given. Pulumi Cloud does not tell cases apart: two
    /// spellings would be one organization that is observed twice.
    pub(crate) fn all(given: &[Self]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in given
            .iter()
            .flat_map(|text| text.0.split([',', '\n', '\r']))
            .map(str::trim)
        {
            if !name.is_empty() && !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        names
    }
}

/// How many calls at once, 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Concurrency(#[schemars(range(min = 1, max = 100))] pub(crate) usize);

impl FromStr for Concurrency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let asked = text.trim();
        let wrong = || format!("max-concurrency must be between 1 and 100, got {asked}");
        let within = asked.parse().ok().filter(|asked| (1..=100).contains(asked));
        within.map(Self).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let asked = i64::deserialize(deserializer)?;
        asked.to_string().parse().map_err(D::Error::custom)
    }
}

/// The service's address without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct ApiUrl(pub(crate) String);

impl FromStr for ApiUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = text.trim().trim_end_matches('/');
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_usable = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
        match is_usable && reqwest::Url::parse(url).is_ok() {
            true => Ok(Self(url.to_owned())),
            false => Err(format!("{text:?}: write it with its scheme, as https://api.pulumi.com")),
        }
    }
}

impl<'de> Deserialize<'de> for ApiUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// `host:port`, or `:port` for every interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct ListenAddress(pub(crate) String);

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.trim();
        let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        match port {
            Some(Ok(_)) => Ok(Self(address.to_owned())),
            _ => Err(format!(
                "{text:?} is no address; write one such as :8080 or 127.0.0.1:8080"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
