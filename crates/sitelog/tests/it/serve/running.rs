//! A gateway that runs, and a client of it.

use crate::scene::{Scene, code, end, wait_until};
use crate::sink::Sink;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// A gateway that runs.
pub(crate) struct Gateway {
    child: Child,
    log: std::path::PathBuf,
    pub(crate) grpc: String,
    pub(crate) http: String,
    pub(crate) admin: String,
}

impl Gateway {
    /// Starts one on free ports of this machine; what it says goes to a file.
    pub(crate) fn start(scene: &Scene, flags: &[&str]) -> Self {
        let log = scene.path("serve.log");
        let said = File::create(&log).unwrap();
        let known = [
            "serve",
            "--grpc",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
        ];
        let mut command = scene.sitelog(known.iter().chain(flags).copied());
        let child = command.stdout(Stdio::null()).stderr(Stdio::from(said)).spawn().unwrap();
        let mut gateway = Self {
            child,
            log,
            grpc: String::new(),
            http: String::new(),
            admin: String::new(),
        };
        wait_until("the gateway to listen", || {
            gateway.said().contains("health and metrics at")
        });
        let said = gateway.said();
        let after = |mark: &str| {
            said.split(mark)
                .nth(1)
                .unwrap()
                .split([' ', ';', '\n'])
                .next()
                .unwrap()
                .to_owned()
        };
        gateway.grpc = after("OTLP at ");
        gateway.http = after("(gRPC) and ");
        gateway.admin = after("metrics at ");
        gateway
    }

    /// All that it has said.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Ends it; its exit status.
    pub(crate) fn end(mut self, signal: Signal) -> i32 {
        self.signal(signal);
        code(end(&mut self.child))
    }

    /// A page of the admin's port.
    pub(crate) fn admin(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let credential = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = credential
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        let answer = request(&self.admin, "GET", path, &headers, b"").expect("an answer");
        (answer.0, answer.2)
    }

    /// Sends logs; the status, or nothing when the connection broke.
    pub(crate) fn send(&self, token: Option<&str>, bodies: &[String]) -> Option<u16> {
        send(&self.http, token, bodies)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends logs over HTTP; the status, or nothing when the connection broke.
pub(crate) fn send(address: &str, token: Option<&str>, bodies: &[String]) -> Option<u16> {
    let credential = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/x-protobuf")];
    headers.extend(credential.iter().map(|value| ("authorization", value.as_str())));
    request(address, "POST", "/v1/logs", &headers, &logs(bodies)).map(|(status, _, _)| status)
}

/// A request with one record for each body.
pub(crate) fn logs(bodies: &[String]) -> Vec<u8> {
    let records = bodies.iter().map(|body| LogRecord {
        body: Some(AnyValue {
            value: Some(Value::StringValue(body.clone())),
        }),
        ..LogRecord::default()
    });
    let scope = ScopeLogs {
        log_records: records.collect(),
        ..ScopeLogs::default()
    };
    let group = ResourceLogs {
        scope_logs: vec![scope],
        ..ResourceLogs::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![group],
    }
    .encode_to_vec()
}

/// One request over HTTP/1.1: status, head and body.
pub(crate) fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{lines}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head.to_owned(), body.to_owned()))
}

/// How often each body arrived at a sink, and the tenant on its resource.
pub(crate) fn arrived(sink: &Sink) -> BTreeMap<(String, String), usize> {
    let mut all = BTreeMap::new();
    for taken in sink.taken().iter().filter(|taken| taken.is_logs()) {
        let request = ExportLogsServiceRequest::decode(&taken.body[..]).unwrap();
        for group in request.resource_logs {
            let resource = group.resource.unwrap_or_default();
            let tenant = resource
                .attributes
                .iter()
                .find(|known| known.key == "sitelog.tenant.id");
            let tenant = tenant
                .and_then(|known| known.value.clone())
                .map(text)
                .unwrap_or_default();
            for record in group.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
                let body = record.body.map(text).unwrap_or_default();
                *all.entry((tenant.clone(), body)).or_default() += 1;
            }
        }
    }
    all
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        other => format!("{other:?}"),
    }
}

/// The digest of a token or of a certificate, hex.
pub(crate) fn sha256(of: impl AsRef<[u8]>) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, of.as_ref());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
