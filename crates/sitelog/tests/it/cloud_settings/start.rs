//! An exporter that is told everything by the test, and what reaches the destination.

use crate::cloud::running::{free_address, get};
use crate::scene::{Scene, code, end, wait_until};
use crate::sink::{Sink, Taken};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message;
use std::io::Read;
use std::process::{Child, Stdio};

pub(super) struct Exporter {
    child: Child,
    web: String,
}

impl Exporter {
    /// With these flags and variables, and no others but where it listens.
    pub(super) fn start(scene: &Scene, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let web = free_address();
        let mut command = scene.sitelog(["cloud"].iter().chain(flags).copied());
        command
            .env("PULUMI_EXPORTER_LISTEN_ADDRESS", &web)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        wait_until("the exporter to listen", || {
            if let Some(status) = child.try_wait().unwrap() {
                let mut said = String::new();
                child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                panic!("{status}: {said}");
            }
            get(&web, "/healthz", "GET", &[], b"").is_some()
        });
        Self { child, web }
    }

    pub(super) fn wait_ready(&self) {
        wait_until("a good cycle", || {
            get(&self.web, "/readyz", "GET", &[], b"").unwrap().0 == 200
        });
    }

    pub(super) fn metrics(&self) -> String {
        get(&self.web, "/metrics", "GET", &[], b"").unwrap().1
    }

    pub(super) fn end(self) -> (i32, String) {
        self.end_by(Signal::SIGTERM)
    }

    pub(super) fn end_by(mut self, signal: Signal) -> (i32, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        let status = end(&mut self.child);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (code(status), said)
    }
}

/// A push as it came.
pub(super) struct Push {
    pub(super) taken: Taken,
    message: ExportMetricsServiceRequest,
}

/// All that came until now.
pub(super) fn settled(sink: &Sink) -> Vec<Push> {
    let read = |taken: Taken| {
        let message = ExportMetricsServiceRequest::decode(&taken.body[..]).unwrap();
        Push { taken, message }
    };
    sink.taken().into_iter().map(read).collect()
}

impl Push {
    pub(super) fn metrics(&self) -> impl Iterator<Item = &Metric> {
        let scopes = self.message.resource_metrics.iter().flat_map(|of| &of.scope_metrics);
        scopes.flat_map(|of| &of.metrics)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.metrics().any(|metric| metric.name == name)
    }

    /// An attribute of the resource; of all of them, where there are several.
    pub(super) fn attribute(&self, key: &str) -> Option<String> {
        let value = |resource: &opentelemetry_proto::tonic::resource::v1::Resource| {
            let found = resource.attributes.iter().find(|attribute| attribute.key == key)?;
            match found.value.clone()?.value? {
                Value::StringValue(text) => Some(text),
                other => panic!("{other:?}"),
            }
        };
        let resources = self
            .message
            .resource_metrics
            .iter()
            .filter_map(|of| of.resource.as_ref());
        let mut values: Vec<Option<String>> = resources.map(value).collect();
        values.dedup();
        assert_eq!(values.len(), 1, "{values:?}");
        values.remove(0)
    }
}
