//! A run that is recorded, with an engine that speaks to it.

use prost::Message;
use sitelog_ledger::{ChainId, Ledger, Options};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::{KeyValue, any_value::Value};
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_model::otlp::trace::v1::Span;
use sitelog_model::{Payload, Signal, TenantId, Ulid};
use sitelog_run::ci::Ci;
use sitelog_run::provisioning::{Provisioning, Wishes};
use sitelog_run::{Identity, Invocation, Policy, Recording, Run, WhenFull};
use sitelog_sanitize::{Sanitizer, Settings};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tonic::client::Grpc;
use tonic::transport::Endpoint;

/// A run whose job is `pulumi up`.
pub(crate) struct Stage {
    pub(crate) ledger: Ledger,
    pub(crate) chain: ChainId,
    pub(crate) recording: Recording,
    pub(crate) tools: Provisioning,
    /// Where its engine sends events.
    pub(crate) address: String,
    pub(crate) private: PathBuf,
    /// Goes last.
    pub(crate) folder: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (private, bin) = (folder.path().join("private"), folder.path().join("bin"));
        std::fs::create_dir(&private).unwrap();
        std::fs::create_dir(&bin).unwrap();
        std::fs::write(bin.join("pulumi"), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(bin.join("pulumi"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let ledger = Ledger::open(folder.path().join("data"), Options::default()).unwrap();
        let (tenant, id) = (TenantId::default(), Ulid::generate());
        let chain = ledger.create(&tenant, id).unwrap();
        let run = Run {
            id,
            argv: vec!["pulumi".into(), "up".into()],
            identity: &Identity::default(),
            ci: &Ci::default(),
        };
        let policy = Policy {
            when_full: WhenFull::Block,
            disk_patience: Duration::from_secs(10),
            tell: |_| {},
        };
        let sanitizer = Sanitizer::new(Settings::default());
        let recording = Recording::begin(Ok(chain), run, &sanitizer, policy, &|_: &str| None);
        let wishes = Wishes {
            tool: None,
            intercept: false,
            on_pty: false,
            profile: None,
        };
        let var = move |name: &str| (name == "PATH").then(|| OsString::from(&bin));
        let mut tools = Provisioning::begin(&recording, &private, wishes, &var).unwrap();
        let mut invocation = Invocation {
            argv: vec!["pulumi".into(), "up".into()],
            executable: None,
            env: Vec::new(),
        };
        tools.arm(&mut invocation, &var);
        let mut latest = invocation.env.iter().rev();
        let (_, address) = latest.find(|(name, _)| name == "PULUMI_OPTION_EVENT_LOG").unwrap();
        let address = address.to_str().unwrap().replace("tcp://unix:", "unix://");
        Self {
            ledger,
            chain: ChainId { tenant, id },
            recording,
            tools,
            address,
            private,
            folder,
        }
    }

    /// The log records in the ledger now.
    pub(crate) fn logs(&self) -> Vec<LogRecord> {
        logs(&self.ledger, &self.chain)
    }
}

pub(crate) fn logs(ledger: &Ledger, chain: &ChainId) -> Vec<LogRecord> {
    let requests = payloads(ledger, chain, Signal::Logs);
    let requests = requests
        .iter()
        .map(|bytes| ExportLogsServiceRequest::decode(bytes.as_slice()).unwrap());
    let scopes = requests
        .flat_map(|request| request.resource_logs)
        .flat_map(|of| of.scope_logs);
    scopes.flat_map(|of| of.log_records).collect()
}

pub(crate) fn spans(ledger: &Ledger, chain: &ChainId) -> Vec<Span> {
    let requests = payloads(ledger, chain, Signal::Traces);
    let requests = requests
        .iter()
        .map(|bytes| ExportTraceServiceRequest::decode(bytes.as_slice()).unwrap());
    let scopes = requests
        .flat_map(|request| request.resource_spans)
        .flat_map(|of| of.scope_spans);
    scopes.flat_map(|of| of.spans).collect()
}

fn payloads(ledger: &Ledger, chain: &ChainId, signal: Signal) -> Vec<Vec<u8>> {
    let frames = ledger.frames(chain).unwrap().map(Result::unwrap);
    let of_signal = frames.filter(|frame| frame.batch.get().signal == signal);
    let bytes = of_signal.filter_map(|frame| match &frame.batch.get().payload {
        Payload::Otlp(bytes) => Some(bytes.to_vec()),
        _ => None,
    });
    bytes.collect()
}

/// An attribute, as text.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|known| known.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(yes) => yes.to_string(),
        other => panic!("{other:?}"),
    })
}

/// `pulumirpc.EventRequest`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct EventRequest {
    #[prost(bytes = "vec", tag = "1")]
    event: Vec<u8>,
}

/// An engine's connection.
pub(crate) async fn connect(address: &str) -> Grpc<tonic::transport::Channel> {
    let channel = Endpoint::from_shared(address.to_owned())
        .unwrap()
        .connect()
        .await
        .unwrap();
    Grpc::new(channel).max_encoding_message_size(usize::MAX)
}

/// Sends events until the stream given ends; the answer.
pub(crate) async fn stream<S>(client: &mut Grpc<tonic::transport::Channel>, events: S) -> Result<(), tonic::Status>
where
    S: tokio_stream::Stream<Item = EventRequest> + Send + 'static,
{
    client.ready().await.unwrap();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static("/pulumirpc.Events/StreamEvents");
    let codec: tonic_prost::ProstCodec<EventRequest, ()> = tonic_prost::ProstCodec::default();
    client
        .client_streaming(tonic::Request::new(events), path, codec)
        .await
        .map(|_| ())
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

pub(crate) fn request(event: impl Into<Vec<u8>>) -> EventRequest {
    EventRequest { event: event.into() }
}

/// What an engine says of an `up` that makes `count` resources, ended in order or not.
pub(crate) fn events(count: usize, in_order: bool) -> Vec<EventRequest> {
    let mut said = vec![r#""preludeEvent":{"config":{}}"#.to_owned()];
    for number in 0..count {
        let metadata = format!(
            r#""metadata":{{"op":"create","urn":"urn:pulumi:dev::shop::t:i:T::n{number}","type":"t:i:T","old":null,"new":{{"type":"t:i:T","urn":"u","custom":true,"id":"i","parent":"","inputs":{{}},"outputs":{{}},"provider":""}},"detailedDiff":null}}"#
        );
        said.push(format!(r#""resourcePreEvent":{{{metadata}}}"#));
        if in_order || number + 1 < count {
            said.push(format!(r#""resOutputsEvent":{{{metadata}}}"#));
        }
    }
    if in_order {
        said.push(format!(
            r#""summaryEvent":{{"maybeCorrupt":false,"durationSeconds":1,"resourceChanges":{{"create":{count}}},"PolicyPacks":{{}},"result":"succeeded"}}"#
        ));
        said.push(r#""cancelEvent":{}"#.to_owned());
    }
    let numbered = said.into_iter().enumerate();
    numbered
        .map(|(sequence, event)| {
            request(format!(
                "{{\"sequence\":{sequence},\"timestamp\":1795250617,{event}}}\n"
            ))
        })
        .collect()
}
