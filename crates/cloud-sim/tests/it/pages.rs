//! Lists in pages: all items once, whatever the size of a page.

use serde_json::Value;
use sitelog_cloud_sim::{Deployment, Plan, Sim, Task, Violation, World};

use crate::client::{Client, NOW, furnished, path};

fn names(stacks: &[Value]) -> Vec<String> {
    let name = |stack: &Value| format!("{}/{}/{}", stack["orgName"], stack["projectName"], stack["stackName"]);
    stacks.iter().map(|stack| name(stack).replace('"', "")).collect()
}

fn world_of(stacks: u64) -> World {
    World::generate(&Plan {
        seed: 7,
        now: NOW,
        organizations: Plan::organization_names(2),
        stacks,
        updates: 3,
    })
}

#[test]
fn stacks_come_in_pages_of_a_hundred_unless_more_are_asked_for() {
    let sim = Sim::start(world_of(1_300)).unwrap();
    let client = Client::of(&sim);
    let sizes = |query: &str| {
        client
            .pages(&format!("/api/user/stacks{query}"), "stacks", "continuationToken")
            .1
    };
    assert_eq!(sizes(""), [100; 13]);
    assert_eq!(sizes("?maxResults=9999"), [500, 500, 300]);
    assert_eq!(sizes("?organization=acme&maxResults=500"), [500, 150]);
    assert_eq!(sizes("?organization=acme-2&project=service-00007"), [3]);
    let (all, _) = client.pages("/api/user/stacks?maxResults=333", "stacks", "continuationToken");
    let expected: Vec<String> = sim.world().stacks().keys().map(ToString::to_string).collect();
    assert_eq!(names(&all), expected);
}

#[test]
fn a_stack_that_goes_between_two_pages_hides_no_other() {
    let sim = Sim::start(world_of(400)).unwrap();
    let client = Client::of(&sim);
    let first = client.get("/api/user/stacks?organization=acme");
    let seen = names(first["stacks"].as_array().unwrap());
    let gone = sim.world().stacks().keys().take(100).cloned().collect::<Vec<_>>();
    gone.iter().for_each(|path| sim.world().delete(path).unwrap());
    let token = first["continuationToken"].as_str().unwrap();
    let second = client.get(&format!("/api/user/stacks?organization=acme&continuationToken={token}"));
    assert_eq!(seen.len(), 100);
    assert_eq!(second["stacks"].as_array().unwrap().len(), 100);
    assert_eq!(second.get("continuationToken"), None);
}

#[test]
fn lists_of_an_organization_come_whole() {
    let mut world = furnished();
    let organization = world.organization("acme");
    organization.members = 101;
    organization.environments = 250;
    let violation = Violation {
        level: "mandatory".to_owned(),
        kind: "audit".to_owned(),
        observed: NOW,
    };
    organization.violations = vec![violation; 384];
    let task = Task {
        status: "idle",
        created: NOW,
    };
    organization.tasks = vec![task; 150];
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let sizes = |path: &str, list: &str, token: &str| client.pages(path, list, token).1;
    let token = "continuationToken";
    assert_eq!(sizes("/api/orgs/acme/members", "members", token), [100, 1]);
    assert_eq!(
        sizes("/api/orgs/acme/policyresults/violationsv2", "policyViolations", token),
        [200, 184]
    );
    assert_eq!(sizes("/api/preview/agents/acme/tasks", "tasks", token), [100, 50]);
    assert_eq!(
        sizes("/api/preview/agents/acme/tasks?pageSize=1000", "tasks", token),
        [150]
    );
    assert_eq!(
        sizes("/api/esc/environments/acme", "environments", "nextToken"),
        [100, 100, 50]
    );
    assert_eq!(
        sizes("/api/esc/environments/acme?maxResults=500", "environments", "nextToken"),
        [250]
    );
    let after_the_last = client.get("/api/preview/agents/acme/tasks?pageSize=1000");
    assert!(
        after_the_last.as_object().unwrap().contains_key(token),
        "the token is null, not absent"
    );
}

#[test]
fn deployments_come_ten_at_a_time_and_their_counts_at_once() {
    let mut world = furnished();
    world.create(&path("prod")).unwrap();
    let run = |status, project: &str| Deployment {
        status,
        created: NOW,
        modified: NOW,
        project: project.to_owned(),
        stack: "prod".to_owned(),
    };
    let organization = world.organization("acme");
    organization.deployments = (0..270).map(|_| run("succeeded", "other")).collect();
    organization
        .deployments
        .extend(["running", "running", "failed", "skipped"].map(|status| run(status, "shop")));
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let page = |query: &str| client.get(&format!("/api/orgs/acme/deployments{query}"));
    let count = |answer: &Value| answer["deployments"].as_array().unwrap().len();
    assert_eq!(
        (
            count(&page("")),
            page("")["total"].as_u64(),
            page("")["itemsPerPage"].as_u64()
        ),
        (10, Some(274), Some(10))
    );
    let sizes = [1, 2, 3, 4].map(|number| count(&page(&format!("?page={number}&pageSize=100"))));
    assert_eq!(sizes, [100, 100, 74, 0]);
    assert_eq!(
        page("")["deployments"][0]["status"],
        "skipped",
        "the newest comes first"
    );
    assert_eq!(page("?asc=true")["deployments"][0]["version"], 1);
    assert_eq!(client.get("/api/stacks/acme/shop/prod/deployments")["total"], 4);
    let counts = client.get("/api/orgs/acme/deployments/metadata")["deploymentCounts"].clone();
    let expected = serde_json::json!({
        "notStarted": 0, "accepted": 0, "running": 2, "failed": 1, "succeeded": 270, "skipped": 1, "total": 274,
    });
    assert_eq!(counts, expected);
}

#[test]
fn the_audit_log_understands_its_bounds_by_version_and_new_entries_shift_nothing() {
    let mut world = furnished();
    for number in 0..250 {
        world.create(&path(&format!("s{number:03}"))).unwrap();
        world.advance(1);
    }
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let log = |query: &str| client.get(&format!("/api/orgs/acme/auditlogs{query}"));
    let times = |answer: &Value| -> Vec<i64> {
        let events = answer["auditLogEvents"].as_array().unwrap().iter();
        events.map(|event| event["timestamp"].as_i64().unwrap() - NOW).collect()
    };
    assert_eq!(
        times(&log(&format!("/v2?startTime={}&endTime={}", NOW + 10, NOW + 12))),
        [12, 11, 10]
    );
    assert_eq!(times(&log(&format!("?startTime={}", NOW + 3))), [2, 1, 0]);
    assert_eq!(client.status("/api/orgs/acme/auditlogs"), 400);
    assert_eq!(times(&log("/v2?eventFilter=stack.rename")), [0; 0]);
    let first = log("/v2?startTime=1");
    sim.world().create(&path("later")).unwrap();
    let token = first["continuationToken"].as_str().unwrap();
    let second = log(&format!("/v2?startTime=1&continuationToken={token}"));
    assert_eq!(times(&first), (150..250).rev().collect::<Vec<_>>());
    assert_eq!(times(&second), (50..150).rev().collect::<Vec<_>>());
    let all = client.pages(
        "/api/orgs/acme/auditlogs/v2?startTime=1",
        "auditLogEvents",
        "continuationToken",
    );
    assert_eq!(all.1, [100, 100, 51]);
}
