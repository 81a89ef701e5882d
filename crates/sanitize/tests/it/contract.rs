//! The open cases of the redaction contract (`testdata/cases.jsonl`): what must be gone, what must stay.

use serde_json::{Value, json};
use sitelog_sanitize::cases;

fn lines() -> Vec<Value> {
    include_str!("../../testdata/cases.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn answer(case: &Value) -> Value {
    serde_json::from_str(&cases::run(&case.to_string())).unwrap()
}

fn strings(case: &Value, field: &str) -> Vec<String> {
    let list = case[field].as_array().cloned().unwrap_or_default();
    list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The output as one text, without terminal colours.
fn text(answer: &Value) -> String {
    let raw = match answer.get("output").or(answer.get("value")) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => answer.to_string(),
    };
    raw.split('\u{1b}')
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('m').unwrap().1 })
        .collect()
}

#[test]
fn every_case_passes() {
    let mut wrong = Vec::new();
    for case in lines() {
        let answer = answer(&case);
        let out = text(&answer);
        let leaks = strings(&case, "must_not_contain")
            .into_iter()
            .filter(|secret| out.contains(secret));
        wrong.extend(leaks.map(|_| format!("{} leaks: {out}", case["id"])));
        if case.get("input_b64").is_none() {
            let lost = strings(&case, "must_keep")
                .into_iter()
                .filter(|kept| !out.contains(kept));
            wrong.extend(lost.map(|kept| format!("{} lost {kept:?}: {out}", case["id"])));
        }
        if case["expect_equal"] == json!(true) {
            let same = ["input", "value"].iter().any(|field| {
                case.get(field)
                    .is_some_and(|input| Some(input) == answer.get("output").or(answer.get("value")))
            });
            let chunks: String = strings(&case, "chunks").concat();
            let bytes = case.get("input_b64").is_some() && case["input_b64"] == answer["output_b64"];
            if !(same || bytes || answer["output"] == json!(chunks)) {
                wrong.push(format!("{} altered: {answer}", case["id"]));
            }
        }
        if let Some(want) = case.get("expect_output")
            && answer.get("output").or(answer.get("value")) != Some(want)
        {
            wrong.push(format!("{} gave {answer}", case["id"]));
        }
        if let Some(want) = case.get("expect_rejected") {
            assert_eq!(&answer["rejected"], want);
        }
        for path in case["redacted_paths"].as_array().cloned().unwrap_or_default() {
            let at = |value: &Value, step: &Value| match step {
                Value::String(key) => value[key.as_str()].clone(),
                step => value[step.as_u64().unwrap() as usize].clone(),
            };
            let leaf = path
                .as_array()
                .unwrap()
                .iter()
                .fold(answer["value"].clone(), |value, step| at(&value, step));
            if !leaf.to_string().contains("[REDACTED]") {
                wrong.push(format!("{} keeps {path}: {leaf}", case["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
        let answer: Value = serde_json::from_str(&cases::run(line)).unwrap();
        assert!(answer["error"].is_string(), "{line}: {answer}");
    }
}
