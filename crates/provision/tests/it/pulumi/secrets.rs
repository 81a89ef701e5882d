//! No secret of the captures is left in what an operation makes of them.
//!
//! Scenario: real streams in which secrets were planted and generated, in all encodings the tools used. Guarantee:
//! before any sanitizing the records hold nothing of inputs, outputs, configuration and debug lines; after it no secret
//! that must be hidden.

use super::captures::{play_case, truths};
use prost::Message;
use serde::Deserialize;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId};
use sitelog_sanitize::{Declared, Sanitizer, Settings};

#[derive(Deserialize)]
struct Secret {
    id: String,
    case: String,
    value: String,
    expect: String,
    /// The tool knows that it is secret: who runs the tool can declare it.
    marked: bool,
}

/// The sanitizer's own list for the same captures.
fn secrets() -> Vec<Secret> {
    let lines = include_str!("../../../../sanitize/testdata/provisioning-secrets.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The records of each case; the bulk ones have no secrets.
fn records() -> Vec<(String, Vec<LogRecord>)> {
    let truths = truths();
    let small = truths.iter().filter(|(case, _)| !case.contains("bulk"));
    let played = small.map(|(case, truth)| {
        let logs = play_case(case, truth).into_iter().flat_map(|played| played.out.logs);
        (case.clone(), logs.collect())
    });
    played.collect()
}

/// A value as it is, in Base64, percent-encoded, in hex, escaped for JSON once and twice.
fn forms(value: &str) -> Vec<String> {
    let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte);
    let percent = value.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    let hex = value.bytes().map(|byte| format!("{byte:02x}"));
    vec![
        value.to_owned(),
        percent.collect(),
        hex.collect(),
        json(value),
        json(&json(value)),
        base64(value),
    ]
}

fn base64(text: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.as_bytes().chunks(3).flat_map(|chunk| {
        let byte = |at: usize| usize::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        (0..=chunk.len()).map(move |at| char::from(alphabet[bits >> (18 - 6 * at) & 63]))
    });
    digits.collect()
}

/// The records as they are stored, one behind the other.
fn stored(records: &[LogRecord]) -> Vec<u8> {
    records.iter().flat_map(Message::encode_to_vec).collect()
}

fn holds(stored: &[u8], form: &str) -> bool {
    memchr::memmem::find(stored, form.as_bytes()).is_some()
}

#[test]
fn nothing_is_taken_over_that_the_engine_knows_to_be_a_value() {
    let secrets = secrets();
    for (case, records) in records() {
        let records = stored(&records);
        for secret in secrets
            .iter()
            .filter(|secret| secret.case == case || secret.case == "*")
        {
            // Generated values stand in outputs and debug lines; what a command prints is the sanitizer's.
            let generated = secret.id.ends_with(":bcrypt") || secret.id == "gen:ledger-bootstrap";
            // Configuration, and a command's environment.
            let values_only = matches!(&*secret.id, "S02" | "S04b");
            if generated || values_only {
                assert!(
                    forms(&secret.value).iter().all(|form| !holds(&records, form)),
                    "{case}: {}",
                    secret.id
                );
            }
        }
    }
}

#[test]
fn lines_of_a_key_are_hidden_before_any_sanitizing() {
    let mut cases = 0;
    for (case, records) in records() {
        let records = stored(&records);
        for secret in secrets().iter().filter(|secret| secret.id.starts_with("S09l")) {
            assert!(!holds(&records, &secret.value), "{case}: {}", secret.id);
        }
        cases += usize::from(holds(&records, "-----BEGIN PRIVATE KEY-----"));
    }
    assert!(cases >= 10, "the key is printed in most captures");
}

#[test]
fn what_must_be_hidden_is_hidden_in_the_stored_records() {
    let secrets = secrets();
    let marked = secrets.iter().filter(|secret| secret.marked);
    let declared = marked.map(|s| Declared {
        name: s.id.clone(),
        value: s.value.clone().into_bytes(),
    });
    let sanitizer = Sanitizer::new(Settings {
        declared: declared.collect(),
        ..Settings::default()
    });
    let must: Vec<_> = secrets
        .iter()
        .filter(|s| s.expect == "must" && s.value.len() > 3)
        .collect();
    assert!(must.len() > 10);
    for (case, records) in records() {
        let clean = stored(&sanitized(&sanitizer, records));
        for secret in &must {
            for form in forms(&secret.value) {
                assert!(!holds(&clean, &form), "{case}: {} as {form}", secret.id);
            }
        }
    }
}

fn sanitized(sanitizer: &Sanitizer, log_records: Vec<LogRecord>) -> Vec<LogRecord> {
    let scope = ScopeLogs {
        log_records,
        ..ScopeLogs::default()
    };
    let resource = ResourceLogs {
        scope_logs: vec![scope],
        ..ResourceLogs::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![resource],
    };
    let batch = Batch {
        tenant: TenantId::default(),
        signal: Signal::Logs,
        origin: Origin {
            source: Source::Run,
            id: sitelog_model::Ulid::nil(),
        },
        payload: Payload::Otlp(Bytes::from(request.encode_to_vec())),
    };
    let clean = sanitizer.batch(batch).unwrap().into_inner();
    let Payload::Otlp(bytes) = clean.payload else {
        panic!("the payload's form changed")
    };
    let request = ExportLogsServiceRequest::decode(bytes).unwrap();
    request
        .resource_logs
        .into_iter()
        .flat_map(|r| r.scope_logs)
        .flat_map(|s| s.log_records)
        .collect()
}
