//! Records of 2,000 resources' events: events a second through the reader, and through the operation to records. Prints;
//! no test depends on it.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends when its input is missing"
)]

use sitelog_model::{TraceContext, Ulid};
use sitelog_provision::pulumi::Events;
use sitelog_provision::{Context, End, Fact, Operation, Output, Reader, Tool};
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;

fn main() {
    for name in ["15-bulk-up", "16-bulk-destroy", "10-up-chatty"] {
        let path = format!("{}/testdata/pulumi/{name}.1.zst", env!("CARGO_MANIFEST_DIR"));
        let stream = zstd::decode_all(&std::fs::read(path).expect("a capture")[..]).expect("a whole capture");
        let events: Vec<&[u8]> = stream
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .collect();
        let (mut reading, mut all) = (Duration::MAX, Duration::MAX);
        let mut records = 0;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let facts = read(&events);
            reading = reading.min(start.elapsed());
            let out = operate(facts);
            all = all.min(start.elapsed());
            records = out.logs.len();
        }
        let rate = |time: Duration| events.len() as f64 / time.as_secs_f64() / 1e3;
        println!(
            "{name}: {} events, {records} records; read {:.0} k events/s, read and recorded {:.0} k events/s",
            events.len(),
            rate(reading),
            rate(all)
        );
    }
}

fn read(events: &[&[u8]]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for event in events {
        Events.read(event, &mut facts).expect("a well-formed event");
    }
    facts
}

fn operate(facts: Vec<Fact>) -> Output {
    let context = Context {
        id: Ulid::from_parts(1, 1),
        tool: Tool::Pulumi,
        verb: None,
        run: Ulid::from_parts(1, 2),
        place: TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").expect("a context"),
        project: None,
        stack: None,
        organization: None,
        workspace: None,
        root: None,
        feed: "grpc",
    };
    let mut operation = Operation::begin(context, 0);
    let mut out = Output::default();
    for (at, fact) in facts.into_iter().enumerate() {
        operation.tell(fact, at as u64, &mut out);
    }
    operation.end(
        &End {
            exit_code: Some(0),
            streams: 1,
            ..End::default()
        },
        u64::MAX,
        &mut out,
    );
    out
}
