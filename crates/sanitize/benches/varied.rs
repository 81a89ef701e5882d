//! What a request costs that has nothing to hide, or little: nanoseconds of CPU a record, the best of many.
//! `cargo bench -p sitelog-sanitize --bench varied`. The records: those of the gateway bench's load generator, logs as services
//! write them (texts, JSON, stack traces, other scripts, ids that never come again), and the lines of the recordings.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints and may fail"
)]

use nix::time::{ClockId, clock_gettime};
use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::{Declared, Limits, Sanitizer, Settings};
use std::hint::black_box;
use std::time::Duration;

/// Records that one measurement goes through, and measurements of which the best counts.
const RECORDS: usize = 4_000;
const ROUNDS: usize = 120;

const WORDS: &str = "provisioning resource aws:ec2/instance created updating stack prod step apply pulumi urn diff error timeout \
    retry compile test passed warning cache download crate module 0.43 line worker queue allocation node billing";
const PATHS: &str =
    "/api/v1/orders /healthz /api/v2/users/me/preferences /static/js/main.4f2a9c.js /graphql /v1/traces /login";
const FILES: &str =
    "src/render/pipeline.rs internal/server/handler.go com/acme/orders/OrderService.java app/models/cart.py";
const LEVELS: &str = "TRACE DEBUG INFO WARN ERROR";
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "curl/8.5.0",
    "kube-probe/1.31",
    "Go-http-client/2.0",
];

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }

    fn one<'a>(&mut self, of: &'a str) -> &'a str {
        let all: Vec<_> = of.split(' ').filter(|word| !word.is_empty()).collect();
        all[self.below(all.len())]
    }

    fn words(&mut self, len: usize) -> String {
        let mut text = String::new();
        while text.len() < len {
            text += self.one(WORDS);
            text.push(' ');
        }
        text.truncate(len);
        text
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| format!("{:x}", self.below(16))).collect()
    }
}

fn any(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn number(key: &str, value: usize) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: any(Value::IntValue(value as i64)),
        ..KeyValue::default()
    }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: any(Value::StringValue(value.into())),
        ..KeyValue::default()
    }
}

/// A record of the load generator: a marker, attributes and a body of random words.
fn load(random: &mut Random, at: usize) -> (String, Vec<KeyValue>) {
    let mut attributes = vec![text("bench.seq", format!("SLQ~00000007~00~{at:010x}~"))];
    for key in ["service.op", "ci.job.id", "ci.pipeline"] {
        let len = 6 + random.below(14);
        attributes.push(text(key, random.words(len)));
    }
    attributes.push(number("http.route", random.below(100_000)));
    (random.words(160), attributes)
}

/// Records as services write them.
fn service(random: &mut Random, at: usize) -> (String, Vec<KeyValue>) {
    let (file, line, path) = (random.one(FILES), random.below(900), random.one(PATHS));
    let common = |random: &mut Random| {
        vec![
            text("code.file.path", file),
            number("code.line.number", line),
            text("thread.name", format!("worker-{}", random.below(16))),
            text("k8s.pod.name", format!("orders-7d9c5b6f4-{}", random.hex(5))),
        ]
    };
    match at % 8 {
        0 | 1 => {
            let (status, took) = (200 + random.below(300), random.below(4_000));
            let body = format!(
                "10.0.{}.17 - - \"GET {path}?page={} HTTP/1.1\" {status} {took}",
                random.below(255),
                random.below(40)
            );
            let attributes = vec![
                text("http.request.method", "GET"),
                text("url.path", path),
                text("user_agent.original", AGENTS[random.below(AGENTS.len())]),
                text(
                    "client.address",
                    format!("10.0.{}.{}", random.below(255), random.below(255)),
                ),
                number("http.response.status_code", status),
                text("request.id", random.hex(32)),
            ];
            (body, attributes)
        }
        2 => {
            let body = format!(
                r#"{{"ts":"2026-11-21T10:06:{:02}.123Z","level":"{}","msg":"{}","order":"{}","took_ms":{},"ok":true}}"#,
                random.below(60),
                random.one(LEVELS),
                random.words(40),
                random.hex(24),
                random.below(900),
            );
            (body, common(random))
        }
        3 => {
            let frames: String = (0..12)
                .map(|_| {
                    format!(
                        "\tat com.acme.orders.{}.handle({}:{})\n",
                        random.one("Cart Order Stock Mail"),
                        random.one(FILES),
                        random.below(400)
                    )
                })
                .collect();
            let mut attributes = common(random);
            attributes.push(text("exception.type", "java.lang.IllegalStateException"));
            attributes.push(text(
                "exception.stacktrace",
                format!("java.lang.IllegalStateException: {}\n{frames}", random.words(30)),
            ));
            (format!("request failed: {}", random.words(50)), attributes)
        }
        4 => {
            let body = format!(
                "Größe überschritten für „{}“: {} Stück, noch {} übrig – später erneut",
                random.hex(8),
                random.below(99),
                random.below(9)
            );
            (body, common(random))
        }
        5 => (
            format!("[{}/94] Linking CXX executable bin/{}", random.below(94), random.hex(6)),
            Vec::new(),
        ),
        6 => {
            let mut attributes = common(random);
            attributes.push(text(
                "db.query.text",
                format!(
                    "SELECT id, total FROM orders WHERE customer = $1 AND day > {}",
                    random.below(400)
                ),
            ));
            attributes.push(text(
                "log.file.path",
                format!("/var/log/pods/shop_orders-{}/app/0.log", random.hex(8)),
            ));
            (
                format!("slow query: {} ms, {} rows", random.below(9000), random.below(100)),
                attributes,
            )
        }
        _ => (
            format!(
                "2026-11-21T10:06:{:02}Z {} {}: {}",
                random.below(60),
                random.one(LEVELS),
                file,
                random.words(90)
            ),
            common(random),
        ),
    }
}

/// The lines of the recordings, as they were printed: one in some twenty has something to hide.
fn recorded() -> impl Fn(&mut Random, usize) -> (String, Vec<KeyValue>) {
    let lines: Vec<String> = include_str!("../testdata/provisioning.jsonl")
        .lines()
        .map(|case| serde_json::from_str::<serde_json::Value>(case).unwrap())
        .flat_map(|case| {
            case["output"]
                .as_str()
                .unwrap_or_default()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|line| !line.trim().is_empty())
        .collect();
    move |random, at| {
        let attributes = vec![
            text("log.iostream", "stdout"),
            number("line", at),
            text("job.id", random.hex(16)),
        ];
        (lines[random.below(lines.len())].clone(), attributes)
    }
}

type Make<'m> = &'m dyn Fn(&mut Random, usize) -> (String, Vec<KeyValue>);

fn request(records: usize, make: Make<'_>) -> Bytes {
    let mut random = Random(0x5EED_0451_7E10_61AA);
    let record = |at: usize| {
        let (body, attributes) = make(&mut random, at);
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
    };
    let log_records = (0..records).map(record).collect();
    let resource = Resource {
        attributes: vec![text("service.name", "bench-svc-0"), text("host.name", "ci-agent-7")],
        ..Resource::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records,
        ..ScopeLogs::default()
    }];
    let resource_logs = vec![ResourceLogs {
        resource: Some(resource),
        scope_logs,
        ..ResourceLogs::default()
    }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
}

/// CPU time of this process: the machine may be shared.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

fn measure(name: &str, records: usize, bytes: &Bytes, sanitizer: &Sanitizer) {
    let once = || {
        let batch = Batch {
            tenant: TenantId::default(),
            signal: Signal::Logs,
            origin: Origin {
                source: Source::Receive,
                id: Ulid::nil(),
            },
            payload: Payload::Otlp(bytes.clone()),
        };
        drop(black_box(sanitizer.batch_within(batch, &Limits::default()).unwrap()));
    };
    let round = || {
        let start = cpu();
        (0..RECORDS / records).for_each(|_| once());
        (cpu() - start).as_nanos() as f64 / RECORDS as f64
    };
    let best = (0..ROUNDS).map(|_| round()).fold(f64::MAX, f64::min);
    println!(
        "| {name:<24} | {records:>5} | {:>5} | {best:>7.0} |",
        bytes.len() / records
    );
}

fn main() {
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let declared = (1..=50u64).map(|seed| Declared {
        name: format!("S{seed}"),
        value: format!("v{:016x}Zq{seed}", seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).into_bytes(),
    });
    let few = Sanitizer::new(Settings::default());
    let many = Sanitizer::new(Settings {
        declared: declared.collect(),
        ..Settings::default()
    });
    let recorded = recorded();
    let kinds: [(&str, Make<'_>, &Sanitizer); 5] = [
        ("load generator", &load, &few),
        ("services", &service, &few),
        ("services, 50 declared", &service, &many),
        ("recordings", &recorded, &few),
        ("load, 50 declared", &load, &many),
    ];
    println!("| request                  | records | bytes | ns CPU a record |");
    println!("| --- | ---: | ---: | ---: |");
    for (name, make, sanitizer) in kinds {
        for records in [1000, 100] {
            if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
                measure(name, records, &request(records, make), sanitizer);
            }
        }
    }
}
