//! Engine events of an update: those that real engines wrote, at the update's time.

use std::io;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::request::{Refusal, Request, page};
use crate::world::{Kind, Outcome, Update, World};

/// Events a page.
const PAGE: usize = 50;

type Events = Vec<Map<String, Value>>;

macro_rules! capture {
    ($name:literal) => {
        include_bytes!(concat!("../../../provision/testdata/pulumi/", $name))
    };
}
static CREATED: LazyLock<Events> = LazyLock::new(|| read(capture!("01-up-create.1.zst")));
static FAILED: LazyLock<Events> = LazyLock::new(|| read(capture!("07-up-fail.1.zst")));
static REFRESHED: LazyLock<Events> = LazyLock::new(|| read(capture!("06-refresh.1.zst")));
static DESTROYED: LazyLock<Events> = LazyLock::new(|| read(capture!("12-destroy.1.zst")));

/// A capture that cannot be read has no events.
fn read(compressed: &[u8]) -> Events {
    let text = zstd::decode_all(compressed).and_then(|text| String::from_utf8(text).map_err(io::Error::other));
    let text = text.unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// `GetUpdateEventsResponse`. The token is null when all events were read and the update has ended.
pub(super) fn list(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (_, stack) = request.stack(world)?;
    let id = request.part("update");
    let version = (1..=stack.newest())
        .rev()
        .find(|version| stack.update_id(*version) == id);
    let update = version.and_then(|version| stack.update(version));
    let update = update.ok_or_else(|| Refusal::new(404, format!("Not Found: Update '{id}' not found")))?;
    if request.part("kind") != path_of(update.kind) {
        return Err(Refusal::new(
            404,
            format!("Not Found: Update '{id}' is of another kind"),
        ));
    }
    let captured = captured(&update);
    // Of an update that runs, the first half is there.
    let there = match update.outcome {
        Outcome::NotStarted => 0,
        Outcome::InProgress => captured.len() / 2,
        Outcome::Succeeded | Outcome::Failed => captured.len(),
    };
    let offset = request.offset()?;
    let (events, next) = page(there, offset, PAGE, |place| {
        let mut event = event(captured, place, update.start);
        if let Some(planted) = world.planted() {
            plant(&mut event, planted);
        }
        event
    });
    let running = || super::request::token_at(offset + events.len());
    let token = next.or_else(|| (!update.outcome.is_final()).then(running));
    Ok(json!({ "events": events, "continuationToken": token }))
}

/// The part of the path that stands for a kind.
fn path_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Refresh => "refresh",
        Kind::Destroy => "destroy",
        Kind::Update | Kind::Import | Kind::ResourceImport | Kind::Rename => "update",
    }
}

fn captured(update: &Update) -> &'static Events {
    match (update.kind, update.outcome) {
        (Kind::Refresh, _) => &REFRESHED,
        (Kind::Destroy, _) => &DESTROYED,
        (_, Outcome::Failed) => &FAILED,
        _ => &CREATED,
    }
}

/// `EngineEvent`: without the engine's sequence number, with the name of its payload.
fn event(events: &Events, place: usize, start: i64) -> Value {
    let time = |event: &Map<String, Value>| event.get("timestamp").and_then(Value::as_i64).unwrap_or_default();
    let first = events.first().map(time).unwrap_or_default();
    let mut event = events[place].clone();
    event.remove("sequence");
    let kind = event
        .keys()
        .find(|key| key.ends_with("Event"))
        .cloned()
        .unwrap_or_default();
    let shifted = time(&event) - first + start;
    event.insert("timestamp".to_owned(), shifted.into());
    event.insert("type".to_owned(), kind.into());
    Value::Object(event)
}

/// A text that is said and one that a resource has.
fn plant(event: &mut Value, text: &str) {
    if let Some(message) = event.pointer_mut("/diagnosticEvent/message") {
        *message = format!("{text}\n").into();
    }
    for kind in ["resourcePreEvent", "resOutputsEvent"] {
        let metadata = event.pointer_mut(&format!("/{kind}/metadata"));
        if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
            metadata.insert("diffs".to_owned(), json!([format!("settings[\"{text}\"]")]));
        }
        if let Some(Value::Object(new)) = event.pointer_mut(&format!("/{kind}/metadata/new")) {
            new.insert("outputs".to_owned(), json!({ "given": text }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capture_begins_with_its_configuration_and_ends() {
        for (events, last) in [
            (&CREATED, "summaryEvent"),
            (&FAILED, "summaryEvent"),
            (&REFRESHED, "summaryEvent"),
            (&DESTROYED, "summaryEvent"),
        ] {
            assert_eq!(event(events, 0, 500)["type"], "preludeEvent");
            assert_eq!(event(events, 0, 500)["timestamp"], 500);
            let types: Vec<Value> = (0..events.len())
                .map(|place| event(events, place, 0)["type"].clone())
                .collect();
            assert!(types.contains(&json!(last)), "{types:?}");
            assert!(types.iter().all(|kind| kind != ""));
        }
    }
}
