//! The fixtures, and what one run of a case has to fulfil (`testdata/jobs/JOBS.md`).

use crate::recorded::Recorded;
use crate::scene::Ran;
use aws_lc_rs::digest;
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;

/// A record holds at most so many bytes of a line.
const LONGEST: usize = 65_536;

/// One job case.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) argv: Vec<String>,
    pub(crate) stdin: Option<Vec<u8>>,
    pub(crate) exit: i64,
    limit: Option<Duration>,
    expect: Value,
}

/// The cases that are there for everybody to see.
pub(crate) fn open_cases() -> Vec<Case> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/jobs");
    let cases = std::fs::read_to_string(format!("{folder}/cases.jsonl")).unwrap();
    let cases: Vec<Case> = cases
        .lines()
        .map(|line| Case::parse(line, &format!("{folder}/scripts")))
        .collect();
    assert_eq!(cases.len(), 10);
    cases
}

impl Case {
    fn parse(line: &str, scripts: &str) -> Self {
        let case: Value = serde_json::from_str(line).unwrap();
        let known = ["id", "what", "argv", "stdin", "expect"];
        let unknown: Vec<_> = case
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
            .collect();
        assert!(unknown.is_empty(), "this reader does not know {unknown:?}");
        let argv = case["argv"].as_array().unwrap().iter();
        let expect = case["expect"].clone();
        Self {
            id: format!("{} {}", case["id"].as_str().unwrap(), case["what"].as_str().unwrap()),
            argv: argv
                .map(|arg| arg.as_str().unwrap().replace("{scripts}", scripts))
                .collect(),
            stdin: case["stdin"].as_str().map(|text| text.as_bytes().to_vec()),
            exit: expect["exit"].as_i64().unwrap(),
            limit: expect["max_wall_s"].as_f64().map(Duration::from_secs_f64),
            expect,
        }
    }
}

/// Each check that fails, in words.
pub(crate) fn judge(case: &Case, ran: &Ran, recorded: &Recorded) -> Vec<String> {
    let mut bad = passed_through(case, ran);
    let mut seqs: Vec<i64> = recorded.lines.iter().map(|line| line.seq).collect();
    seqs.sort_unstable();
    if !seqs.iter().copied().eq(0..seqs.len() as i64) {
        bad.push(format!("seq has gaps or doubles: {seqs:?}"));
    }
    let mut traces: Vec<&str> = recorded.lines.iter().map(|line| line.trace.as_str()).collect();
    traces.dedup();
    if traces.len() > 1 {
        bad.push(format!("{} trace ids", traces.len()));
    }
    for name in ["stdout", "stderr"] {
        let expect = &case.expect[name];
        let lines: Vec<_> = recorded.lines.iter().filter(|line| line.stream == name).collect();
        let whole = recorded.stream(name);
        if sha256(&whole) != expect["sha256"] {
            bad.push(format!(
                "{name}: the records give {} bytes, want {}",
                whole.len(),
                expect["bytes"]
            ));
        }
        let (least, most) = (
            expect["records"]["min"].as_u64().unwrap(),
            expect["records"]["max"].as_u64(),
        );
        if (lines.len() as u64) < least || most.is_some_and(|most| lines.len() as u64 > most) {
            bad.push(format!("{name}: {} records, want {}", lines.len(), expect["records"]));
        }
        if lines.iter().any(|line| line.bytes.len() > LONGEST) {
            bad.push(format!("{name}: a record over {LONGEST} bytes"));
        }
        let invalid = lines
            .iter()
            .filter(|line| line.attributes.contains_key("sitelog.bytes"))
            .count();
        if expect["invalid_utf8_lines"] != invalid {
            bad.push(format!(
                "{name}: {invalid} records with exact bytes, want {}",
                expect["invalid_utf8_lines"]
            ));
        }
    }
    bad
}

/// What the user of the wrapper sees: exit status, streams, and a job that does not wait for telemetry.
pub(crate) fn passed_through(case: &Case, ran: &Ran) -> Vec<String> {
    let mut bad = Vec::new();
    if i64::from(ran.code) != case.exit {
        bad.push(format!("exit status {}, want {}", ran.code, case.exit));
    }
    for (name, bytes) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        if sha256(bytes) != case.expect[name]["sha256"] {
            bad.push(format!("{name} differs: {:?}", String::from_utf8_lossy(bytes)));
        }
    }
    // Twice the time: this is about jobs that wait for telemetry, not about busy machines.
    if case.limit.is_some_and(|limit| ran.wall > 2 * limit) {
        bad.push(format!("took {:?}, want {:?}", ran.wall, case.limit));
    }
    bad
}

fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
