//! How long a rebuild over a million records takes, and each filter, newest 50 operations.
//!
//! `cargo bench -p sitelog-store [-- OPERATIONS RESOURCES]`; default 2,000 operations of 500 resources in 500 runs.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement that cannot be set up has no result"
)]

use prost::Message;
use sitelog_ledger::{Durability, Ledger, Options};
use sitelog_model::attributes as name;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid, key_value};
use sitelog_sanitize::{Sanitizer, Settings};
use sitelog_store::{Filter, Store};
use std::time::{Duration, Instant};

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let operations = numbers.next().unwrap_or(2_000);
    let resources = numbers.next().unwrap_or(500);
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        durability: Durability::Os,
        ..Options::default()
    };
    let ledger = Ledger::open(folder.path(), options).unwrap();
    write(&ledger, operations, resources);
    let start = Instant::now();
    let mut store = Store::rebuild(folder.path()).unwrap();
    let records = store.catch_up(&ledger, |_| ()).unwrap().records;
    let took = start.elapsed();
    println!(
        "rebuild: {records} records, {:.0}/s",
        records as f64 / took.as_secs_f64()
    );
    let size = std::fs::metadata(folder.path().join("index.sqlite")).unwrap().len();
    println!("index: {} MiB", size >> 20);
    drop(store);

    let some = |text: &str| Some(text.to_owned());
    let filters = [
        ("none", Filter::default()),
        (
            "actor",
            Filter {
                actor: some("user7"),
                ..Filter::default()
            },
        ),
        (
            "project and stack",
            Filter {
                project: some("project3"),
                stack: some("prod"),
                ..Filter::default()
            },
        ),
        (
            "result and since",
            Filter {
                result: some("failed"),
                since: Some(500_000),
                ..Filter::default()
            },
        ),
        (
            "resource",
            Filter {
                resource: some("urn:pulumi:prod::project3::aws:s3/bucket:Bucket::b17"),
                ..Filter::default()
            },
        ),
        (
            "resource's name",
            Filter {
                resource: some("b17"),
                ..Filter::default()
            },
        ),
        (
            "resource pattern",
            Filter {
                resource: some("*Bucket::b1?7"),
                ..Filter::default()
            },
        ),
        (
            "nobody",
            Filter {
                actor: some("nobody"),
                ..Filter::default()
            },
        ),
    ];
    for (what, filter) in filters {
        let filter = Filter {
            limit: Some(50),
            ..filter
        };
        let mut times: Vec<Duration> = (0..40)
            .map(|_| {
                // As the command does it: open, catch up, ask.
                let start = Instant::now();
                let mut store = Store::open(folder.path()).unwrap();
                store.catch_up(&ledger, |_| ()).unwrap();
                store.operations(&filter).unwrap();
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("{what}: p50 {:.1?}, p95 {:.1?}", times[20], times[38]);
    }
}

fn write(ledger: &Ledger, operations: usize, resources: usize) {
    let sanitizer = Sanitizer::new(Settings::default());
    for run in 0..operations.div_ceil(4) {
        let chain = ledger.create(&TenantId::default(), Ulid::generate()).unwrap();
        for operation in run * 4..((run + 1) * 4).min(operations) {
            let id = Ulid::generate();
            let project = format!("project{}", operation % 20);
            let resource = vec![
                key_value::text(name::SITELOG_OPERATION_ID, id.to_string()),
                key_value::text(name::SITELOG_OPERATION_NAME, "up"),
                key_value::text(name::PULUMI_PROJECT, project.as_str()),
                key_value::text(name::PULUMI_STACK, ["prod", "test", "dev"][operation % 3]),
                key_value::text(name::USER_ID, format!("user{}", operation % 50)),
            ];
            let mut records: Vec<LogRecord> = (0..resources)
                .map(|number| {
                    let address = format!("urn:pulumi:prod::{project}::aws:s3/bucket:Bucket::b{number}");
                    record(number, operation, "sitelog.resource.completed", Some(&address))
                })
                .collect();
            let mut end = record(resources, operation, "sitelog.operation.completed", None);
            let result = if operation % 9 == 0 { "failed" } else { "succeeded" };
            end.attributes
                .push(key_value::text(name::SITELOG_OPERATION_RESULT, result));
            records.push(end);
            // A run writes what arrived together as one frame.
            for some in records.chunks(10) {
                let scope_logs = vec![ScopeLogs {
                    log_records: some.to_vec(),
                    ..ScopeLogs::default()
                }];
                let resource = Some(Resource {
                    attributes: resource.clone(),
                    ..Resource::default()
                });
                let logs = ResourceLogs {
                    resource,
                    scope_logs,
                    ..ResourceLogs::default()
                };
                let request = ExportLogsServiceRequest {
                    resource_logs: vec![logs],
                };
                let batch = Batch {
                    tenant: TenantId::default(),
                    signal: Signal::Logs,
                    origin: Origin {
                        source: Source::Run,
                        id,
                    },
                    payload: Payload::Otlp(request.encode_to_vec().into()),
                };
                chain.write(&sanitizer.batch(batch).unwrap()).unwrap();
            }
        }
        chain.seal().unwrap();
    }
}

fn record(number: usize, operation: usize, event: &str, address: Option<&str>) -> LogRecord {
    let mut attributes = vec![key_value::int(name::SITELOG_SEQ, number as u64)];
    if let Some(address) = address {
        attributes.push(key_value::text(name::SITELOG_RESOURCE_URN, address));
        attributes.push(key_value::text(name::SITELOG_RESOURCE_NAME, format!("b{number}")));
        attributes.push(key_value::text(name::SITELOG_RESOURCE_ACTION, "create"));
    }
    LogRecord {
        time_unix_nano: (operation * 1_000 + number) as u64,
        event_name: event.to_owned(),
        attributes,
        ..LogRecord::default()
    }
}
