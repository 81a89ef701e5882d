//! OTLP requests on the wire: records a second and what prost takes to decode and encode the same, in CPU time of one core.
//!
//! The records have the shape of the gateway bench's: 380 bytes, a marker of their own, six attributes of random words and
//! numbers, a body of random words. All rules are on, 50 values are declared.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints and may fail"
)]

use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::{Declared, Sanitizer, Settings};
use std::hint::black_box;
use std::time::Duration;

/// Records that one measurement goes through.
const RECORDS: usize = 200_000;
/// Measurements of which the best counts: the machine may be shared.
const ROUNDS: usize = 7;

const WORDS: &[&str] = &[
    "provisioning",
    "resource",
    "aws:ec2/instance",
    "created",
    "updating",
    "stack",
    "prod",
    "step",
    "apply",
    "pulumi",
    "urn",
    "diff",
    "error",
    "timeout",
    "retry",
    "compile",
    "test",
    "passed",
    "warning",
    "cache",
    "download",
    "crate",
    "module",
    "0.43",
    "line",
    "worker",
    "queue",
    "allocation",
    "node",
    "billing",
];

const KEYS: &[&str] = &[
    "service.op",
    "ci.job.id",
    "ci.pipeline",
    "http.route",
    "code.file",
    "k8s.pod",
];

/// What stands in a record that has something to hide.
#[derive(Clone, Copy)]
enum Hit {
    Never,
    Every(usize),
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self, len: usize) -> String {
        let mut text = String::new();
        while text.len() < len {
            text.push_str(WORDS[self.below(WORDS.len())]);
            text.push(' ');
        }
        text.truncate(len);
        text
    }
}

fn any(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: any(value),
        ..KeyValue::default()
    }
}

fn record(random: &mut Random, at: usize, hit: Hit) -> LogRecord {
    let seq = Value::StringValue(format!("\u{a7}00000001.01.{at:016x}\u{a7}"));
    let mut attributes = vec![pair("bench.seq", seq)];
    for (place, key) in KEYS.iter().enumerate() {
        let value = match place % 4 {
            3 => Value::IntValue(random.below(100_000) as i64),
            _ => {
                let len = 6 + random.below(14);
                Value::StringValue(random.text(len))
            }
        };
        attributes.push(pair(key, value));
    }
    let mut body = random.text(120);
    if let Hit::Every(every) = hit
        && at.is_multiple_of(every)
    {
        match at / every % 3 {
            0 => body.replace_range(40..70, "login password=hunter2-Zx81-9 "),
            1 => body.replace_range(40..80, "key AKIAZX81QWERTYUIOPAS was not taken  "),
            _ => attributes.push(pair("db.password", Value::StringValue("hunter2-Zx81".to_owned()))),
        }
    }
    LogRecord {
        time_unix_nano: 1_790_000_000_000_000_000 + at as u64,
        observed_time_unix_nano: 1_790_000_000_000_000_000 + at as u64,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: any(Value::StringValue(body)),
        attributes,
        trace_id: (0..16).map(|_| random.below(256) as u8).collect(),
        span_id: (0..8).map(|_| random.below(256) as u8).collect(),
        ..LogRecord::default()
    }
}

fn request(records: usize, hit: Hit) -> Bytes {
    let mut random = Random(0x5EED_0451_7E10_61AA);
    let text = |value: &str| Value::StringValue(value.to_owned());
    let resource = Resource {
        attributes: vec![
            pair("service.name", text("bench-svc-0")),
            pair("host.name", text("ci-agent-7")),
            pair("deployment.environment.name", text("prod")),
        ],
        ..Resource::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: (0..records).map(|at| record(&mut random, at, hit)).collect(),
        ..ScopeLogs::default()
    }];
    let resource_logs = vec![ResourceLogs {
        resource: Some(resource),
        scope_logs,
        ..ResourceLogs::default()
    }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(1))
}

fn per_second(records: usize, work: &dyn Fn()) -> f64 {
    let start = cpu();
    (0..RECORDS / records).for_each(|_| work());
    RECORDS as f64 / (cpu() - start).as_secs_f64() / 1e6
}

fn measure(name: &str, records: usize, bytes: &Bytes, sanitizer: &Sanitizer) {
    let batch = || Batch {
        tenant: TenantId::default(),
        signal: Signal::Logs,
        origin: Origin {
            source: Source::Receive,
            id: Ulid::nil(),
        },
        payload: Payload::Otlp(bytes.clone()),
    };
    let (mut ours, mut prost) = (0f64, 0f64);
    for _ in 0..ROUNDS {
        ours = ours.max(per_second(records, &|| {
            drop(black_box(sanitizer.batch(batch()).unwrap()))
        }));
        prost = prost.max(per_second(records, &|| {
            let request = ExportLogsServiceRequest::decode(bytes.as_ref()).unwrap();
            black_box(request.encode_to_vec());
        }));
    }
    println!(
        "| {name} | {records} | {} | {ours:.2} | {prost:.2} | {:.1} |",
        bytes.len() / records,
        ours / prost
    );
}

fn main() {
    let declared = (0..50).map(|at: u64| Declared {
        name: format!("SECRET_{at}"),
        value: format!(
            "{:032x}",
            u128::from(at + 1) * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835
        )
        .into_bytes(),
    });
    let sanitizer = Sanitizer::new(Settings {
        declared: declared.collect(),
        ..Settings::default()
    });
    println!("| request | records | bytes a record | M records/s | prost decode and encode | ratio |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for records in [1000, 100, 1] {
        measure("nothing to hide", records, &request(records, Hit::Never), &sanitizer);
    }
    for (name, every) in [("one hit in 100", 100), ("one hit in 10", 10), ("a hit in each", 1)] {
        for records in [1000, 100] {
            measure(name, records, &request(records, Hit::Every(every)), &sanitizer);
        }
    }
}
