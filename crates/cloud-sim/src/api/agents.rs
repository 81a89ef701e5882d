//! Tasks of the agent.

use serde_json::{Value, json};

use super::made_up::{time, user_named};
use super::request::{Refusal, Request, page};
use crate::random::{mix, seed_of, uuid};
use crate::world::World;

/// `ListAgentTasksResponse`; after the last page the token is null.
pub(super) fn tasks(world: &World, request: &Request) -> Result<Value, Refusal> {
    let tasks = &request.organization(world)?.tasks;
    let org = seed_of(request.part("org"));
    let task = |place: usize| {
        // The newest first.
        let place = tasks.len() - 1 - place;
        json!({
            "id": uuid(mix(org, place as u64)),
            "name": format!("Task {place}"),
            "status": tasks[place].status,
            "createdAt": time(tasks[place].created),
            "createdBy": user_named("dana", "Dana Fuentes"),
            "approvalMode": "manual",
            "entities": [],
            "isShared": false,
            "planMode": false,
            "taskType": "sync",
            "tokensUsed": 1_000 + place,
        })
    };
    let size = request.page_size("pageSize", 100, 1_000)?;
    let (tasks, token) = page(tasks.len(), request.offset()?, size, task);
    Ok(json!({ "tasks": tasks, "continuationToken": token }))
}
