//! Update histories and engine events.

use serde_json::{Value, json};
use sitelog_cloud_sim::{Kind, Operation, Outcome, Sim};

use crate::client::{Client, furnished, path};

const UPDATES: &str = "/api/stacks/acme/shop/prod/updates";

fn versions(answer: &Value) -> Vec<u64> {
    let updates = answer["updates"].as_array().unwrap().iter();
    updates.map(|update| update["version"].as_u64().unwrap()).collect()
}

#[test]
fn a_history_comes_from_the_newest_in_pages_or_whole() {
    let mut world = furnished();
    world.create_with_past(&path("prod"), 260, 0).unwrap();
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let page = |query: &str| versions(&client.get(&format!("{UPDATES}{query}")));
    assert_eq!(page("?page=1"), (251..=260).rev().collect::<Vec<_>>());
    assert_eq!(page("?page=2&pageSize=100"), (61..=160).rev().collect::<Vec<_>>());
    assert_eq!(page("?page=3&pageSize=100"), (1..=60).rev().collect::<Vec<_>>());
    assert_eq!(page("?page=4&pageSize=100"), [0; 0]);
    assert_eq!(page("?page=1&pageSize=1000").len(), 100);
    assert_eq!(page("?page=18446744073709551615&pageSize=100"), [0; 0]);
    let whole: Vec<u64> = (1..=260).rev().collect();
    assert_eq!(page(""), whole);
    assert_eq!(page("?page=0&pageSize=5"), whole);
    assert_eq!(client.status(&format!("{UPDATES}?page=-1")), 400);
    assert_eq!(client.status(&format!("{UPDATES}?page=1&pageSize=x")), 400);
}

#[test]
fn an_update_that_begins_between_two_pages_shifts_the_second() {
    let mut world = furnished();
    world.create_with_past(&path("prod"), 25, 0).unwrap();
    let sim = Sim::start(world).unwrap();
    sim.after(Operation::GetStackUpdates, |world| {
        world.start(&path("prod"), Kind::Update).unwrap();
    });
    let client = Client::of(&sim);
    let pages = [1, 2, 3].map(|page| versions(&client.get(&format!("{UPDATES}?page={page}"))));
    assert_eq!(pages[0], (16..=25).rev().collect::<Vec<_>>());
    assert_eq!(pages[1], (7..=16).rev().collect::<Vec<_>>());
    assert_eq!(pages[2], (1..=6).rev().collect::<Vec<_>>());
}

#[test]
fn an_update_is_the_same_wherever_it_is_asked_for() {
    let mut world = furnished();
    world.create_with_past(&path("prod"), 12, 0).unwrap();
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let legacy = client.get(&format!("{UPDATES}?page=1&pageSize=1"));
    let service = client.get(&format!("{UPDATES}?page=1&pageSize=1&output-type=service"));
    assert_eq!((&service["total"], &service["itemsPerPage"]), (&json!(12), &json!(1)));
    let update = &service["updates"][0];
    assert_eq!(update["info"], legacy["updates"][0]);
    assert_eq!(&client.get(&format!("{UPDATES}/latest")), update);
    assert_eq!(&client.get(&format!("{UPDATES}/12")), update);
    assert_eq!(client.status(&format!("{UPDATES}/13")), 404);
    assert_eq!(client.status(&format!("{UPDATES}/none")), 404);
    let size = legacy["updates"][0].to_string().len();
    assert!((900..2_500).contains(&size), "an update has {size} bytes");
}

#[test]
fn an_update_that_runs_has_no_end() {
    let mut world = furnished();
    world.create(&path("prod")).unwrap();
    world.queue(&path("prod"), Kind::Refresh).unwrap();
    let started = world.now();
    world.advance(30);
    world.start(&path("prod"), Kind::Update).unwrap();
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let updates = client.get(UPDATES);
    let facts = |update: &Value| [&update["result"], &update["startTime"], &update["endTime"]].map(Value::clone);
    assert_eq!(
        facts(&updates["updates"][0]),
        [json!("in-progress"), json!(started + 30), json!(0)]
    );
    assert_eq!(
        facts(&updates["updates"][1]),
        [json!("not-started"), json!(started), json!(0)]
    );
    assert_eq!(updates["updates"][0]["resourceChanges"], json!({}));
    assert_eq!(updates["updates"][0].get("resourceCount"), None);
    let stack = client.get("/api/user/stacks")["stacks"][0].clone();
    assert_eq!(stack["lastUpdate"], started + 30);
    sim.world().advance(12);
    sim.world()
        .end(&path("prod"), 2, Outcome::Failed, &[("create", 3)])
        .unwrap();
    let ended = client.get(&format!("{UPDATES}/2"))["info"].clone();
    assert_eq!(
        facts(&ended),
        [json!("failed"), json!(started + 30), json!(started + 42)]
    );
    assert_eq!(
        (&ended["resourceChanges"], &ended["resourceCount"]),
        (&json!({ "create": 3 }), &json!(3))
    );
    let stack = client.get("/api/user/stacks")["stacks"][0].clone();
    assert_eq!(
        (&stack["lastUpdate"], &stack["resourceCount"]),
        (&json!(started + 30), &json!(3))
    );
}

#[test]
fn events_come_in_pages_and_a_token_stays_while_the_update_runs() {
    let mut world = furnished();
    world.create(&path("prod")).unwrap();
    world.start(&path("prod"), Kind::Update).unwrap();
    let sim = Sim::start(world).unwrap();
    let client = Client::of(&sim);
    let id = client.get(&format!("{UPDATES}/latest"))["updateID"]
        .as_str()
        .unwrap()
        .to_owned();
    let events = format!("/api/stacks/acme/shop/prod/update/{id}/events");
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let running = client.get(&format!("{events}?continuationToken={token}"));
        token = running["continuationToken"].as_str().unwrap().to_owned();
        let page = running["events"].as_array().unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().cloned());
    }
    sim.world().end(&path("prod"), 1, Outcome::Succeeded, &[]).unwrap();
    let (all, sizes) = client.pages(&events, "events", "continuationToken");
    assert!(sizes.len() > 1 && all.len() > seen.len(), "{sizes:?}");
    assert_eq!(all[..seen.len()], seen[..]);
    assert_eq!(all.iter().filter(|event| event["type"] == "summaryEvent").count(), 1);
    let type_names_payload = |event: &Value| event[event["type"].as_str().unwrap()].is_object();
    assert!(all.iter().all(type_names_payload));
    assert!(all.iter().all(|event| event.get("sequence").is_none()));
    let other_kind = events.replace("/update/", "/destroy/");
    assert_eq!(client.status(&other_kind), 404);
    assert_eq!(client.status("/api/stacks/acme/shop/prod/update/none/events"), 404);
}
