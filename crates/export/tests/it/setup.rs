//! Ledgers with records in them, and exporters that point at a destination.

use crate::destination::Destination;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use sitelog_export::config::{Backoff, Given, Key, Layers, Protocol};
use sitelog_export::{DestinationName, Exporter, OtlpConfig, Patience, Report, cursor_name};
use sitelog_ledger::disk::fault::FaultDisk;
use sitelog_ledger::{Chain, ChainId, CursorStatus, Ledger, Options, RefusedRange};
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A ledger in a folder that goes with it, and one chain of it.
pub(crate) struct Site {
    pub(crate) ledger: Ledger,
    pub(crate) chain: Chain,
    _folder: Option<TempDir>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), Options::default()).unwrap();
        Self::of(ledger, Some(folder))
    }

    /// A site on a disk on which things go wrong.
    pub(crate) fn on(disk: &FaultDisk) -> Self {
        let ledger = Ledger::with_disk(Arc::new(disk.clone()), "/data", Options::default()).unwrap();
        Self::of(ledger, None)
    }

    fn of(ledger: Ledger, folder: Option<TempDir>) -> Self {
        let chain = ledger.create(&TenantId::default(), Ulid::generate()).unwrap();
        Self {
            ledger,
            chain,
            _folder: folder,
        }
    }

    /// A site whose chain has `frames` frames of `each` log records, named `r0`, `r1`, …, and is sealed.
    pub(crate) fn with_logs(frames: usize, each: usize) -> Self {
        let site = Self::new();
        (0..frames).for_each(|frame| site.write(Signal::Logs, frame * each..(frame + 1) * each));
        site.chain.seal().unwrap();
        site
    }

    pub(crate) fn write(&self, signal: Signal, numbers: std::ops::Range<usize>) {
        let names = numbers.map(|number| name(signal, number)).collect();
        self.write_payload(signal, Payload::Otlp(encode(signal, names)));
    }

    pub(crate) fn write_payload(&self, signal: Signal, payload: Payload) {
        let origin = Origin {
            source: Source::Run,
            id: self.id().id,
        };
        let batch = Batch {
            tenant: TenantId::default(),
            signal,
            origin,
            payload,
        };
        self.chain.append(&Clean::stored(batch)).unwrap();
    }

    pub(crate) fn id(&self) -> &ChainId {
        self.chain.id()
    }

    /// Delivers the whole chain with a new exporter and waits for it.
    pub(crate) fn deliver(&self, config: OtlpConfig) -> Report {
        self.deliver_with(config, patient())
    }

    pub(crate) fn deliver_with(&self, config: OtlpConfig, patience: Patience) -> Report {
        let exporter = Exporter::start(config);
        exporter.deliver(&self.ledger, self.id());
        exporter.finish(patience)
    }

    pub(crate) fn cursor(&self, signal: Signal) -> CursorStatus {
        let status = self.ledger.status(self.id()).unwrap();
        status
            .cursors
            .into_iter()
            .find(|cursor| cursor.name == cursor_name(&DestinationName::default(), signal))
            .unwrap()
    }

    pub(crate) fn refused(&self, signal: Signal) -> Vec<RefusedRange> {
        self.ledger
            .cursor(
                self.id(),
                &cursor_name(&DestinationName::default(), signal),
                Some(signal),
            )
            .unwrap()
            .refused()
    }
}

/// Longer than anything in these tests takes on a busy machine.
pub(crate) fn patient() -> Patience {
    Patience {
        total: Duration::from_secs(60),
        idle: Duration::from_secs(30),
    }
}

pub(crate) fn config(destination: &Destination, protocol: Protocol) -> OtlpConfig {
    config_at(destination.address, protocol, &[])
}

/// A configuration as a user gives it, with waits short enough for a test.
pub(crate) fn config_at(address: SocketAddr, protocol: Protocol, more: &[(&str, &str)]) -> OtlpConfig {
    let env = |name: &str| {
        let more = more
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned());
        more.or_else(|| (name == "OTEL_EXPORTER_OTLP_PROTOCOL").then(|| protocol.name().to_owned()))
    };
    let (key, from) = (Key::Endpoint, "--otlp.endpoint".to_owned());
    let scheme = if more.iter().any(|(name, _)| name.ends_with("_CERTIFICATE")) {
        "https"
    } else {
        "http"
    };
    let endpoint = Given {
        key,
        signal: None,
        value: format!("{scheme}://localhost:{}", address.port()),
        from,
    };
    let mut config = OtlpConfig::resolve(&Layers {
        flags: &[endpoint],
        env: &env,
        file: &[],
    })
    .unwrap();
    config.pace.backoff = Backoff {
        first: Duration::from_millis(4),
        max: Duration::from_millis(40),
    };
    config.pace.linger = Duration::from_millis(5);
    config
}

/// A back-off after which nobody waits: the first answer that asks for it ends delivery, whatever the machine's speed.
pub(crate) fn hopeless(mut config: OtlpConfig) -> OtlpConfig {
    config.pace.backoff.max = Duration::from_secs(3600);
    config
}

/// One frame a request.
pub(crate) fn small(mut config: OtlpConfig) -> OtlpConfig {
    config.pace.request_bytes = 1;
    config
}

pub(crate) fn name(signal: Signal, number: usize) -> String {
    let letter = if signal == Signal::Logs { "r" } else { signal.name() };
    format!("{letter}{number}")
}

/// The names that a destination should have taken, sorted as it gives them.
pub(crate) fn names(signal: Signal, numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    let mut names: Vec<_> = numbers.into_iter().map(|number| name(signal, number)).collect();
    names.sort();
    names
}

pub(crate) fn encode(signal: Signal, names: Vec<String>) -> Bytes {
    match signal {
        Signal::Logs => {
            let body = |text| {
                Some(AnyValue {
                    value: Some(Value::StringValue(text)),
                })
            };
            let record = |text| LogRecord {
                time_unix_nano: 1,
                body: body(text),
                ..Default::default()
            };
            let log_records = names.into_iter().map(record).collect();
            let scope_logs = vec![ScopeLogs {
                log_records,
                ..Default::default()
            }];
            let resource_logs = vec![ResourceLogs {
                scope_logs,
                ..Default::default()
            }];
            ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
        }
        Signal::Traces => {
            let span = |name| Span {
                name,
                trace_id: vec![1; 16],
                span_id: vec![2; 8],
                ..Default::default()
            };
            let scope_spans = vec![ScopeSpans {
                spans: names.into_iter().map(span).collect(),
                ..Default::default()
            }];
            let resource_spans = vec![ResourceSpans {
                scope_spans,
                ..Default::default()
            }];
            ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
        }
        Signal::Metrics => {
            let metric = |name| Metric {
                name,
                ..Default::default()
            };
            let metrics = names.into_iter().map(metric).collect();
            let scope_metrics = vec![ScopeMetrics {
                metrics,
                ..Default::default()
            }];
            let resource_metrics = vec![ResourceMetrics {
                scope_metrics,
                ..Default::default()
            }];
            ExportMetricsServiceRequest { resource_metrics }.encode_to_vec().into()
        }
    }
}

pub(crate) fn bodies(request: &ExportLogsServiceRequest) -> Vec<String> {
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let text = |record: &LogRecord| match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("body {other:?}"),
    };
    scopes.flat_map(|scope| &scope.log_records).map(text).collect()
}

pub(crate) fn span_names(request: &ExportTraceServiceRequest) -> Vec<String> {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes
        .flat_map(|scope| &scope.spans)
        .map(|span| span.name.clone())
        .collect()
}

pub(crate) fn metric_names(request: &ExportMetricsServiceRequest) -> Vec<String> {
    let scopes = request
        .resource_metrics
        .iter()
        .flat_map(|resource| &resource.scope_metrics);
    scopes
        .flat_map(|scope| &scope.metrics)
        .map(|metric| metric.name.clone())
        .collect()
}
