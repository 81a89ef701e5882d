//! The envelope of an engine event: a number, a time, and one key that names its kind.

use super::content::{Account, Fault, Message, Prelude, Resource, Violation};
use super::keys::Keys;
use crate::engine::{Malformed, Reader};
use crate::{Fact, What};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Reads one JSON engine event (`apitype.EngineEvent`) at a time: a line of `--event-log` or `--json`, or the `event`
/// of an `EventRequest`. One event is one fact.
#[derive(Debug, Default)]
pub struct Events;

impl Reader for Events {
    fn read(&mut self, event: &[u8], out: &mut Vec<Fact>) -> Result<(), Malformed> {
        let event: Event = serde_json::from_slice(event).map_err(|e| Malformed::of("a Pulumi engine event", &e))?;
        out.push(Fact {
            what: event.what.unwrap_or_else(|| What::Other {
                kind: String::new(),
                keys: Vec::new(),
            }),
            time: event.timestamp.and_then(|s| s.checked_mul(1_000_000_000)),
            sequence: event.sequence,
        });
        Ok(())
    }
}

#[derive(Default)]
struct Event {
    sequence: Option<u64>,
    timestamp: Option<u64>,
    what: Option<What>,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Envelope)
    }
}

struct Envelope;

impl<'de> Visitor<'de> for Envelope {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an engine event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut event = Event::default();
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                // The engine's numbers are signed; a negative one is none.
                "sequence" => event.sequence = u64::try_from(map.next_value::<i64>()?).ok(),
                "timestamp" => event.timestamp = u64::try_from(map.next_value::<i64>()?).ok(),
                // Pulumi Cloud names the kind beside it.
                "type" => drop(map.next_value::<serde::de::IgnoredAny>()?),
                kind => {
                    let what = content(kind, &mut map)?;
                    event.what.get_or_insert(what);
                }
            }
        }
        Ok(event)
    }
}

/// What stands under the key that names the kind.
fn content<'de, A: MapAccess<'de>>(kind: &str, map: &mut A) -> Result<What, A::Error> {
    let aside = |name| move |_: serde::de::IgnoredAny| What::Aside(name);
    Ok(match kind {
        "preludeEvent" => map.next_value::<Prelude>()?.what(),
        "resourcePreEvent" => {
            let Resource { metadata, planning } = map.next_value()?;
            What::ResourceStarted(metadata.step(planning, false))
        }
        "resOutputsEvent" => {
            let Resource { metadata, planning } = map.next_value()?;
            What::ResourceCompleted(metadata.step(planning, true))
        }
        "resOpFailedEvent" => {
            let Resource { metadata, planning } = map.next_value()?;
            What::ResourceFailed(metadata.step(planning, false))
        }
        "diagnosticEvent" => map
            .next_value::<Message<'_>>()?
            .diagnostic()
            .map_err(A::Error::custom)?,
        "stdoutEvent" => map.next_value::<Message<'_>>()?.printed().map_err(A::Error::custom)?,
        "errorEvent" => map.next_value::<Fault>()?.what(),
        "summaryEvent" => map.next_value::<Account>()?.what(),
        "policyEvent" => map.next_value::<Violation>()?.what(false),
        "policyRemediationEvent" => map.next_value::<Violation>()?.what(true),
        "cancelEvent" => {
            map.next_value::<serde::de::IgnoredAny>()?;
            What::End
        }
        // Two for each resource, saying which policies it passed; a violation has its own event.
        "policyAnalyzeSummaryEvent" => map.next_value().map(aside("policy_analyze_summary"))?,
        "policyRemediateSummaryEvent" => map.next_value().map(aside("policy_remediate_summary"))?,
        "policyAnalyzeStackSummaryEvent" => map.next_value().map(aside("policy_analyze_stack_summary"))?,
        "policyLoadEvent" => map.next_value().map(aside("policy_load"))?,
        "progressEvent" => map.next_value().map(aside("progress"))?,
        "startDebuggingEvent" => map.next_value().map(aside("start_debugging"))?,
        unknown => {
            let kind = unknown.to_owned();
            let Keys(keys) = map.next_value()?;
            What::Other { kind, keys }
        }
    })
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
        Text::deserialize(deserializer).map(|Text(text)| Self(text))
    }
}
