//! Recorded runs as folders that the replayer plays, and what became of them in truth: from checkpoints and states before
//! and after, not from what the engine said.

use super::stage::about;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// URNs or addresses.
pub(super) type Set = BTreeSet<String>;

/// What a run did.
#[derive(Debug)]
pub(super) struct Truth {
    pub(super) is_pulumi: bool,
    pub(super) operation: String,
    pub(super) outcome: String,
    pub(super) exit_code: i32,
    pub(super) created: Done,
    pub(super) updated: Done,
    pub(super) replaced: Done,
    pub(super) deleted: Done,
    /// Names (Pulumi) or addresses.
    pub(super) failed: Set,
    /// Pulumi's own history: resources by its word for what was done.
    pub(super) changes: BTreeMap<String, i64>,
    /// How many streams of events there are.
    pub(super) streams: u64,
}

/// Resources, or how many where there are too many.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Done {
    These(Set),
    Many(usize),
}

impl Done {
    #[track_caller]
    pub(super) fn is(&self, found: &Set, what: &str) {
        match self {
            Self::These(set) => assert_eq!(found, set, "{what}"),
            Self::Many(count) => assert_eq!(found.len(), *count, "{what}"),
        }
    }
}

impl Truth {
    pub(super) fn of(case: &str) -> Self {
        if is_pulumi(case) {
            let all: Value = serde_json::from_slice(&fs::read(provision("pulumi/truth.json")).unwrap()).unwrap();
            let truth = &all[case];
            let changes = truth["changes"].as_object().into_iter().flatten();
            return Self {
                streams: truth["streams"].as_u64().unwrap(),
                changes: changes
                    .map(|(word, count)| (word.clone(), count.as_i64().unwrap()))
                    .collect(),
                ..Self::read(truth, truth, set(&truth["failed"]))
            };
        }
        let text = fs::read(provision("terraform").join(case).join("truth.json")).unwrap();
        let truth: Value = serde_json::from_slice(&text).unwrap();
        let failures = truth["failures"].as_array().into_iter().flatten();
        let failed = failures.map(|failure| failure["resource"].as_str().unwrap().to_owned());
        Self::read(&truth, &truth["state_diff"], failed.collect())
    }

    fn read(truth: &Value, sets: &Value, failed: Set) -> Self {
        Self {
            is_pulumi: truth["project"].is_string(),
            operation: truth["operation"].as_str().unwrap().to_owned(),
            outcome: truth["outcome"].as_str().unwrap().to_owned(),
            exit_code: i32::try_from(truth["exit_code"].as_i64().unwrap()).unwrap(),
            created: done(&sets["created"]),
            updated: done(&sets["updated"]),
            replaced: done(&sets["replaced"]),
            deleted: done(&sets["deleted"]),
            failed,
            changes: BTreeMap::new(),
            streams: 1,
        }
    }
}

fn done(value: &Value) -> Done {
    match value["count"].as_u64() {
        Some(count) => Done::Many(usize::try_from(count).unwrap()),
        None => Done::These(set(value)),
    }
}

fn set(value: &Value) -> Set {
    let words = value.as_array().into_iter().flatten();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

pub(super) fn is_pulumi(case: &str) -> bool {
    case.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether its events are what it prints: nothing else hands them out.
pub(super) fn prints_events(case: &str) -> bool {
    matches!(case, "03-preview-json" | "05-up-json-same")
}

/// Test data of the crate that reads what engines say.
fn provision(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../provision/testdata")
        .join(path)
}

fn unpacked(path: &Path) -> Option<Vec<u8>> {
    let mut packed = path.as_os_str().to_owned();
    packed.push(".zst");
    let unpack = |packed: Vec<u8>| zstd::decode_all(packed.as_slice()).unwrap();
    fs::read(path).ok().or_else(|| fs::read(packed).ok().map(unpack))
}

/// The events of one stream of Pulumi's, a line each.
pub(super) fn events(case: &str, stream: u64) -> Vec<String> {
    let bytes = unpacked(&provision(&format!("pulumi/{case}.{stream}"))).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What the run printed on stdout and on stderr.
pub(super) fn printed(case: &str) -> (Vec<u8>, Vec<u8>) {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/provision");
    if prints_events(case) {
        return (unpacked(&provision(&format!("pulumi/{case}.1"))).unwrap(), Vec::new());
    }
    if let Some(timed) = unpacked(&own.join(format!("{case}.output.timed.ndjson"))) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for chunk in String::from_utf8(timed).unwrap().lines() {
            let chunk: Value = serde_json::from_str(chunk).unwrap();
            let stream = if chunk["s"] == "err" { &mut err } else { &mut out };
            stream.extend_from_slice(chunk["d"].as_str().unwrap().as_bytes());
        }
        return (out, err);
    }
    if let Some(stdout) = unpacked(&own.join(format!("{case}.stdout.txt"))) {
        return (stdout, Vec::new());
    }
    let file = |name| unpacked(&provision("terraform").join(case).join(name)).unwrap_or_default();
    (file("stdout.txt"), file("stderr.txt"))
}

/// Makes the folder that the replayer plays.
pub(super) fn lay_out(case: &str, folder: &Path) {
    fs::create_dir(folder).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    write("run.json", about(case).to_string().as_bytes());
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/provision");
    match unpacked(&own.join(format!("{case}.output.timed.ndjson"))) {
        Some(timed) => write("output.timed.ndjson", &timed),
        None => {
            let (out, err) = printed(case);
            write("stdout.txt", &out);
            write("stderr.txt", &err);
        }
    }
    if let Some(events) = unpacked(&provision("terraform").join(case).join("tofu-events.ndjson")) {
        write("tofu-events.ndjson", &events);
    }
    if is_pulumi(case) && !prints_events(case) {
        write("events.arrival.ndjson", arrivals(case).as_bytes());
    }
}

/// The events with times that keep their order to the output and the signals: spread over the run, the reaction to a signal
/// after it.
fn arrivals(case: &str) -> String {
    let signal = about(case)["signals_sent"][0]["t_ms"].as_f64();
    let mut text = String::new();
    let mut at = 0.0;
    for stream in 1..=Truth::of(case).streams {
        for event in events(case, stream) {
            at += 0.001;
            if let (Some(signal), true) = (signal, event.contains("stdoutEvent")) {
                at = signal.max(at) + 0.001;
            }
            text += &json!({ "t_ms": at, "stream": stream, "event": null })
                .to_string()
                .replace("null", &event);
            text.push('\n');
        }
    }
    text
}
