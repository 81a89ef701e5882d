//! An update that has ended, as an operation of `pulumi`: the records that `run` makes of one.

use super::rendered::{Rendered, nanos, resource};
use super::{ids, waiting::Waiting};
use crate::counting::Update;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::{Ulid, attributes as name, key_value};
use sitelog_provision::{
    Begin, Context, End, Fact, HISTORY, Operation, Output, Reader, Summary, Tool, Verb, What, pulumi,
};
use sitelog_sanitize::Sanitizer;

/// The longest message, characters.
const MESSAGE: usize = 4096;

/// What is known of it from its stack's history; sanitized.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finished {
    /// Organization, project and stack.
    place: [String; 3],
    version: u64,
    kind: String,
    result: String,
    /// Unix seconds.
    start: i64,
    end: i64,
    changes: Vec<(String, i64)>,
    /// What its events are asked for by.
    id: Option<String>,
    by: Option<String>,
    message: Option<String>,
    attributes: Vec<(String, String)>,
    config_keys: Vec<String>,
    engine: Option<String>,
}

/// An update that is to be recorded: its id, and what waits.
pub(crate) fn row(update: &Update, stack: &str, place: [&str; 3], hide: &Sanitizer) -> (String, Vec<u8>) {
    let (version, start) = (update.version.to_string(), update.start.to_string());
    let parts = [
        "update",
        stack,
        &version,
        &start,
        update.id.as_deref().unwrap_or_default(),
    ];
    // One of which no time is known has at least an order.
    let end = update.end.max(update.start);
    let started = if update.start > 0 { update.start } else { end };
    let uid = ids::of(started, &parts);
    let text = |text: &str| hide.text(text).into_owned();
    let about = update.about.as_deref().cloned().unwrap_or_default();
    let attributes = about.attributes.into_iter();
    let attributes = attributes.map(|(key, value)| (key.to_owned(), value)).collect();
    let finished = Finished {
        place: place.map(str::to_owned),
        version: update.version,
        kind: text(&update.kind),
        result: text(&update.result),
        start: started,
        end,
        changes: update.changes.clone(),
        id: update.id.clone(),
        by: about.by.as_deref().map(text),
        // Hidden before it is cut: half a secret is one.
        message: about
            .message
            .map(|message| text(&message).chars().take(MESSAGE).collect()),
        attributes: hide.pairs(attributes).into_inner(),
        config_keys: about.config_keys.iter().map(|key| text(key)).collect(),
        engine: about.engine.as_deref().map(text),
    };
    (uid.to_string(), Waiting::Update(Box::new(finished)).write())
}

impl Finished {
    /// Its stack, kind and id, by which its events are asked for.
    pub(super) fn asked_by(&self) -> Option<([&str; 3], (&str, &str))> {
        let id = self.id.as_deref().filter(|id| !id.is_empty())?;
        Some((self.place.each_ref().map(String::as_str), (&self.kind, id)))
    }

    /// Its records, and how many events could not be read.
    pub(super) fn render(
        &self,
        id: Ulid,
        events: Option<&Vec<Box<RawValue>>>,
        base: &[KeyValue],
        now: u64,
    ) -> (Rendered, u64) {
        let (start, end) = (nanos(self.start), nanos(self.end));
        let mut operation = Operation::begin(self.context(id, events.is_some()), start);
        let mut out = Output::default();
        let malformed = match events {
            Some(events) => self.tell(&mut operation, events, &mut out),
            None => {
                self.begin(&mut operation, &mut out);
                0
            }
        };
        operation.accounted(self.account());
        let resource = resource(base.iter().cloned().chain(operation.attributes()).chain(self.own()));
        let how = End {
            streams: u64::from(events.is_some()),
            ..End::default()
        };
        operation.end(&how, end, &mut out);
        for record in &mut out.logs {
            record.observed_time_unix_nano = now;
        }
        let rendered = Rendered {
            resource,
            logs: out.logs,
            spans: out.spans,
        };
        (rendered, malformed)
    }

    fn begin(&self, operation: &mut Operation, out: &mut Output) {
        let begin = Begin {
            version: self.engine.clone(),
            config_keys: self.config_keys.clone(),
        };
        let fact = Fact {
            what: What::Begin(begin),
            time: None,
            sequence: None,
        };
        operation.tell(fact, nanos(self.start), out);
    }

    /// Tells what the engine said, at the engine's times, which are whole seconds, within the update's.
    fn tell(&self, operation: &mut Operation, events: &[Box<RawValue>], out: &mut Output) -> u64 {
        let (start, end) = (nanos(self.start), nanos(self.end));
        let (mut malformed, mut at, mut facts) = (0, start, Vec::new());
        for event in events {
            if pulumi::Events.read(event.get().as_bytes(), &mut facts).is_err() {
                operation.malformed();
                malformed += 1;
            }
            for mut fact in facts.drain(..) {
                at = fact.time.unwrap_or(at).clamp(at, end.max(at));
                match &mut fact.what {
                    What::Begin(begin) => {
                        begin.version = begin.version.take().or_else(|| self.engine.clone());
                        if begin.config_keys.is_empty() {
                            begin.config_keys.clone_from(&self.config_keys);
                        }
                    }
                    // How it ended is the service's word, and the metrics'.
                    What::Summary(summary) => summary.result = Some(self.outcome().to_owned()),
                    _ => {}
                }
                operation.tell(fact, at, out);
            }
        }
        malformed
    }

    fn context(&self, id: Ulid, has_events: bool) -> Context {
        let [organization, project, stack] = &self.place;
        Context {
            id,
            tool: Tool::Pulumi,
            verb: verb(&self.kind),
            run: id,
            place: ids::place(id),
            project: Some(project.clone()),
            stack: Some(stack.clone()),
            organization: Some(organization.clone()),
            workspace: None,
            root: None,
            feed: if has_events { "events" } else { HISTORY },
        }
    }

    /// The history's account of it.
    fn account(&self) -> Summary {
        let changes = self.changes.iter();
        let changes = changes.filter_map(|(word, count)| Some((word.clone(), u64::try_from(*count).ok()?)));
        Summary {
            changes: changes.collect(),
            result: Some(self.outcome().to_owned()),
            seconds: u64::try_from(self.end - self.start).ok(),
            ..Summary::default()
        }
    }

    /// A word that is not known is no success.
    fn outcome(&self) -> &str {
        match self.result.as_str() {
            known @ ("succeeded" | "canceled") => known,
            "cancelled" => "canceled",
            _ => "failed",
        }
    }

    /// What the service says of it, which is better than what its resources' names do.
    fn own(&self) -> Vec<KeyValue> {
        let [organization, project, stack] = &self.place;
        let mut own = vec![
            key_value::text(name::PULUMI_ORGANIZATION, organization),
            key_value::text(name::PULUMI_PROJECT, project),
            key_value::text(name::PULUMI_STACK, stack),
            key_value::int(name::PULUMI_UPDATE_VERSION, self.version),
            key_value::text(name::PULUMI_UPDATE_KIND, &self.kind),
        ];
        let text = |key, value: &Option<String>| value.as_ref().map(|value| key_value::text(key, value));
        own.extend(text(name::PULUMI_UPDATE_ID, &self.id));
        own.extend(text(name::PULUMI_UPDATE_MESSAGE, &self.message));
        if let Some(by) = &self.by {
            own.push(key_value::text(name::USER_ID, by));
            own.push(key_value::text(name::SITELOG_ACTOR_SOURCE, "pulumi"));
        }
        own.extend(self.attributes.iter().map(|(key, value)| key_value::text(key, value)));
        own
    }
}

/// What an update of a kind does; a new name does nothing.
fn verb(kind: &str) -> Option<Verb> {
    match kind {
        "update" => Some(Verb::Up),
        "preview" => Some(Verb::Preview),
        "refresh" => Some(Verb::Refresh),
        "destroy" => Some(Verb::Destroy),
        "import" | "resource-import" => Some(Verb::Import),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
