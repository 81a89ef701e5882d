//! No secret of the recorded runs is left anywhere: records, ledger, terminal, trail.

use super::captures::{PULUMI, TERRAFORM, Way};
use super::stage::{Stage, about, typed};
use super::truth::printed;
use serde_json::Value;
use sitelog_ledger::{Ledger, Options};
use std::path::Path;

struct Secret {
    id: String,
    case: String,
    value: String,
    must: bool,
    /// The tool knows that it is one, so whoever runs the tool can declare it.
    marked: bool,
}

/// The sanitizer's own list for the same runs.
fn secrets() -> Vec<Secret> {
    let lines = include_str!("../../../../sanitize/testdata/provisioning-secrets.jsonl").lines();
    let secrets = lines.map(|line| {
        let secret: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| secret[key].as_str().unwrap().to_owned();
        Secret {
            id: text("id"),
            case: text("case"),
            value: text("value"),
            must: secret["expect"] == "must",
            marked: secret["marked"] == true,
        }
    });
    secrets.collect()
}

/// As it is, in Base64, percent-encoded, in hex, escaped for JSON once and twice.
fn forms(value: &str) -> Vec<String> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    };
    // Go escapes these also where it need not.
    let go = |text: &str| {
        json(text)
            .replace('&', "\\u0026")
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte);
    let percent = value.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![
        value.to_owned(),
        STANDARD_NO_PAD.encode(value),
        URL_SAFE_NO_PAD.encode(value),
        percent.collect(),
        hex,
        json(value),
        json(&json(value)),
        go(value),
        json(&go(value)),
    ]
}

pub(super) fn holds(bytes: &[u8], form: &str) -> bool {
    count(bytes, form) > 0
}

fn count(bytes: &[u8], form: &str) -> usize {
    memchr::memmem::find_iter(bytes, form.as_bytes()).count()
}

/// Every file below a folder, as it is on disk.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

/// Everything of a run that is kept or shown, by where it is.
pub(super) fn traces(stage: &Stage, terminal: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut traces = vec![("terminal".to_owned(), terminal)];
    traces.push((
        "records".to_owned(),
        std::fs::read(stage.scene.path(super::stage::RECORDS)).unwrap(),
    ));
    let listed = stage.scene.tell(&["audit", "list", "--format", "json"]);
    for operation in serde_json::from_slice::<Vec<Value>>(&listed.stdout).unwrap() {
        let id = operation["operation"].as_str().unwrap();
        for format in ["json", "table", "csv"] {
            let shown = stage.scene.tell(&["audit", "show", id, "--format", format]);
            assert_eq!(shown.code, 0, "{shown:?}");
            traces.push((format!("audit show {format}"), shown.stdout));
        }
    }
    let (out, err) = stage.scene.raw_logs("last");
    traces.extend([
        ("stdout in the ledger".to_owned(), out),
        ("stderr in the ledger".to_owned(), err),
    ]);
    files(&stage.scene.data(), &mut traces);
    // Frames may be compressed on disk.
    let ledger = Ledger::open(stage.scene.data(), Options::default()).unwrap();
    for chain in ledger.chains().unwrap() {
        for frame in ledger.frames(&chain).unwrap().map(Result::unwrap) {
            let place = format!("{:?} of {chain}", frame.position);
            traces.push((place, frame.batch.get().payload.bytes().to_vec()));
        }
    }
    traces
}

/// Scenario: real output and real events in which secrets were planted in many encodings; those that the tool knows to be
/// secret are declared. Guarantees: none that must be hidden is found in the terminal, the records, the trail as it is
/// shown, or any file of the data folder; what only looks like a secret is still there.
#[test]
fn no_secret_is_left_anywhere() {
    let secrets = secrets();
    for case in PULUMI.into_iter().chain(TERRAFORM) {
        let mut stage = Stage::of(&[case]);
        for secret in secrets.iter().filter(|secret| secret.marked) {
            stage = stage.with(&format!("PLANTED_{}", secret.id), &secret.value);
        }
        let argv = typed(case);
        let (mut flags, job) = Way::Script.start(&argv);
        flags.extend(["--redact-env", "PLANTED_*"]);
        let ran = stage.play(case, &flags, &job);
        let terminal = [ran.stdout, ran.stderr].concat();
        let (out, err) = printed(case);
        for decoy in about(case)["decoys"].as_array().unwrap() {
            let decoy = decoy.as_str().unwrap();
            let expected = count(&out, decoy) + count(&err, decoy);
            assert_eq!(
                count(&terminal, decoy),
                expected,
                "{case}: {decoy} was taken for a secret"
            );
        }
        for (place, bytes) in traces(&stage, terminal) {
            for secret in secrets
                .iter()
                .filter(|secret| secret.must && [case, "*"].contains(&secret.case.as_str()))
            {
                for form in forms(&secret.value) {
                    assert!(!holds(&bytes, &form), "{case}: {} as {form} in {place}", secret.id);
                }
            }
        }
    }
}
