//! Processes that are killed: what was shown is in the ledger, in order, once, and a later `flush` delivers it.

mod jobs;
mod storm;

use crate::recorded::{Recorded, Span};
use crate::scene::{Scene, wait_until};
use crate::sink::Sink;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use std::collections::BTreeMap;
use std::path::Path;

/// A job that writes numbered lines as fast as it can, in large writes and in one write a line.
const BULK: &str = "exec seq 0 999999999";
const SINGLE: &str = "i=0; while :; do echo $i; i=$((i+1)); done";

/// The numbers of the complete lines of a text; whatever comes after the last line feed is still being written.
#[track_caller]
fn numbers(text: &[u8]) -> Vec<u64> {
    let lines = text
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n"));
    lines
        .map(|line| str::from_utf8(line).unwrap().trim_end().parse().unwrap())
        .collect()
}

/// The run's lines are 0, 1, 2, …: none lost, none twice, none out of order.
#[track_caller]
fn assert_counts(numbers: &[u64], what: &str) {
    let wrong = numbers.iter().zip(0..).find(|(number, expected)| **number != *expected);
    assert!(
        wrong.is_none(),
        "{what}: {wrong:?} (found, expected) of {} lines",
        numbers.len()
    );
}

/// What a sink has of one run.
#[derive(Debug, Default)]
struct Arrived {
    /// `sitelog.seq` and the number in the line.
    lines: Vec<(i64, u64)>,
    spans: Vec<Span>,
}

/// What a sink has, by the runs' `--attr round=…`. There are millions of lines: they are read without detours.
fn by_round(sink: &Sink) -> BTreeMap<String, Arrived> {
    let mut rounds: BTreeMap<String, Arrived> = BTreeMap::new();
    for taken in sink.taken() {
        if !taken.is_logs() {
            let mut recorded = Recorded::default();
            recorded.add(&taken.request());
            for span in recorded.spans {
                rounds
                    .entry(span.resource["round"].as_str().unwrap().to_owned())
                    .or_default()
                    .spans
                    .push(span);
            }
            continue;
        }
        for resource in ExportLogsServiceRequest::decode(&taken.body[..]).unwrap().resource_logs {
            let round = match find(&resource.resource.unwrap().attributes, "round") {
                Some(Value::StringValue(round)) => round.clone(),
                other => panic!("round {other:?}"),
            };
            let records = resource.scope_logs.into_iter().flat_map(|scope| scope.log_records);
            rounds
                .entry(round)
                .or_default()
                .lines
                .extend(records.map(|record| line(&record)));
        }
    }
    rounds
}

fn line(record: &LogRecord) -> (i64, u64) {
    match (
        find(&record.attributes, "sitelog.seq"),
        record.body.as_ref().and_then(|body| body.value.as_ref()),
    ) {
        (Some(Value::IntValue(seq)), Some(Value::StringValue(text))) => (*seq, text.parse().unwrap()),
        other => panic!("{other:?}"),
    }
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes
        .iter()
        .find(|attribute| attribute.key == key)?
        .value
        .as_ref()?
        .value
        .as_ref()
}

impl Arrived {
    /// The numbers in the order of `seq`, each of which must be there once.
    #[track_caller]
    fn numbers(&mut self) -> Vec<u64> {
        self.lines.sort_unstable();
        let wrong = self.lines.iter().zip(0..).find(|((seq, _), expected)| seq != expected);
        assert!(
            wrong.is_none(),
            "a double or a gap at {wrong:?} of {} lines",
            self.lines.len()
        );
        self.lines.iter().map(|(_, number)| *number).collect()
    }

    #[track_caller]
    fn span(&self) -> &Span {
        assert_eq!(self.spans.len(), 1, "{:?}", self.spans);
        &self.spans[0]
    }
}

/// Waits until a file has something in it.
fn wait_for_output(file: &Path) {
    wait_until("output", || std::fs::metadata(file).is_ok_and(|file| file.len() > 0));
}

/// `flush` to a sink must end well and leave nothing waiting.
#[track_caller]
fn flush(scene: &Scene, sink: &Sink) {
    let flushed = scene.tell(&[
        "flush",
        "--otlp.endpoint",
        &sink.endpoint(),
        "--otlp.protocol",
        "http/protobuf",
    ]);
    assert_eq!(flushed.code, 0, "{flushed:?}");
    assert_eq!(scene.waiting(), 0, "something waits after flush");
}
