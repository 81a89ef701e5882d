//! The redaction contract: its open cases (`testdata/cases.jsonl`) and our own of every rule (`testdata/own-cases.jsonl`).

use crate::judge::{input, judge};
use serde_json::{Value, json};
use sitelog_sanitize::{Declared, Sanitizer, Settings, cases};

const OPEN: &str = include_str!("../../testdata/cases.jsonl");
const OWN: &str = include_str!("../../testdata/own-cases.jsonl");

fn every_case() -> Vec<Value> {
    let lines = OPEN.lines().chain(OWN.lines());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn streamed_cases() -> impl Iterator<Item = Value> {
    every_case()
        .into_iter()
        .filter(|case| case["mode"] == "text" || case["mode"] == "chunks")
}

fn answer(line: &str) -> Value {
    serde_json::from_str(&cases::run(line)).unwrap()
}

fn sanitizer(case: &Value) -> Sanitizer {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let secrets = case["declared_secrets"].as_array().cloned().unwrap_or_default();
    let declared = secrets.iter().map(|secret| Declared {
        name: text(&secret["name"]),
        value: text(&secret["value"]).into_bytes(),
    });
    Sanitizer::new(Settings {
        declared: declared.collect(),
        pii: case["options"]["pii"] == json!(true),
        ..Settings::default()
    })
}

fn redact(sanitizer: &Sanitizer, writes: &[&[u8]]) -> Vec<u8> {
    let mut stream = sanitizer.stream();
    let mut out: Vec<u8> = Vec::new();
    for write in writes {
        out.extend_from_slice(stream.push(write).get());
    }
    out.extend_from_slice(stream.finish().get());
    out
}

#[test]
fn every_case_passes() {
    let mut wrong = Vec::new();
    let lines: Vec<&str> = OPEN.lines().chain(OWN.lines()).collect();
    for line in &lines {
        wrong.extend(judge(&serde_json::from_str(line).unwrap(), &answer(line)));
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n")
    );
}

/// Scenario: each stream cut once at every place, and byte by byte. Guarantees: the uncut stream's output (R4).
#[test]
fn every_cut_of_every_case_gives_the_same() {
    let mut wrong = Vec::new();
    for case in streamed_cases() {
        let sanitizer = sanitizer(&case);
        let input = input(&case);
        let want = redact(&sanitizer, &[&input]);
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        if redact(&sanitizer, &bytes) != want {
            wrong.push(format!("{} byte by byte", case["id"]));
        }
        for cut in 1..input.len() {
            let (front, back) = input.split_at(cut);
            let got = redact(&sanitizer, &[front, back]);
            if got != want {
                let (got, want) = (String::from_utf8_lossy(&got), String::from_utf8_lossy(&want));
                wrong.push(format!("{} cut at {cut}: {got:?} for {want:?}", case["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Scenario: each stream in pieces of 2 to 40 bytes, eight ways. Guarantees: the uncut stream's output (R4).
#[test]
fn many_cuts_of_every_case_give_the_same() {
    let mut state = 0x2545_f491_u32;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize
    };
    for case in streamed_cases() {
        let sanitizer = sanitizer(&case);
        let input = input(&case);
        let want = redact(&sanitizer, &[&input]);
        for _ in 0..8 {
            let mut writes = Vec::new();
            let mut rest = input.as_slice();
            while !rest.is_empty() {
                let (front, back) = rest.split_at(rest.len().min(2 + random() % 39));
                writes.push(front);
                rest = back;
            }
            let got = redact(&sanitizer, &writes);
            assert_eq!(
                String::from_utf8_lossy(&got),
                String::from_utf8_lossy(&want),
                "{}",
                case["id"]
            );
        }
    }
}

/// Guarantees: every output, of streams and of values, given in again comes out as it is (R15).
#[test]
fn a_second_pass_changes_nothing() {
    let mut wrong = Vec::new();
    for case in every_case() {
        let first = answer(&case.to_string());
        if first.get("rejected").is_some() {
            continue;
        }
        let mut again = case.clone();
        let fields = again.as_object_mut().unwrap();
        for field in ["input", "input_b64", "chunks", "chunks_b64", "value"] {
            fields.remove(field);
        }
        for (from, to) in [("output", "input"), ("output_b64", "input_b64"), ("value", "value")] {
            if let Some(output) = first.get(from) {
                fields.insert(to.to_owned(), output.clone());
            }
        }
        if case["mode"] == "chunks" {
            fields.insert("mode".to_owned(), json!("text"));
        }
        let second = answer(&again.to_string());
        if second != first {
            wrong.push(format!("{}: {first} became {second}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_and_mode_has_a_case() {
    let cases = every_case();
    // R4 and R15 have tests of their own here; R4 has cases too.
    for rule in (0..=21).filter(|rule| *rule != 15).map(|rule| format!("R{rule}")) {
        assert!(cases.iter().any(|case| case["rule"] == rule.as_str()), "{rule}");
    }
    for mode in ["text", "chunks", "attrs", "body", "otlp", "audit-metadata"] {
        for class in ["control", "secret"] {
            let found = cases.iter().any(|case| case["mode"] == mode && case["class"] == class);
            assert!(found, "{mode}, {class}");
        }
    }
}

#[test]
fn a_line_that_is_no_case_is_answered_with_an_error() {
    for line in [
        "",
        "{",
        "{\"id\":\"x\"}",
        "{\"id\":\"x\",\"mode\":\"text\"}",
        "{\"id\":\"x\",\"mode\":\"attrs\"}",
    ] {
        assert!(answer(line)["error"].is_string(), "{line}");
    }
}
