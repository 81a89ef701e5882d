//! Runs of Pulumi Deployments.

use serde_json::{Value, json};

use super::made_up::{time, user};
use super::request::{Refusal, Request};
use crate::random::{mix, uuid};
use crate::world::{Deployment, World};

const PAGE: usize = 10;
const LARGEST_PAGE: usize = 100;

pub(super) fn of_organization(world: &World, request: &Request) -> Result<Value, Refusal> {
    let runs = request.organization(world)?.deployments.iter().enumerate();
    page(runs.collect(), request)
}

pub(super) fn of_stack(world: &World, request: &Request) -> Result<Value, Refusal> {
    let (path, _) = request.stack(world)?;
    let runs = request.organization(world)?.deployments.iter().enumerate();
    let of_stack = runs.filter(|(_, run)| run.project == path.project && run.stack == path.stack);
    page(of_stack.collect(), request)
}

/// Newest first, unless `asc` says otherwise. Page 0 counts as page 1.
fn page(mut runs: Vec<(usize, &Deployment)>, request: &Request) -> Result<Value, Refusal> {
    let size = request.page_size("pageSize", PAGE, LARGEST_PAGE)?;
    let number = usize::try_from(request.number("page")?.unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    if request.text("asc") != Some("true") {
        runs.reverse();
    }
    let skipped = (number - 1).saturating_mul(size);
    let page = runs.iter().skip(skipped).take(size);
    let deployments: Vec<Value> = page
        .map(|(place, run)| snapshot(*place, run, request.part("org")))
        .collect();
    Ok(json!({ "deployments": deployments, "itemsPerPage": size, "total": runs.len() }))
}

/// `ListDeploymentSnapshot`.
fn snapshot(place: usize, run: &Deployment, org: &str) -> Value {
    let seed = mix(crate::random::seed_of(org), place as u64);
    let step = match run.status {
        "accepted" | "skipped" => "not-started",
        status => status,
    };
    json!({
        "id": uuid(seed),
        "created": time(run.created),
        "modified": time(run.modified),
        "status": run.status,
        "version": place + 1,
        "requestedBy": user(seed),
        "projectName": run.project,
        "stackName": run.stack,
        "pulumiOperation": "update",
        "initiator": "api",
        "updates": [],
        "jobs": [{
            "status": run.status,
            "started": time(run.created),
            "lastUpdated": time(run.modified),
            "steps": [{
                "name": "Perform pulumi up",
                "status": step,
                "started": time(run.created),
                "lastUpdated": time(run.modified),
            }],
        }],
    })
}

/// `OrgDeploymentsMetadataResponse`.
pub(super) fn metadata(world: &World, request: &Request) -> Result<Value, Refusal> {
    let organization = request.organization(world)?;
    let count = |status| organization.deployments_in(status);
    Ok(json!({
        "paused": false,
        "concurrency": 5,
        "deploymentCounts": {
            "notStarted": count("not-started"),
            "accepted": count("accepted"),
            "running": count("running"),
            "failed": count("failed"),
            "succeeded": count("succeeded"),
            "skipped": count("skipped"),
            "total": organization.deployments.len(),
        },
    }))
}
