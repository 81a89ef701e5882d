//! Update histories.

use serde_json::{Map, Value, json};

use super::made_up;
use super::request::{Refusal, Request};
use crate::world::{Outcome, Stack, StackPath, Update, World};

const PAGE: usize = 10;
const LARGEST_PAGE: usize = 100;

/// Page 1 is the newest; without a page, or with page 0, the whole history comes.
pub(super) fn list(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (path, stack) = request.stack(world)?;
    let size = request.page_size("pageSize", PAGE, LARGEST_PAGE)?;
    let number = request.number("page")?.unwrap_or(0);
    let total = stack.newest();
    let page: Vec<Update> = match number {
        0 => stack.newest_first().collect(),
        number => {
            let skipped = (number - 1).saturating_mul(size as u64).min(total);
            let versions = (1..=total - skipped).rev().take(size);
            versions.filter_map(|version| stack.update(version)).collect()
        }
    };
    if request.text("output-type").is_none() {
        let updates: Vec<Value> = page.iter().map(|update| info(world, &path, stack, update)).collect();
        return Ok(json!({ "updates": updates }));
    }
    let updates: Vec<Value> = page.iter().map(|update| full(world, &path, stack, update)).collect();
    Ok(json!({ "updates": updates, "itemsPerPage": size, "total": total }))
}

pub(super) fn one(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (path, stack) = request.stack(world)?;
    let version = request.part("version");
    let found = version.parse().ok().and_then(|version| stack.update(version));
    let update = found.ok_or_else(|| Refusal::new(404, format!("Not Found: Update '{version}' not found")))?;
    Ok(full(world, &path, stack, &update))
}

pub(super) fn latest(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (path, stack) = request.stack(world)?;
    let update = stack.update(stack.newest());
    let update = update.ok_or_else(|| Refusal::new(404, "Not Found: stack was never updated"))?;
    Ok(full(world, &path, stack, &update))
}

/// `UpdateInfo`.
fn full(world: &World, path: &StackPath, stack: &Stack, update: &Update) -> Value {
    json!({
        "info": info(world, path, stack, update),
        "updateID": stack.update_id(update.version),
        "version": update.version,
        "latestVersion": stack.newest(),
        "requestedBy": made_up::user(stack.update_seed(update.version)),
        "policyPacks": [],
    })
}

/// `AppUpdateInfo`: what is not known before the end is 0 or left out.
fn info(world: &World, path: &StackPath, stack: &Stack, update: &Update) -> Value {
    let seed = stack.update_seed(update.version);
    let mut info = json!({
        "kind": update.kind.as_str(),
        "startTime": update.start,
        "message": made_up::message(seed),
        "environment": made_up::environment(seed, path),
        "config": made_up::config(seed, path),
        "result": update.outcome.as_str(),
        "endTime": update.end,
        "version": update.version,
    });
    if let Some(planted) = world.planted() {
        info["message"] = format!("{}\n{planted}", made_up::message(seed)).into();
        info["config"]["planted:value"] = json!({ "string": planted, "secret": false, "object": false });
    }
    if update.outcome != Outcome::NotStarted {
        let changes = update.changes.iter();
        let changes: Map<String, Value> = changes
            .map(|(name, count)| ((*name).to_owned(), (*count).into()))
            .collect();
        info["resourceChanges"] = Value::Object(changes);
    }
    if update.outcome.is_final() {
        info["resourceCount"] = update.resource_count.into();
    }
    info
}
