//! The program, as a benchmark uses it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use sitelog_cloud_sim::{Operation, Stats};

use crate::client::Client;

/// Killed when it is dropped, also by a failed test.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pulumi-cloud-sim"));
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim_end().to_owned();
        Self { child, url }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn it_serves_says_what_was_asked_and_changes_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("url");
    let file = ready.to_str().unwrap();
    let program = Program::start(&[
        "--stacks",
        "300",
        "--updates",
        "100",
        "--orgs",
        "3",
        "--ready-file",
        file,
    ]);
    let client = Client::at(&program.url);
    // The file comes after the line; a call is answered when both are there.
    while std::fs::read_to_string(&ready).unwrap_or_default() != program.url {
        std::thread::yield_now();
    }
    let sum_of_versions = || -> u64 {
        let mut sum = 0;
        for stack in client
            .pages("/api/user/stacks?organization=acme-2", "stacks", "continuationToken")
            .0
        {
            let path = format!("{}/{}/{}", stack["orgName"], stack["projectName"], stack["stackName"]).replace('"', "");
            let latest = client.get(&format!(
                "/api/stacks/{path}/updates?page=1&pageSize=1&output-type=service"
            ));
            sum += latest["total"].as_u64().unwrap();
        }
        sum
    };
    assert_eq!(sum_of_versions(), 100 * 100);
    let http = reqwest::blocking::Client::new();
    let changed = http
        .post(format!("{}/_sim/changes?percent=100&seed=3", program.url))
        .send()
        .unwrap();
    assert_eq!(changed.json_value(), json!({ "changed": 300 }));
    assert_eq!(sum_of_versions(), 101 * 100);
    let stats: Stats = serde_json::from_value(client.get("/_sim/stats")).unwrap();
    assert_eq!(
        (
            stats.of(Operation::GetStackUpdates),
            stats.of(Operation::ListUserStacks)
        ),
        (200, 2)
    );
    http.delete(format!("{}/_sim/stats", program.url)).send().unwrap();
    assert_eq!(client.get("/_sim/stats")["calls"], json!({}));
}

#[test]
fn rules_come_as_json_and_nonsense_is_refused() {
    let program = Program::start(&["--stacks", "1"]);
    let client = Client::at(&program.url);
    let http = reqwest::blocking::Client::new();
    let rules = format!("{}/_sim/rules", program.url);
    let post = |body: &str| {
        http.post(&rules)
            .body(body.to_owned())
            .send()
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(
        post(r#"[{"operation":"ListTeams","times":1,"fault":{"status":{"status":503}}}]"#),
        200
    );
    assert_eq!(post(r#"{"path":"/api/orgs/acme/members","fault":"empty"}"#), 200);
    assert_eq!(post(r#"{"fault":"melt"}"#), 400);
    assert_eq!([0; 2].map(|_| client.status("/api/orgs/acme/teams")), [503, 200]);
    assert_eq!(client.get("/api/orgs/acme/members"), json!({}));
    assert_eq!(http.delete(&rules).send().unwrap().status(), 200);
    assert_ne!(client.get("/api/orgs/acme/members"), json!({}));
}

trait JsonValue {
    fn json_value(self) -> Value;
}

impl JsonValue for reqwest::blocking::Response {
    fn json_value(self) -> Value {
        serde_json::from_str(&self.text().unwrap()).unwrap()
    }
}
