//! The memory of a process that delivers for many tenants whose destinations are all dead: `cargo bench -p sitelog-export
//! --bench outage [tenants [seconds]]`. Each tenant writes a request of 40 kB a second; needs about 12 open files a tenant.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for developers, whose output is its purpose"
)]

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use sitelog_export::config::{Given, Key, Layers};
use sitelog_export::{Exporter, Exporters, OtlpConfig};
use sitelog_ledger::{Chain, Committer, Ledger, Options};
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::time::{Duration, Instant};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (tenants, seconds) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(20));
    for protocol in ["http", "grpc"] {
        run(protocol, tenants, seconds);
    }
}

fn run(scheme: &str, tenants: usize, seconds: usize) {
    // A port that nobody listens on, for as long as it is bound.
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        committer: Some(Committer::start()),
        ..Options::default()
    };
    let ledger = Ledger::open(folder.path(), options).unwrap();
    let exporters = Exporters::start();
    let before = rss();
    let all: Vec<(Chain, Exporter)> = (0..tenants)
        .map(|n| {
            let tenant = TenantId::new(format!("tenant-{n}")).unwrap();
            let chain = ledger.create(&tenant, Ulid::generate()).unwrap();
            let exporter = exporters.exporter(config(scheme, nobody.port()));
            exporter.follow(&chain);
            (chain, exporter)
        })
        .collect();
    let (begun, request) = (Instant::now(), request());
    let (mut most, mut held) = (0.0_f64, 0);
    for n in 0..tenants * seconds {
        let due = begun + Duration::from_secs(1).mul_f64(n as f64 / tenants as f64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        write(&all[n % tenants].0, &request);
        if n % 100 == 0 {
            (most, held) = (most.max(rss()), held.max(exporters.held_bytes()));
        }
    }
    let tries: u64 = all
        .iter()
        .map(|(_, exporter)| exporter.counters().of(Signal::Logs).requests.get())
        .sum();
    println!(
        "{tenants} tenants, {scheme}, all dead for {seconds} s: {before:.0} MiB before, at most {most:.0} MiB, {:.1} MiB of requests; {:.1} tries a \
         second",
        held as f64 / f64::from(1 << 20),
        tries as f64 / begun.elapsed().as_secs_f64()
    );
}

fn config(scheme: &str, port: u16) -> OtlpConfig {
    let endpoint = Given {
        key: Key::Endpoint,
        signal: None,
        value: format!("{scheme}://127.0.0.1:{port}"),
        from: "bench".to_owned(),
    };
    let mut config = OtlpConfig::resolve(&Layers {
        flags: &[endpoint],
        env: &|_| None,
        file: &[],
    })
    .unwrap();
    config.pace.backoff.max = Duration::from_secs(30);
    config
}

fn request() -> Bytes {
    let record = |n: usize| LogRecord {
        body: Some(AnyValue {
            value: Some(Value::StringValue(format!("{n:0390}"))),
        }),
        ..Default::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: (0..100).map(record).collect(),
        ..Default::default()
    }];
    let resource_logs = vec![ResourceLogs {
        scope_logs,
        ..Default::default()
    }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
}

fn write(chain: &Chain, request: &Bytes) {
    let origin = Origin {
        source: Source::Run,
        id: chain.id().id,
    };
    let batch = Batch {
        tenant: chain.id().tenant.clone(),
        signal: Signal::Logs,
        origin,
        payload: Payload::Otlp(request.clone()),
    };
    chain.write(&Clean::stored(batch)).unwrap();
}

/// Resident memory of this process in MiB.
fn rss() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}
