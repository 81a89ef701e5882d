//! Judges an answer to a case line as the contract's own scorer does.

use regex::Regex;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Terminal sequences: CSI, OSC and the two-byte ones.
static SEQUENCES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]").unwrap());

/// What is wrong with an answer; empty when the case passes.
pub(crate) fn judge(case: &Value, answer: &Value) -> Vec<String> {
    let id = &case["id"];
    let mut wrong = Vec::new();
    if let Some(want) = case.get("expect_rejected") {
        if sorted(&answer["rejected"]) != sorted(want) {
            wrong.push(format!("{id} refused {} for {want}", answer["rejected"]));
        }
        let blob = answer.to_string();
        let leaks = strings(case, "must_not_contain").filter(|secret| blob.contains(secret));
        wrong.extend(leaks.map(|secret| format!("{id} names {secret:?}")));
        return wrong;
    }
    let Some(output) = output(answer) else {
        return vec![format!("{id} is not answered: {answer}")];
    };
    if case["expect_equal"] == json!(true) {
        let same = match &output {
            Output::Value(value) => *value == case["value"],
            Output::Bytes(bytes) => *bytes == input(case),
        };
        return if same {
            wrong
        } else {
            vec![format!("{id} altered: {answer}")]
        };
    }
    let mut texts = texts(&output);
    let plain: Vec<String> = texts
        .iter()
        .map(|text| SEQUENCES.replace_all(text, "").into_owned())
        .collect();
    texts.extend(plain);
    let holds = |part: &String| texts.iter().any(|text| text.contains(part));
    let leaks = strings(case, "must_not_contain").filter(|secret| holds(secret));
    wrong.extend(leaks.map(|secret| format!("{id} leaks {secret:?}: {answer}")));
    let lost = strings(case, "must_keep").filter(|kept| !holds(kept));
    wrong.extend(lost.map(|kept| format!("{id} lost {kept:?}: {answer}")));
    if let Some(marker) = case["expect_contains"].as_str()
        && !holds(&marker.to_owned())
    {
        wrong.push(format!("{id} has no marker: {answer}"));
    }
    if let Some(want) = case.get("expect_output") {
        let got = match &output {
            Output::Value(value) => value.clone(),
            Output::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
        };
        if got != *want {
            wrong.push(format!("{id} gave {got} for {want}"));
        }
    }
    for path in list(case, "redacted_paths") {
        match at(&answer["value"], &path) {
            Some(found) if leaves(found).all(is_hidden) => {}
            found => wrong.push(format!("{id} at {path}: {found:?}")),
        }
    }
    for kept in list(case, "keep_paths") {
        if at(&answer["value"], &kept["path"]) != Some(&kept["value"]) {
            wrong.push(format!("{id} damaged {}: {answer}", kept["path"]));
        }
    }
    wrong
}

/// What a case feeds to a stream, in one piece.
pub(crate) fn input(case: &Value) -> Vec<u8> {
    let decode = |text: &Value| base64(text.as_str().unwrap());
    if let Some(text) = case["input"].as_str() {
        return text.as_bytes().to_vec();
    }
    if case.get("input_b64").is_some() {
        return decode(&case["input_b64"]);
    }
    let whole = list(case, "chunks").map(|chunk| chunk.as_str().unwrap().as_bytes().to_vec());
    whole
        .chain(list(case, "chunks_b64").map(|chunk| decode(&chunk)))
        .flatten()
        .collect()
}

enum Output {
    Bytes(Vec<u8>),
    Value(Value),
}

fn output(answer: &Value) -> Option<Output> {
    if let Some(text) = answer["output"].as_str() {
        return Some(Output::Bytes(text.as_bytes().to_vec()));
    }
    if let Some(text) = answer["output_b64"].as_str() {
        return Some(Output::Bytes(base64(text)));
    }
    answer.get("value").cloned().map(Output::Value)
}

fn texts(output: &Output) -> Vec<String> {
    match output {
        Output::Bytes(bytes) => vec![String::from_utf8_lossy(bytes).into_owned()],
        Output::Value(value) => {
            let mut texts = vec![value.to_string()];
            collect(value, &mut texts);
            texts
        }
    }
}

/// Every key, string, number and decoded bytes value.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(map) => {
            for (key, value) in map {
                texts.push(key.clone());
                if let ("bytesValue", Some(text)) = (key.as_str(), value.as_str()) {
                    texts.push(String::from_utf8_lossy(&base64(text)).into_owned());
                }
                collect(value, texts);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn at<'a>(value: &'a Value, path: &Value) -> Option<&'a Value> {
    path.as_array()?.iter().try_fold(value, |value, step| match step {
        Value::String(key) => value.get(key),
        step => value.get(usize::try_from(step.as_u64()?).ok()?),
    })
}

fn leaves(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter().flat_map(leaves)),
        Value::Object(map) => Box::new(map.values().flat_map(leaves)),
        leaf => Box::new(std::iter::once(leaf)),
    }
}

fn is_hidden(leaf: &Value) -> bool {
    leaf.is_null() || leaf.is_boolean() || leaf.as_str().is_some_and(|text| text.contains("[REDACTED]"))
}

fn sorted(keys: &Value) -> Vec<String> {
    let keys = keys.as_array().into_iter().flatten();
    let mut keys: Vec<_> = keys.map(|key| key.as_str().unwrap().to_owned()).collect();
    keys.sort_unstable();
    keys
}

fn list<'a>(case: &'a Value, field: &str) -> impl Iterator<Item = Value> + use<'a> {
    case[field].as_array().into_iter().flatten().cloned()
}

fn strings<'a>(case: &'a Value, field: &str) -> impl Iterator<Item = String> + use<'a> {
    list(case, field).map(|text| text.as_str().unwrap().to_owned())
}

/// Standard base64; what is not of its alphabet is left out.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0u32, 0u32);
    for digit in text
        .bytes()
        .filter_map(|byte| alphabet.iter().position(|digit| *digit == byte))
    {
        held = (held << 6 | u32::try_from(digit).unwrap()) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    bytes
}
