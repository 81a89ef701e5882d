//! The audit log in its two versions, which understand `startTime` differently.

use serde_json::{Value, json};

use super::made_up::user_named;
use super::request::{Refusal, Request, token_at, with_token};
use crate::world::{AuditEntry, World};

const PAGE: usize = 100;

/// `startTime` is the upper bound: entries older than it.
pub(super) fn version_1(world: &World, request: &Request) -> Result<Value, Refusal> {
    let start = time(request, "startTime")?;
    if start.is_none() && request.token().is_none() {
        return Err(Refusal::new(
            400,
            "Either 'continuationToken' or 'startTime' is required.",
        ));
    }
    page(world, request, |entry| start.is_none_or(|start| entry.time < start))
}

/// `startTime` is the lower bound, `endTime` the upper one, both included.
pub(super) fn version_2(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (start, end) = (time(request, "startTime")?, time(request, "endTime")?);
    page(world, request, |entry| {
        start.is_none_or(|start| entry.time >= start) && end.is_none_or(|end| entry.time <= end)
    })
}

fn time(request: &Request, name: &str) -> Result<Option<i64>, Refusal> {
    Ok(request
        .number(name)?
        .map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
}

/// Newest first. A token is the place of the last entry of a page, so that new entries shift nothing.
fn page(world: &World, request: &Request, wanted: impl Fn(&AuditEntry) -> bool) -> Result<Value, Refusal> {
    let entries = &request.organization(world)?.audit;
    let before = match request.offset()? {
        0 => entries.len(),
        place => place.min(entries.len()),
    };
    let is_event = |entry: &AuditEntry| request.text("eventFilter").is_none_or(|event| entry.event == event);
    let is_user = |entry: &AuditEntry| request.text("userFilter").is_none_or(|user| entry.user == user);
    let mut found = entries[..before]
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, entry)| wanted(entry) && is_event(entry) && is_user(entry))
        .peekable();
    let page: Vec<_> = found.by_ref().take(PAGE).collect();
    let last = page.last().filter(|_| found.peek().is_some());
    let token = last.map(|(place, _)| token_at(*place));
    let events = page.iter().map(|(_, entry)| event(entry)).collect();
    Ok(with_token("auditLogEvents", "continuationToken", (events, token)))
}

/// `AuditLogEvent`.
fn event(entry: &AuditEntry) -> Value {
    json!({
        "timestamp": entry.time,
        "event": entry.event,
        "description": entry.description,
        "user": user_named(&entry.user, &entry.user),
        "sourceIP": "192.0.2.17",
        "tokenID": "",
        "tokenName": "",
    })
}
