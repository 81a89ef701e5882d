//! The Collector's process.

use crate::component::component;
use crate::recorded::Recorded;
use crate::scene::{end, wait_until};
use crate::sink::Reserved;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A Collector with OTLP receivers and a file exporter; it can be stopped and started again on the same ports.
pub(crate) struct Collector {
    folder: TempDir,
    grpc: Reserved,
    http: Reserved,
    process: Option<Child>,
    /// How often it was started: each start writes a file of its own.
    starts: usize,
    setting: Setting,
}

/// What a Collector does besides taking records and writing them down.
#[derive(Default)]
pub(crate) struct Setting {
    /// What its receivers have for `tls`.
    pub(crate) tls: Option<Value>,
    /// Whom it sends on to, by name.
    pub(crate) exporters: Map<String, Value>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::with(Setting::default())
    }

    pub(crate) fn with(setting: Setting) -> Self {
        let (grpc, http) = (Reserved::new(), Reserved::new());
        let mut collector = Self {
            folder: tempfile::tempdir().unwrap(),
            grpc,
            http,
            process: None,
            starts: 0,
            setting,
        };
        collector.again();
        collector
    }

    /// Starts it (again), and waits until it listens.
    pub(crate) fn again(&mut self) {
        self.starts += 1;
        let config = self.folder.path().join("config.yaml");
        std::fs::write(&config, self.config()).unwrap();
        let log = std::fs::File::create(self.folder.path().join(format!("log-{}", self.starts))).unwrap();
        let mut command = Command::new(binary());
        command
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut process = command.spawn().unwrap();
        wait_until("the Collector to listen", || {
            assert!(
                process.try_wait().unwrap().is_none(),
                "the Collector ended: {}",
                self.log()
            );
            [&self.grpc, &self.http]
                .iter()
                .all(|port| TcpStream::connect(port.address).is_ok())
        });
        self.process = Some(process);
    }

    fn config(&self) -> String {
        let receiver = |address: SocketAddr| {
            let mut receiver = json!({ "endpoint": address.to_string() });
            if let Some(tls) = &self.setting.tls {
                receiver["tls"] = tls.clone();
            }
            receiver
        };
        let mut exporters = self.setting.exporters.clone();
        exporters.insert(
            "file".to_owned(),
            json!({ "path": self.written(), "flush_interval": "50ms" }),
        );
        let pipeline = json!({ "receivers": ["otlp"], "exporters": exporters.keys().collect::<Vec<_>>() });
        json!({
            "receivers": { "otlp": { "protocols": {
                "grpc": receiver(self.grpc.address),
                "http": receiver(self.http.address),
            } } },
            "exporters": exporters,
            "service": {
                "telemetry": { "metrics": { "level": "none" } },
                "pipelines": { "logs": pipeline, "traces": pipeline, "metrics": pipeline },
            },
        })
        .to_string()
    }

    fn out(&self, start: usize) -> PathBuf {
        self.folder.path().join(format!("out-{start}.jsonl"))
    }

    /// The file that the latest start writes.
    pub(crate) fn written(&self) -> PathBuf {
        self.out(self.starts)
    }

    /// What it says of itself.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("log-{}", self.starts))).unwrap_or_default()
    }

    pub(crate) fn grpc(&self) -> String {
        self.grpc.endpoint()
    }

    pub(crate) fn http(&self) -> String {
        self.http.endpoint()
    }

    /// Stops it as an operator does; what it has acknowledged is in its file then.
    pub(crate) fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        kill(Pid::from_raw(process.id().cast_signed()), Signal::SIGTERM).unwrap();
        end(&mut process);
    }

    /// What it has written so far, over all its starts.
    pub(crate) fn recorded(&self) -> Recorded {
        let mut all = Recorded::default();
        for start in 1..=self.starts {
            let one = Recorded::from_file(&self.out(start));
            all.lines.extend(one.lines);
            all.events.extend(one.events);
            all.spans.extend(one.spans);
        }
        all
    }

    /// Lines that the latest start has written so far.
    pub(crate) fn latest_lines(&self) -> usize {
        Recorded::from_file(&self.written()).lines.len()
    }

    /// Waits for the span that ends a run, stops, and gives all.
    pub(crate) fn recorded_span(&self) -> Recorded {
        wait_until("a span", || !self.recorded().spans.is_empty());
        // Logs and spans travel side by side: the file has all when the process has ended.
        let process = self.process.as_ref().unwrap();
        kill(Pid::from_raw(process.id().cast_signed()), Signal::SIGTERM).unwrap();
        wait_until("the Collector's end", || self.log().contains("Shutdown complete"));
        self.recorded()
    }

    /// Stops it and gives all.
    pub(crate) fn stopped(mut self) -> Recorded {
        self.stop();
        self.recorded()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The program: named by SITELOG_COLLECTOR, else installed by xtask (from its cache when it is there).
fn binary() -> &'static str {
    static BINARY: OnceLock<String> = OnceLock::new();
    BINARY.get_or_init(|| component("collector", "SITELOG_COLLECTOR"))
}
