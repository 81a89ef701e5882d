//! What goes wrong goes wrong as told, and no more often.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use sitelog_cloud_sim::{Fault, Operation, RetryAfter, Rule, Sim};

use crate::client::{Client, furnished};

const MEMBERS: &str = "/api/orgs/acme/members";
const TEAMS: &str = "/api/orgs/acme/teams";

fn spoiled(fault: Fault) -> String {
    let sim = Sim::start(furnished()).unwrap();
    sim.add_rule(Rule::new(fault).on(Operation::ListOrganizationMembers));
    let client = Client::of(&sim);
    assert_eq!(client.status(TEAMS), 200, "other operations are well");
    let (status, text) = client.text(MEMBERS).unwrap();
    assert_eq!(status, 200);
    text
}

fn spoiled_json(fault: Fault) -> Value {
    serde_json::from_str(&spoiled(fault)).unwrap()
}

#[test]
fn a_fault_passes() {
    let sim = Sim::start(furnished()).unwrap();
    let fault = |status| Fault::Status {
        status,
        retry_after: None,
    };
    sim.add_rule(Rule::new(fault(500)).on(Operation::ListTeams).after(1).times(2));
    sim.add_rule(Rule::new(fault(403)).at("/api/orgs/acme/members?continuationToken="));
    let client = Client::of(&sim);
    assert_eq!([0; 5].map(|_| client.status(TEAMS)), [200, 500, 500, 200, 200]);
    assert_eq!(client.status(MEMBERS), 200);
    assert_eq!(client.status(&format!("{MEMBERS}?continuationToken=at-100")), 403);
    sim.clear_rules();
    assert_eq!(client.status(&format!("{MEMBERS}?continuationToken=at-100")), 200);
    assert_eq!(sim.stats().calls[&Operation::ListTeams], [(200, 3), (500, 2)].into());
}

#[test]
fn content_is_spoiled_as_told() {
    assert!(spoiled(Fault::Html).starts_with("<!DOCTYPE html>"));
    assert_eq!(spoiled_json(Fault::Empty), json!({}));
    assert_eq!(spoiled_json(Fault::Nulls)["members"], Value::Null);
    assert_eq!(spoiled_json(Fault::MissingFields)["members"][0], json!({}));
    assert_eq!(spoiled_json(Fault::NullFields)["members"][0]["user"], Value::Null);
    assert!(spoiled_json(Fault::WrongTypes)["members"][0]["created"].is_number());
    assert!(spoiled_json(Fault::UnknownFields)["members"][0]["aFieldOfTomorrow"].is_object());
    let truncated = serde_json::from_str::<Value>(&spoiled(Fault::Truncated));
    assert!(truncated.is_err_and(|error| error.is_eof()));
}

#[test]
fn a_repeating_token_never_ends() {
    let sim = Sim::start(furnished()).unwrap();
    sim.add_rule(Rule::new(Fault::RepeatingToken));
    let client = Client::of(&sim);
    let lists = [
        (MEMBERS, "members", "continuationToken"),
        ("/api/esc/environments/acme", "environments", "nextToken"),
        (
            "/api/orgs/acme/policyresults/violationsv2",
            "policyViolations",
            "continuationToken",
        ),
        ("/api/user/stacks", "stacks", "continuationToken"),
    ];
    for (path, list, token_name) in lists {
        let first = client.get(path);
        let token = first[token_name].as_str().unwrap();
        let second = client.get(&format!("{path}?continuationToken={token}"));
        assert_eq!(
            (&second[list], &second[token_name]),
            (&first[list], &first[token_name]),
            "{path}"
        );
    }
}

#[test]
fn retry_after_is_said_as_seconds_or_as_a_date_and_calls_that_ignore_it_are_counted() {
    let sim = Sim::start(furnished()).unwrap();
    let refuse = |retry_after| {
        Rule::new(Fault::Status {
            status: 429,
            retry_after: Some(retry_after),
        })
        .times(1)
    };
    sim.add_rule(refuse(RetryAfter::Seconds(3_600)));
    let client = Client::of(&sim);
    let header = |client: &Client| {
        let response = client.ask(TEAMS).unwrap();
        assert_eq!(response.status(), 429);
        response.headers()["retry-after"].to_str().unwrap().to_owned()
    };
    assert_eq!(header(&client), "3600");
    assert_eq!(sim.stats().inside_retry_after, 0);
    // Longer than a call may have been on its way.
    thread::sleep(Duration::from_millis(300));
    sim.add_rule(refuse(RetryAfter::Date(2)));
    let date = httpdate_of(&header(&client));
    let ahead = date.duration_since(SystemTime::now()).unwrap_or_default();
    assert!(ahead <= Duration::from_secs(3), "{ahead:?}");
    client.get(TEAMS);
    assert_eq!(sim.stats().inside_retry_after, 2);
}

fn httpdate_of(text: &str) -> SystemTime {
    let parsed = jiff::fmt::rfc2822::parse(text).unwrap();
    parsed.timestamp().into()
}

#[test]
fn a_limit_refuses_what_is_above_it() {
    let sim = Sim::start(furnished()).unwrap();
    sim.add_rule(Rule::new(Fault::Limit {
        calls: 3,
        per_millis: 3_600_000,
        retry_after: Some(RetryAfter::Seconds(1)),
    }));
    let client = Client::of(&sim);
    assert_eq!([0; 5].map(|_| client.status(TEAMS)), [200, 200, 200, 429, 429]);
}

#[test]
fn what_hangs_never_answers_and_is_counted_when_the_client_gives_up() {
    for fault in [Fault::Hang, Fault::HangInBody] {
        let sim = Sim::start(furnished()).unwrap();
        sim.add_rule(Rule::new(fault.clone()).on(Operation::ListTeams));
        let client = Client::with_timeout(sim.url(), Duration::from_secs(1));
        let error = client.text(TEAMS).unwrap_err();
        assert!(
            error.is_timeout() || error.is_body() || error.is_decode(),
            "{fault:?}: {error:?}"
        );
        let deadline = Instant::now() + Duration::from_secs(20);
        while sim.stats().of(Operation::ListTeams) == 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let status = if fault == Fault::Hang { 0 } else { 200 };
        assert_eq!(sim.stats().calls[&Operation::ListTeams], [(status, 1)].into());
        assert_eq!(Client::of(&sim).status(MEMBERS), 200, "the server goes on");
    }
}

#[test]
fn the_peak_is_of_calls_at_one_time() {
    let sim = Sim::start(furnished()).unwrap();
    sim.add_rule(Rule::new(Fault::Hang));
    let url = sim.url().to_owned();
    let callers = [0; 4].map(|_| {
        let url = url.clone();
        thread::spawn(move || Client::at(&url).ask(TEAMS).is_err())
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    while sim.stats().peak_concurrent < 4 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((sim.stats().peak_concurrent, sim.stats().connections), (4, 4));
    sim.stop();
    assert!(
        callers.into_iter().all(|caller| caller.join().unwrap()),
        "what hung has ended with the server"
    );
}

#[test]
fn a_body_that_breaks_off_is_an_error_and_one_that_drips_is_whole() {
    let sim = Sim::start(furnished()).unwrap();
    let client = Client::of(&sim);
    let whole = client.text(TEAMS).unwrap();
    sim.add_rule(Rule::new(Fault::Cut).times(1));
    assert!(client.text(TEAMS).is_err());
    sim.add_rule(Rule::new(Fault::Drip { bytes: 40, millis: 1 }).times(1));
    assert_eq!(client.text(TEAMS).unwrap(), whole);
}

#[test]
fn latency_is_at_least_what_was_told() {
    let sim = Sim::start(furnished()).unwrap();
    sim.set_latency(Duration::from_millis(30));
    sim.add_rule(Rule::new(Fault::Latency { millis: 40 }).times(1));
    let client = Client::of(&sim);
    let start = Instant::now();
    client.get(TEAMS);
    assert!(start.elapsed() >= Duration::from_millis(70));
}

#[test]
fn a_huge_list_is_valid_json_of_the_size_told_compressed_or_not() {
    let sim = Sim::start(furnished()).unwrap();
    sim.add_rule(Rule::new(Fault::Huge { bytes: 3_000_000 }));
    let text = Client::of(&sim).text(MEMBERS).unwrap().1;
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert!((2_800_000..3_200_000).contains(&text.len()), "{}", text.len());
    assert!(answer["members"].as_array().unwrap().len() > 5_000);
    assert!(sim.stats().bytes_out < 300_000);
    let plain = reqwest::blocking::Client::builder().no_gzip().build().unwrap();
    let request = plain
        .get(format!("{}{MEMBERS}", sim.url()))
        .header("Authorization", "token x");
    assert_eq!(request.send().unwrap().text().unwrap(), text);
}

#[test]
fn a_client_may_leave_a_huge_list() {
    let sim = Sim::start(furnished()).unwrap();
    sim.add_rule(Rule::new(Fault::Huge { bytes: 500_000_000 }).times(1));
    let client = Client::of(&sim);
    let mut start = [0; 100_000];
    client.ask(MEMBERS).unwrap().read_exact(&mut start).unwrap();
    assert!(start.starts_with(br#"{"members":[{"#));
    assert_eq!(client.status(MEMBERS), 200);
}
