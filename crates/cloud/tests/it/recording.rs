//! An exporter that records into a real ledger, and what is found there.

use crate::stage::Stage;
use prost::Message;
use sitelog_cloud::beyond::Beyond;
use sitelog_cloud::config::Audit;
use sitelog_cloud::counters::Counts;
use sitelog_cloud::cycle::CycleReport;
use sitelog_cloud_sim::{Backfill, World};
use sitelog_ledger::{Ledger, Options};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::{KeyValue, any_value::Value};
use sitelog_model::otlp::trace::v1::Span;
use sitelog_model::{Payload, Signal, TenantId};
use sitelog_sanitize::{Sanitizer, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A record with its resource.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) event: String,
    pub(crate) time: u64,
    pub(crate) body: String,
    said: BTreeMap<String, String>,
}

impl Record {
    pub(crate) fn get(&self, key: &str) -> &str {
        self.said.get(key).map(String::as_str).unwrap_or_default()
    }
}

pub(crate) struct Recording {
    pub(crate) stage: Stage,
    pub(crate) ledger: Ledger,
    pub(crate) beyond: Option<Beyond>,
    folder: tempfile::TempDir,
}

/// What is recorded.
#[derive(Clone, Copy)]
pub(crate) struct Of {
    pub(crate) updates: bool,
    pub(crate) events: bool,
    pub(crate) log: bool,
}

impl Recording {
    pub(crate) fn new(world: World, backfill: Backfill, of: Of) -> Self {
        let mut stage = Stage::new(world, backfill);
        stage.config.audit = Some(Audit {
            updates: of.updates,
            events: of.events,
            log: of.log,
            tenant: TenantId::default(),
            resource: Vec::new(),
            sanitizer: Sanitizer::new(Settings::default()),
        });
        let folder = tempfile::tempdir().unwrap();
        let mut recording = Self {
            stage,
            ledger: Ledger::open(folder.path(), Options::default()).unwrap(),
            beyond: None,
            folder,
        };
        recording.limit(Options::default());
        recording
    }

    /// The ledger opened with other options, for the next start.
    pub(crate) fn limit(&mut self, options: Options) {
        self.ledger = Ledger::open(self.folder.path(), options).unwrap();
    }

    /// Where the ledger is.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) async fn cycle(&mut self) -> CycleReport {
        self.start().await;
        self.stage.cycle().await
    }

    pub(crate) async fn start(&mut self) {
        let exporter = self.stage.exporter().await;
        if self.beyond.is_none() {
            self.beyond = exporter.beyond(&self.ledger).unwrap();
        }
    }

    /// What waits is taken into the ledger, as far as it can be; how much cannot.
    pub(crate) async fn drain(&mut self) -> u64 {
        self.start().await;
        self.beyond.as_mut().unwrap().drain().await
    }

    /// A cycle after which all is as it must be, and recorded.
    pub(crate) async fn settle(&mut self) {
        self.start().await;
        self.stage.poll().await;
        assert_eq!(self.drain().await, 0);
    }

    /// Nothing is closed, nothing is said.
    pub(crate) fn kill(&mut self) {
        self.stage.kill();
        self.beyond = None;
    }

    /// Killed, and then somebody looks at the trail, which ends what nobody writes any more.
    pub(crate) fn kill_and_seal(&mut self) {
        self.kill();
        for id in self.ledger.chains().unwrap() {
            for _ in 0..500 {
                match self.ledger.reopen(&id) {
                    // What was under way when it was killed comes to its end.
                    Err(sitelog_ledger::Error::Locked { .. }) => std::thread::sleep(Duration::from_millis(10)),
                    Ok((chain, _)) => {
                        chain.seal().unwrap();
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
    }

    /// Records what waits, and is killed before the outbox knows: its state is as it was, the ledger is not.
    pub(crate) async fn kill_between(&mut self) {
        self.start().await;
        self.kill();
        let (folder, saved) = (self.stage.config.state_dir.clone(), tempfile::tempdir().unwrap());
        copy(&folder, saved.path());
        self.drain().await;
        self.kill();
        for file in std::fs::read_dir(&folder).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        copy(saved.path(), &folder);
    }

    pub(crate) async fn counts(&mut self) -> Counts {
        self.stage.exporter().await.observed().counters().counts()
    }

    /// All records in the ledger.
    pub(crate) fn records(&self) -> Vec<Record> {
        let requests = self.requests(Signal::Logs).into_iter();
        let requests = requests.map(|bytes| ExportLogsServiceRequest::decode(&bytes[..]).unwrap());
        let mut records = Vec::new();
        for of in requests.flat_map(|request| request.resource_logs) {
            let resource = of.resource.unwrap_or_default().attributes;
            for record in of.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
                let all = resource.iter().chain(&record.attributes);
                let body = record.body.and_then(|body| body.value);
                records.push(Record {
                    event: record.event_name,
                    time: record.time_unix_nano,
                    body: text(body.as_ref()),
                    said: all.map(said).collect(),
                });
            }
        }
        records
    }

    /// All spans in the ledger.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let requests = self.requests(Signal::Traces).into_iter();
        let requests = requests.map(|bytes| ExportTraceServiceRequest::decode(&bytes[..]).unwrap());
        let scopes = requests
            .flat_map(|request| request.resource_spans)
            .flat_map(|of| of.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    fn requests(&self, signal: Signal) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for id in self.ledger.chains().unwrap() {
            for frame in self.ledger.frames(&id).unwrap() {
                let frame = frame.unwrap();
                let batch = frame.batch.get();
                if let (true, Payload::Otlp(bytes)) = (batch.signal == signal, &batch.payload) {
                    found.push(bytes.to_vec());
                }
            }
        }
        found
    }
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn said(attribute: &KeyValue) -> (String, String) {
    let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
    (attribute.key.clone(), text(value))
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}
