//! Speed of the sanitizer: by CPU time: MB/s of text, records/s of OTLP beside prost in the same run. Run it alone:
//! `cargo bench -p sitelog-sanitize`.

#![allow(clippy::print_stdout)]

use nix::time::{ClockId, clock_gettime};
use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::rules::all;
use sitelog_sanitize::{Declared, Sanitizer, Settings};
use std::hint::black_box;
use std::time::Duration;

const PIECE: usize = 64 << 10;
const TOTAL: usize = 64 << 20;

fn sanitizer(declared: u64) -> Sanitizer {
    let value = |seed: u64| {
        let word = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed << 7;
        Declared {
            name: format!("S{seed}"),
            value: format!("v{word:016x}Zq{seed}").into_bytes(),
        }
    };
    Sanitizer::new(Settings {
        declared: (1..=declared).map(value).collect(),
        ..Settings::default()
    })
}

fn clean_log() -> Vec<u8> {
    let lines = [
        "2026-11-21T10:06:01.123Z INFO  worker-3 compiled module core/render/pipeline.rs in 184 ms",
        "   Compiling serde_json v1.0.145",
        "test net::client::retries_after_a_reset ... ok",
        "downloading https://registry.example.test/pkg/left-pad/-/left-pad-1.3.0.tgz (2.1 kB)",
        "[12/94] Linking CXX executable bin/unit_tests",
        "10.0.3.17 - - \"GET /api/v1/orders?page=3 HTTP/1.1\" 200 5123 \"-\" \"curl/8.5.0\"",
    ];
    let text = lines.join("\n") + "\n";
    text.as_bytes().iter().copied().cycle().take(4 << 20).collect()
}

/// CPU time of this process: the machine may be shared.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// MB/s of a text repeated, in writes of 64 KiB.
fn rate(sanitizer: &Sanitizer, text: &[u8]) -> f64 {
    let mut stream = sanitizer.stream();
    let mut done = 0;
    let start = cpu();
    while done < TOTAL {
        for piece in text.chunks(PIECE) {
            black_box(stream.push(piece).get().len());
        }
        done += text.len();
    }
    black_box(stream.finish().get().len());
    done as f64 / (cpu() - start).as_secs_f64() / 1e6
}

fn streams() {
    let clean = clean_log();
    let mut secrets = clean.clone();
    let token = b" password=hunter2hunter2 ";
    for at in (0..secrets.len() - token.len()).step_by(1024) {
        secrets[at..at + token.len()].copy_from_slice(token);
    }
    let base = rate(&sanitizer(50), &clean);
    println!("clean text, all rules, 50 declared        {base:8.0} MB/s");
    println!(
        "clean text, all rules, none declared      {:8.0} MB/s",
        rate(&sanitizer(0), &clean)
    );
    println!(
        "clean text, all rules, 1,000 declared     {:8.0} MB/s",
        rate(&sanitizer(1000), &clean)
    );
    println!(
        "a secret every 1 KB, 50 declared          {:8.0} MB/s",
        rate(&sanitizer(50), &secrets)
    );
    let misses: String = all()
        .flat_map(|rule| rule.misses)
        .map(|miss| format!("{miss}\n"))
        .collect();
    let adversarial = [
        ("near-misses of every rule", misses),
        ("one long key", "password_token_key_".repeat(200)),
        ("nested quotes", "\"password\\\": \\\"".repeat(50)),
        ("escapes", "\\u0070\\u0061\\n%41".repeat(50)),
        ("keys without values", "token: password: secret: ".repeat(50)),
        ("assignments in assignments", "password=token=secret=".repeat(50)),
        ("open brackets", "{\"secrets\":[".repeat(50)),
        ("URL starts", "https://a:b".repeat(50)),
        ("terminal colours", "\u{1b}[31mred\u{1b}[0m text ".repeat(50)),
    ];
    for (name, text) in adversarial {
        let text: Vec<u8> = text.into_bytes().into_iter().cycle().take(1 << 20).collect();
        let rate = rate(&sanitizer(50), &text);
        println!(
            "adversarial: {name:<28} {rate:8.0} MB/s  ({:.1} x the clean cost)",
            base / rate
        );
    }
}

fn request(hit_every: usize) -> Bytes {
    let text = |value: &str| {
        Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        })
    };
    let pair = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: text(value),
        ..KeyValue::default()
    };
    let record = |at: usize| LogRecord {
        time_unix_nano: 1_790_000_000_000_000_000 + at as u64,
        observed_time_unix_nano: 1_790_000_000_000_000_000 + at as u64,
        severity_number: 9,
        body: text(if hit_every > 0 && at.is_multiple_of(hit_every) {
            "connect with password=hunter2hunter2 to the orders database and go on as before"
        } else {
            "request handled by the orders service in 12 ms with a cached answer of 5123 bytes for page 3"
        }),
        attributes: vec![
            pair("http.request.method", "GET"),
            pair("url.path", "/api/v1/orders/page/3"),
            pair("k8s.pod.name", "orders-7d9c5b6f4-x2x9z"),
            pair("log.iostream", "stdout"),
            pair("code.function.name", "orders::handle"),
        ],
        trace_id: vec![7; 16],
        span_id: vec![9; 8],
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: (0..1000).map(record).collect(),
        ..ScopeLogs::default()
    }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs,
            ..ResourceLogs::default()
        }],
    }
    .encode_to_vec()
    .into()
}

fn requests() {
    let sanitizer = sanitizer(50);
    let per_second = |work: &dyn Fn()| {
        let start = cpu();
        (0..400).for_each(|_| work());
        400_000.0 / (cpu() - start).as_secs_f64() / 1e6
    };
    for (name, bytes) in [("nothing to hide", request(0)), ("one hit in 100", request(100))] {
        let batch = || Batch {
            tenant: TenantId::default(),
            signal: Signal::Logs,
            origin: Origin {
                source: Source::Receive,
                id: Ulid::nil(),
            },
            payload: Payload::Otlp(bytes.clone()),
        };
        let ours = per_second(&|| drop(black_box(sanitizer.batch(batch()))));
        let prost = per_second(&|| {
            let request = ExportLogsServiceRequest::decode(bytes.as_ref()).unwrap_or_default();
            black_box(request.encode_to_vec());
        });
        println!(
            "OTLP, {name:<16} {:4} B a record {ours:8.2} M records/s  (prost decode and encode {prost:.2})",
            bytes.len() / 1000
        );
    }
}

/// How long it takes to build a sanitizer: every run of a command does.
fn construction() {
    for declared in [0, 20, 1000] {
        let values = |shape: fn(u64) -> String| Settings {
            declared: (1..=declared)
                .map(|seed| Declared {
                    name: format!("S{seed}"),
                    value: shape(seed).into_bytes(),
                })
                .collect(),
            ..Settings::default()
        };
        let mut took = Vec::new();
        let shapes: [fn(u64) -> String; 2] = [
            |seed| format!("v{:016x}Zq", u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15)),
            |seed| format!("p/{:016x}+Zq=-x!", u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15)),
        ];
        for shape in shapes {
            let settings = values(shape);
            let once = || {
                let start = cpu();
                black_box(Sanitizer::new(settings.clone()));
                cpu() - start
            };
            took.push((0..20).map(|_| once()).min().unwrap_or_default().as_secs_f64() * 1e3);
        }
        println!(
            "construction, {declared:4} declared: {:6.2} ms (letters and digits), {:6.2} ms (with signs)",
            took[0], took[1]
        );
    }
}

fn main() {
    construction();
    streams();
    requests();
}
