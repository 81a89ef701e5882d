//! Policy groups, packs and results.

use serde_json::{Value, json};

use super::made_up::time;
use super::request::{Refusal, Request, page, with_token};
use crate::random::{mix, seed_of, uuid};
use crate::world::World;

const VIOLATIONS_A_PAGE: usize = 200;

/// `AppListPolicyGroupsResponse`.
pub(super) fn groups(world: &World, request: &Request) -> Result<Value, Refusal> {
    let group = |place: u64| {
        json!({
            "name": format!("group-{place}"),
            "isOrgDefault": place == 0,
            "entityType": "stacks",
            "mode": if place.is_multiple_of(2) { "preventative" } else { "audit" },
            "numStacks": place * 3,
            "numEnabledPolicyPacks": 1 + place % 3,
        })
    };
    let count = request.organization(world)?.policy_groups;
    Ok(json!({ "policyGroups": (0..count).map(group).collect::<Vec<_>>() }))
}

/// `AppListPolicyPacksResponse`.
pub(super) fn packs(world: &World, request: &Request) -> Result<Value, Refusal> {
    let pack = |place: u64| {
        json!({
            "name": format!("pack-{place}"),
            "displayName": format!("Pack {place}"),
            "versions": [1, 2],
            "versionTags": ["0.1.0", "0.2.0"],
        })
    };
    let count = request.organization(world)?.policy_packs;
    Ok(json!({ "policyPacks": (0..count).map(pack).collect::<Vec<_>>() }))
}

/// `PolicyResultsMetadata`.
pub(super) fn totals(world: &World, request: &Request) -> Result<Value, Refusal> {
    let policy = request.organization(world)?.policy;
    Ok(json!({
        "policyTotalCount": policy.policies,
        "policyWithIssuesCount": policy.policies_with_issues,
        "resourcesTotalCount": policy.resources,
        "resourcesWithIssuesCount": policy.resources_with_issues,
    }))
}

/// `ListPolicyViolationsV2Response`.
pub(super) fn violations(world: &World, request: &Request) -> Result<Value, Refusal> {
    let violations = &request.organization(world)?.violations;
    let org = seed_of(request.part("org"));
    let violation = |place: usize| {
        let violation = &violations[place];
        json!({
            "id": uuid(mix(org, place as u64)),
            "projectName": "shop",
            "stackName": "prod",
            "stackVersion": 12,
            "policyPack": "pack-0",
            "policyPackTag": "0.2.0",
            "policyName": "no-public-buckets",
            "resourceURN": format!("urn:pulumi:prod::shop::aws:s3/bucket:Bucket::bucket-{place}"),
            "resourceType": "aws:s3/bucket:Bucket",
            "resourceName": format!("bucket-{place}"),
            "message": "Buckets must not be readable by everybody.",
            "level": violation.level,
            "kind": violation.kind,
            "observedAt": time(violation.observed),
        })
    };
    let page = page(violations.len(), request.offset()?, VIOLATIONS_A_PAGE, violation);
    Ok(with_token("policyViolations", "continuationToken", page))
}
