//! Refusals, credentials, compression, and what is counted of calls.

use sitelog_cloud_sim::{Operation, Plan, Sim, World};

use crate::client::{Client, NOW, furnished};

#[test]
fn what_is_not_there_is_refused_in_the_services_form() {
    let sim = Sim::start(furnished()).unwrap();
    let client = Client::of(&sim);
    for path in [
        "/api/orgs/nobody/members",
        "/api/orgs/nobody/deployments/metadata",
        "/api/user/stacks?organization=nobody",
        "/api/stacks/acme/shop/none/updates",
    ] {
        let (status, text) = client.text(path).unwrap();
        let body: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, body["code"].as_u64()), (404, Some(404)), "{path}");
        assert!(body["message"].as_str().unwrap().starts_with("Not Found"), "{text}");
    }
    assert_eq!(client.status("/api/user/stacks?continuationToken=made-up"), 400);
    assert_eq!(client.status("/api/orgs/acme/nothing"), 404);
    assert_eq!(sim.stats().unknown, 1);
}

#[test]
fn a_call_needs_the_right_token() {
    let sim = Sim::start(furnished()).unwrap();
    let client = Client::of(&sim);
    let bare = reqwest::blocking::get(format!("{}/api/user", sim.url())).unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(client.status("/api/user"), 200, "any token will do");
    sim.set_token("another");
    assert_eq!(client.status("/api/user"), 401);
    sim.set_token("t0ps3cret");
    assert_eq!(client.status("/api/user"), 200);
    let stats = sim.stats();
    assert_eq!(stats.without_accept, 1);
    assert_eq!(stats.calls[&Operation::GetCurrentUser], [(200, 2), (401, 2)].into());
}

#[test]
fn answers_are_compressed_for_who_takes_that() {
    let sim = Sim::start(World::generate(&Plan {
        seed: 7,
        now: NOW,
        organizations: Plan::organization_names(1),
        stacks: 400,
        updates: 2,
    }))
    .unwrap();
    let client = Client::of(&sim);
    let text = client.text("/api/user/stacks?maxResults=500").unwrap().1;
    let stats = sim.stats();
    assert!(text.len() > 80_000, "{}", text.len());
    assert!(
        stats.bytes_out < text.len() as u64 / 3,
        "{} of {}",
        stats.bytes_out,
        text.len()
    );
    sim.reset_stats();
    let plain = reqwest::blocking::Client::builder().no_gzip().build().unwrap();
    let request = plain.get(format!("{}/api/user/stacks?maxResults=500", sim.url()));
    let answer = request.header("Authorization", "token x").send().unwrap();
    assert_eq!(answer.headers().get("content-encoding"), None);
    assert_eq!(answer.text().unwrap(), text);
    assert!(sim.stats().bytes_out > text.len() as u64);
}

#[test]
fn calls_and_connections_are_counted() {
    let sim = Sim::start(furnished()).unwrap();
    let client = Client::of(&sim);
    for _ in 0..5 {
        client.get("/api/orgs/acme/teams");
    }
    client.get("/api/orgs/acme/policygroups");
    let stats = sim.stats();
    assert_eq!((stats.of(Operation::ListTeams), stats.total()), (5, 6));
    assert_eq!(stats.connections, 1, "a kept connection is one");
    assert_eq!(stats.peak_concurrent, 1);
    sim.reset_stats();
    assert_eq!(sim.stats(), sitelog_cloud_sim::Stats::default());
}

#[test]
fn a_world_goes_on_at_another_server() {
    let sim = Sim::start(furnished()).unwrap();
    let (url, address) = (sim.url().to_owned(), sim.address());
    sim.world().advance(60);
    let world = sim.stop();
    assert_eq!(world.now(), NOW + 60);
    assert!(Client::at(&url).ask("/api/user").is_err(), "nobody listens");
    let sim = Sim::start_at(address, world).unwrap();
    assert_eq!(sim.url(), url);
    assert_eq!(Client::of(&sim).status("/api/orgs/acme/teams"), 200);
    assert!(Sim::start_at(address, furnished()).is_err(), "the port is taken");
}
