//! Programs on Pulumi's Automation API, which start the engine themselves: Python's, unmodified.

use super::stage::Stage;
use super::trail::{Operation, operation, operations};
use super::truth::{Truth, events};
use crate::component::component;
use serde_json::Value;
use std::sync::OnceLock;

const CASE: &str = "01-up-create";

const PROGRAM: &str = r#"
import json, sys
from pulumi import automation

stack = automation.create_or_select_stack(stack_name="prod", project_name="payments", program=lambda: None)
got = []
for word in sys.argv[1:]:
    if word == "up-with-events":
        stack.up(on_event=got.append)
    else:
        getattr(stack, word)()
print(json.dumps([event.sequence for event in got]))
"#;

fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| component("pulumi-python", "SITELOG_PULUMI_PYTHON"))
}

/// Runs the program; says which events came to it.
fn run(stage: &Stage, flags: &[&str], words: &[&str]) -> Vec<u64> {
    let program = stage.scene.file("program.py", PROGRAM);
    let job: Vec<&str> = [python(), &program].into_iter().chain(words.iter().copied()).collect();
    let ran = stage.run(flags, &job);
    assert_eq!(ran.code, 0, "{}", ran.err());
    let numbers: Vec<Value> = serde_json::from_slice(&ran.stdout).unwrap();
    numbers.iter().map(|number| number.as_u64().unwrap()).collect()
}

fn all() -> Vec<u64> {
    (0..events(CASE, 1).len() as u64).collect()
}

fn is_whole(operation: &Operation, way: &str) {
    operation.is(&Truth::of(CASE), way);
    operation.took(&events(CASE, 1), way);
}

/// Scenario: a program that asks for no events, recorded by the shim, and by the environment alone. Guarantees: every event.
#[test]
fn a_program_without_event_streams_is_recorded() {
    for flags in [&[][..], &["--intercept=false"]] {
        let stage = Stage::of(&[CASE]);
        assert_eq!(run(&stage, flags, &["up"]), [0; 0]);
        is_whole(&operation(&stage.recorded()), &format!("{flags:?}"));
    }
}

/// Scenario: a program that takes events itself, on an address of its own. Guarantees: it gets every event, and so does the
/// record.
#[test]
fn a_program_with_event_streams_gets_them_too() {
    let stage = Stage::of(&[CASE]);
    assert_eq!(run(&stage, &[], &["up-with-events"]), all());
    is_whole(&operation(&stage.recorded()), "both");
}

/// Scenario: one program refreshes, updates and takes down, as mapt does. Guarantees: an operation for each, by its name.
#[test]
fn each_operation_of_a_program_is_one() {
    let cases = ["06-refresh", CASE, "12-destroy"];
    let stage = Stage::of(&cases);
    run(&stage, &[], &["refresh", "up", "destroy"]);
    let operations = operations(&stage.recorded());
    let names: Vec<&str> = operations.iter().map(Operation::name).collect();
    assert_eq!(names, ["refresh", "up", "destroy"]);
    for (case, operation) in cases.iter().zip(&operations) {
        operation.is(&Truth::of(case), case);
        operation.took(&events(case, 1), case);
    }
}

/// Scenario: mapt's flags around such a program. Guarantees: its names are on the records at the sink, which got the token as
/// a header; the token stands in nothing that is kept.
#[test]
fn mapts_profile_is_on_the_records() {
    use crate::sink::{Answer, Sink};
    const TOKEN: &str = "otel-token-3f9a1c77";
    let (stage, sink) = (Stage::of(&[CASE]), Sink::start(Answer::Take));
    let endpoint = sink.endpoint();
    let flags = [
        ["--otel-app-code", "PAY-01"],
        ["--otel-auth-token", TOKEN],
        ["--otel-endpoint", &endpoint],
        ["--project-name", "myproj"],
    ];
    run(&stage, &flags.concat(), &["up"]);
    let sent = operation(&sink.recorded());
    is_whole(&sent, "mapt");
    let resource = &sent.completed().resource;
    let named = ["appcode", "project-name", "operation", "stack"].map(|name| resource[name].as_str().unwrap());
    assert_eq!(named, ["PAY-01", "myproj", "up", "prod"]);
    let taken = sink.taken();
    assert!(
        taken
            .iter()
            .all(|taken| taken.headers["authorization"] == format!("Bearer {TOKEN}"))
    );
    for (place, bytes) in super::leaks::traces(&stage, Vec::new()) {
        assert!(!super::leaks::holds(&bytes, TOKEN), "the token stands in {place}");
    }
    assert!(taken.iter().all(|taken| !super::leaks::holds(&taken.body, TOKEN)));
}
