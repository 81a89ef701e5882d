//! Members, teams and environments of an organization, and who asks.

use serde_json::{Value, json};

use super::made_up::{time, user_named};
use super::request::{Refusal, Request, page, with_token};
use crate::random::{mix, seed_of, uuid};
use crate::world::World;

/// The service documents no size; 100 makes most organizations have more than one page.
const PAGE: usize = 100;
/// When everything of which only the number matters was made.
const FOUNDED: i64 = 1_700_000_000;

/// `User`.
pub(super) fn user(world: &World) -> Result<Value, Refusal> {
    let organization = |name: &String| json!({ "githubLogin": name, "name": name, "avatarUrl": "", "role": "admin" });
    Ok(json!({
        "id": uuid(1),
        "githubLogin": "dana",
        "name": "Dana Fuentes",
        "email": "dana@acme.example",
        "avatarUrl": "https://avatars.example/dana.png",
        "hasMFA": true,
        "identities": ["github.com"],
        "isManagedByMultiOrg": false,
        "isOrgManaged": false,
        "organizations": world.organizations().keys().map(organization).collect::<Vec<_>>(),
    }))
}

/// `ListOrganizationMembersResponse`.
pub(super) fn members(world: &World, request: &Request) -> Result<Value, Refusal> {
    let count = request.organization(world)?.members as usize;
    let member = |place: usize| {
        json!({
            "role": if place == 0 { "admin" } else { "member" },
            "user": user_named(&format!("member-{place:04}"), &format!("Member {place}")),
            "created": time(FOUNDED + place as i64),
            "knownToPulumi": true,
            "virtualAdmin": false,
            "fgaRole": { "id": uuid(2), "name": "Member", "modifiedAt": time(FOUNDED) },
        })
    };
    let page = page(count, request.offset()?, PAGE, member);
    Ok(with_token("members", "continuationToken", page))
}

/// `ListTeamsResponse`: all of them at once.
pub(super) fn teams(world: &World, request: &Request) -> Result<Value, Refusal> {
    let team = |place: u64| {
        json!({
            "kind": "pulumi",
            "name": format!("team-{place}"),
            "displayName": format!("Team {place}"),
            "description": "",
        })
    };
    let count = request.organization(world)?.teams;
    Ok(json!({ "teams": (0..count).map(team).collect::<Vec<_>>() }))
}

/// `ListEnvironmentsResponse`: the parameter is `continuationToken`, the answer has `nextToken`.
pub(super) fn environments(world: &World, request: &Request) -> Result<Value, Refusal> {
    let org = request.part("org");
    let environment = |place: usize| {
        json!({
            "id": uuid(mix(seed_of(org), place as u64)),
            "organization": org,
            "project": "default",
            "name": format!("environment-{place:04}"),
            "created": time(FOUNDED + place as i64),
            "modified": time(FOUNDED + 2 * place as i64),
            "ownedBy": user_named("dana", "Dana Fuentes"),
            "referrerMetadata": {
                "environmentReferrerCount": 0, "insightsAccountReferrerCount": 0, "stackReferrerCount": 0,
            },
            "settings": { "deletionProtected": false },
            "tags": {},
        })
    };
    let count = request.organization(world)?.environments as usize;
    let size = request.page_size("maxResults", PAGE, 500)?;
    Ok(with_token(
        "environments",
        "nextToken",
        page(count, request.offset()?, size, environment),
    ))
}
