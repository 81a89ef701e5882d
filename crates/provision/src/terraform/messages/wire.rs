//! What is read of a message; everything else in it is skipped unread, values above all.

use super::super::judgement::Said;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A line.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(rename = "@timestamp", borrow)]
    pub(crate) timestamp: Option<Cow<'a, str>>,
    #[serde(rename = "@message", borrow)]
    pub(crate) message: Option<Cow<'a, str>>,
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) terraform: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) tofu: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) change: Option<Change<'a>>,
    #[serde(borrow)]
    pub(crate) hook: Option<Hook<'a>>,
    #[serde(borrow)]
    pub(crate) changes: Option<ChangeSummary<'a>>,
    #[serde(borrow)]
    pub(crate) diagnostic: Option<Diagnostic<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(crate) addr: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Change<'a> {
    #[serde(borrow)]
    pub(crate) resource: Resource<'a>,
    #[serde(borrow)]
    pub(crate) previous_resource: Option<Resource<'a>>,
    #[serde(borrow)]
    pub(crate) action: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) reason: Option<Cow<'a, str>>,
    /// That it is there; the id in it stays.
    pub(crate) importing: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Hook<'a> {
    #[serde(borrow)]
    pub(crate) resource: Resource<'a>,
    #[serde(borrow)]
    pub(crate) action: Option<Cow<'a, str>>,
    /// A line of a provisioner's output.
    #[serde(borrow)]
    pub(crate) output: Option<Cow<'a, str>>,
    #[serde(rename = "Msg", borrow)]
    pub(crate) msg: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(default)]
pub(super) struct ChangeSummary<'a> {
    pub(crate) add: u64,
    pub(crate) change: u64,
    pub(crate) remove: u64,
    pub(crate) import: u64,
    pub(crate) forget: u64,
    #[serde(borrow)]
    pub(crate) operation: Cow<'a, str>,
}

impl Default for ChangeSummary<'_> {
    fn default() -> Self {
        Self {
            add: 0,
            change: 0,
            remove: 0,
            import: 0,
            forget: 0,
            operation: Cow::Borrowed(""),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Diagnostic<'a> {
    #[serde(borrow)]
    severity: Cow<'a, str>,
    #[serde(borrow)]
    summary: Cow<'a, str>,
    #[serde(borrow)]
    detail: Option<Cow<'a, str>>,
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    snippet: Option<Snippet<'a>>,
}

/// Of a piece of configuration only the block it is in.
#[derive(Deserialize)]
struct Snippet<'a> {
    #[serde(borrow)]
    context: Option<Cow<'a, str>>,
}

impl Diagnostic<'_> {
    pub(crate) fn said(&self) -> Said<'_> {
        Said {
            severity: &self.severity,
            summary: &self.summary,
            detail: self.detail.as_deref().unwrap_or_default(),
            address: self.address.as_deref(),
            context: self.snippet.as_ref().and_then(|snippet| snippet.context.as_deref()),
        }
    }
}

/// The kind of a message and the names in it, whatever they stand for.
#[derive(Default)]
pub(super) struct Keys {
    pub(crate) kind: Option<String>,
    pub(crate) names: Vec<String>,
}

/// How many names of a message are kept.
const MOST_NAMES: usize = 1000;

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Keys;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Keys::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    if name == "type" {
                        if let Kind::Name(name) = map.next_value()? {
                            keys.kind = Some(name);
                        }
                        continue;
                    }
                    map.next_value::<IgnoredAny>()?;
                    if !name.starts_with('@') && keys.names.len() < MOST_NAMES {
                        keys.names.push(name.into_owned());
                    }
                }
                Ok(keys)
            }
        }
        deserializer.deserialize_map(Names)
    }
}

/// A kind, if it is a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kind {
    Name(String),
    Not(IgnoredAny),
}

/// The names in a message; of the outputs' one, the outputs.
pub(super) fn keys(line: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Outputs {
        outputs: Option<Keys>,
    }
    let outputs = serde_json::from_slice::<Outputs>(line)
        .ok()
        .and_then(|line| line.outputs);
    let keys = outputs.or_else(|| serde_json::from_slice(line).ok());
    keys.map_or_else(Vec::new, |keys| keys.names)
}

/// Addresses that a test run could not take down, or was stopped at.
pub(super) fn leftovers(line: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Left {
        instance: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Lists {
        failed_resources: Vec<Left>,
        state: Vec<Left>,
        planned: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Test {
        test_cleanup: Option<Lists>,
        test_interrupt: Option<Lists>,
    }
    let Ok(test) = serde_json::from_slice::<Test>(line) else {
        return Vec::new();
    };
    let lists = [test.test_cleanup, test.test_interrupt].into_iter().flatten();
    let each = lists.flat_map(|lists| {
        let left = lists
            .failed_resources
            .into_iter()
            .chain(lists.state)
            .map(|left| left.instance);
        left.chain(lists.planned).collect::<Vec<_>>()
    });
    each.take(MOST_NAMES).collect()
}
