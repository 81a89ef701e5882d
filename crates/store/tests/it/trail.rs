//! A ledger with a trail of operations in it, as `sitelog run` would have written it.

use prost::Message;
use sitelog_ledger::{Chain, Ledger, Options};
use sitelog_model::attributes as name;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue, any_value};
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid, key_value};
use sitelog_sanitize::{Sanitizer, Settings};

/// An operation to be written.
pub(crate) struct Told<'a> {
    pub(crate) id: Ulid,
    pub(crate) start: u64,
    pub(crate) verb: &'a str,
    pub(crate) project: &'a str,
    pub(crate) stack: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) resources: &'a [&'a str],
    /// `None`: it has not completed.
    pub(crate) result: Option<&'a str>,
}

impl Default for Told<'_> {
    fn default() -> Self {
        Self {
            id: Ulid::generate(),
            start: 1_000,
            verb: "up",
            project: "payments",
            stack: "prod",
            actor: "ada",
            resources: &["urn:pulumi:prod::payments::a:b:C::one"],
            result: Some("succeeded"),
        }
    }
}

/// A ledger in a folder of its own.
pub(crate) struct Trail {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) ledger: Ledger,
    sanitizer: Sanitizer,
}

impl Trail {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Options::default()).unwrap();
        Self {
            folder,
            ledger,
            sanitizer: Sanitizer::new(Settings::default()),
        }
    }

    /// A chain of its own for a run.
    pub(crate) fn chain(&self) -> Chain {
        self.ledger.create(&TenantId::default(), Ulid::generate()).unwrap()
    }

    /// Writes an operation into a run's chain, one frame an event.
    pub(crate) fn tell(&self, chain: &Chain, told: &Told<'_>) {
        let mut events = vec![event("sitelog.operation.started", told.start, vec![])];
        for (at, address) in told.resources.iter().enumerate() {
            let short = address.rsplit("::").next().unwrap();
            let attributes = vec![
                key_value::text(name::SITELOG_RESOURCE_URN, *address),
                key_value::text(name::SITELOG_RESOURCE_NAME, short),
                key_value::text(name::SITELOG_RESOURCE_ACTION, "create"),
            ];
            events.push(event(
                "sitelog.resource.completed",
                told.start + 1 + at as u64,
                attributes,
            ));
        }
        if let Some(result) = told.result {
            let attributes = vec![
                key_value::text(name::SITELOG_OPERATION_RESULT, result),
                key_value::signed(name::PROCESS_EXIT_CODE, i64::from(result != "succeeded")),
                key_value::int("sitelog.changes.create", told.resources.len() as u64),
            ];
            events.push(event("sitelog.operation.completed", told.start + 1_000, attributes));
        }
        for (seq, mut record) in events.into_iter().enumerate() {
            record.attributes.push(key_value::int(name::SITELOG_SEQ, seq as u64));
            self.write(chain, told, record);
        }
    }

    fn write(&self, chain: &Chain, told: &Told<'_>, record: LogRecord) {
        let attributes = vec![
            key_value::text(name::SITELOG_OPERATION_ID, told.id.to_string()),
            key_value::text(name::SITELOG_OPERATION_NAME, told.verb),
            key_value::text(name::SITELOG_TOOL, "pulumi"),
            key_value::text(name::PULUMI_PROJECT, told.project),
            key_value::text(name::PULUMI_STACK, told.stack),
            key_value::text(name::USER_ID, told.actor),
            key_value::text(name::SITELOG_ACTOR_SOURCE, "flag"),
        ];
        let request = request(attributes, vec![record]);
        let batch = Batch {
            tenant: TenantId::default(),
            signal: Signal::Logs,
            origin: Origin {
                source: Source::Run,
                id: told.id,
            },
            payload: Payload::Otlp(request.encode_to_vec().into()),
        };
        chain.write(&self.sanitizer.batch(batch).unwrap()).unwrap();
    }
}

fn request(resource: Vec<KeyValue>, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs {
        log_records,
        ..ScopeLogs::default()
    }];
    let resource = Some(Resource {
        attributes: resource,
        ..Resource::default()
    });
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource,
            scope_logs,
            ..ResourceLogs::default()
        }],
    }
}

fn event(name: &str, time: u64, attributes: Vec<KeyValue>) -> LogRecord {
    LogRecord {
        time_unix_nano: time,
        severity_number: 9,
        event_name: name.to_owned(),
        body: Some(AnyValue {
            value: Some(any_value::Value::StringValue(format!("{name} at {time}"))),
        }),
        attributes,
        ..LogRecord::default()
    }
}
