//! Each answer has the fields that the service's OpenAPI document requires, with their types, and no others.

use serde_json::Value;
use sitelog_cloud_sim::{Kind, Sim};

use crate::client::{Client, furnished, path};

/// Fields as `name:type`; `?` may be absent. Types: s(tring), n(umber), b(ool), a(rray), o(bject).
const SHAPES: &[(&str, &str, &str)] = &[
    ("/api/user/stacks", "", "stacks:a continuationToken?:s"),
    (
        "/api/user/stacks",
        "/stacks/0",
        "id:s orgName:s projectName:s stackName:s lastUpdate?:n resourceCount?:n links?:o",
    ),
    (
        "/api/stacks/acme/shop/prod",
        "",
        "activeUpdate:s id:s orgName:s projectName:s stackName:s version:n tags?:o currentOperation?:o",
    ),
    (
        "/api/stacks/acme/shop/prod",
        "/currentOperation",
        "author:s kind:s started:n",
    ),
    (
        "/api/stacks/acme/shop/prod/resources/count",
        "",
        "resourceCount:n version:n",
    ),
    (
        "/api/stacks/acme/shop/prod/updates?page=1&output-type=service",
        "",
        "updates:a itemsPerPage:n total:n",
    ),
    (
        "/api/stacks/acme/shop/prod/updates/latest",
        "",
        "info:o latestVersion:n requestedBy:o updateID:s version:n policyPacks?:a",
    ),
    (
        "/api/stacks/acme/shop/prod/updates/latest",
        "/info",
        "config:o endTime:n environment:o kind:s message:s result:s startTime:n version:n resourceChanges?:o resourceCount?:n",
    ),
    (
        "/api/stacks/acme/shop/prod/updates/latest",
        "/requestedBy",
        "avatarUrl:s githubLogin:s name:s",
    ),
    (
        "/api/stacks/acme/shop/prod/updates/latest",
        "/info/config/aws:region",
        "string:s secret:b object:b",
    ),
    ("/api/orgs/acme/deployments", "", "deployments:a itemsPerPage:n total:n"),
    (
        "/api/orgs/acme/deployments",
        "/deployments/0",
        "created:s id:s modified:s requestedBy:o status:s version:n jobs:a pulumiOperation:s updates:a initiator?:s \
         projectName?:s stackName?:s",
    ),
    (
        "/api/orgs/acme/deployments",
        "/deployments/0/jobs/0",
        "status:s steps:a started?:s lastUpdated?:s",
    ),
    (
        "/api/orgs/acme/deployments",
        "/deployments/0/jobs/0/steps/0",
        "name:s status:s started?:s lastUpdated?:s",
    ),
    (
        "/api/orgs/acme/deployments/metadata",
        "",
        "concurrency:n deploymentCounts:o paused:b",
    ),
    (
        "/api/orgs/acme/deployments/metadata",
        "/deploymentCounts",
        "accepted:n failed:n notStarted:n running:n skipped:n succeeded:n total:n",
    ),
    ("/api/orgs/acme/members", "", "members:a continuationToken?:s"),
    (
        "/api/orgs/acme/members",
        "/members/0",
        "created:s fgaRole:o knownToPulumi:b role:s user:o virtualAdmin:b",
    ),
    (
        "/api/orgs/acme/members",
        "/members/0/fgaRole",
        "id:s modifiedAt:s name:s",
    ),
    ("/api/orgs/acme/teams", "", "teams:a"),
    (
        "/api/orgs/acme/teams",
        "/teams/0",
        "description:s displayName:s kind:s name:s",
    ),
    ("/api/esc/environments/acme", "", "environments:a nextToken?:s"),
    (
        "/api/esc/environments/acme",
        "/environments/0",
        "created:s id:s modified:s name:s organization:s ownedBy:o referrerMetadata:o settings:o tags:o project?:s",
    ),
    ("/api/orgs/acme/policygroups", "", "policyGroups:a"),
    (
        "/api/orgs/acme/policygroups",
        "/policyGroups/0",
        "entityType:s isOrgDefault:b mode:s name:s numEnabledPolicyPacks:n numStacks:n",
    ),
    ("/api/orgs/acme/policypacks", "", "policyPacks:a"),
    (
        "/api/orgs/acme/policypacks",
        "/policyPacks/0",
        "displayName:s name:s versionTags:a versions:a",
    ),
    (
        "/api/orgs/acme/policyresults/metadata",
        "",
        "policyTotalCount:n policyWithIssuesCount:n resourcesTotalCount:n resourcesWithIssuesCount:n",
    ),
    (
        "/api/orgs/acme/policyresults/violationsv2",
        "",
        "policyViolations:a continuationToken?:s",
    ),
    (
        "/api/orgs/acme/policyresults/violationsv2",
        "/policyViolations/0",
        "id:s kind:s level:s message:s observedAt:s policyName:s policyPack:s policyPackTag:s projectName:s \
         resourceName:s resourceType:s resourceURN:s stackName?:s stackVersion?:n",
    ),
    (
        "/api/preview/agents/acme/tasks",
        "/tasks/0",
        "approvalMode:s createdAt:s createdBy:o entities:a id:s isShared:b name:s planMode:b status:s taskType:s tokensUsed:n",
    ),
    (
        "/api/orgs/acme/auditlogs/v2",
        "",
        "auditLogEvents:a continuationToken?:s",
    ),
    (
        "/api/orgs/acme/auditlogs/v2",
        "/auditLogEvents/0",
        "description:s event:s sourceIP:s timestamp:n user:o tokenID?:s tokenName?:s",
    ),
    (
        "/api/user",
        "",
        "avatarUrl:s email:s githubLogin:s hasMFA:b id:s identities:a isManagedByMultiOrg:b isOrgManaged:b name:s \
         organizations:a",
    ),
];

fn letter(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "b",
        Value::Number(number) if number.is_i64() => "n",
        Value::Number(_) => "not whole",
        Value::String(_) => "s",
        Value::Array(_) => "a",
        Value::Object(_) => "o",
    }
}

#[test]
fn answers_have_their_fields_and_no_others() {
    let mut world = furnished();
    world.create_with_past(&path("prod"), 3, 0).unwrap();
    world.start(&path("prod"), Kind::Update).unwrap();
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    for &(asked, place, shape) in SHAPES {
        let answer = client.get(asked);
        let found = answer.pointer(place).and_then(Value::as_object);
        let object = found.unwrap_or_else(|| panic!("{asked} has no object {place}: {answer}"));
        let mut known = Vec::new();
        for field in shape.split_whitespace() {
            let (name, kind) = field.split_once(':').unwrap();
            let optional = name.ends_with('?');
            let name = name.trim_end_matches('?');
            known.push(name);
            match object.get(name) {
                Some(value) => assert_eq!(letter(value), kind, "{asked}{place}: {name}"),
                None => assert!(optional, "{asked}{place}: {name} is missing"),
            }
        }
        let unknown: Vec<_> = object.keys().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "{asked}{place}: {unknown:?}");
    }
}

#[test]
fn a_stack_that_was_never_updated_has_no_last_update() {
    let mut world = furnished();
    world.create(&path("prod")).unwrap();
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let stack = client.get("/api/user/stacks")["stacks"][0].clone();
    assert_eq!((stack.get("lastUpdate"), stack.get("resourceCount")), (None, None));
    assert_eq!(
        client.get("/api/stacks/acme/shop/prod/resources/count")["resourceCount"],
        0
    );
    assert_eq!(client.status("/api/stacks/acme/shop/prod/updates/latest"), 404);
    let updates = client.get("/api/stacks/acme/shop/prod/updates?page=1&pageSize=100");
    assert_eq!(updates, serde_json::json!({ "updates": [] }));
}
