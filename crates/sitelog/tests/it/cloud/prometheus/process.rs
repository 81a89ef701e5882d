//! Prometheus' process.

use crate::cloud::running::get;
use crate::cloud::shown::Samples;
use crate::component::component;
use crate::scene::wait_until;
use crate::sink::Reserved;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A Prometheus with an OTLP receiver that also scrapes an exporter.
pub(crate) struct Prometheus {
    folder: TempDir,
    port: Reserved,
    process: Child,
}

impl Prometheus {
    pub(crate) fn start(web: &str) -> Self {
        Self::at(Reserved::new(), &config_of(web))
    }

    /// One on this port, with this configuration.
    pub(crate) fn at(port: Reserved, settings: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.json");
        std::fs::write(&config, settings.to_string()).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(binary());
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={}", port.address))
            .arg("--web.enable-otlp-receiver")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let process = command.spawn().unwrap();
        let mut prometheus = Self { folder, port, process };
        wait_until("Prometheus to be ready", || prometheus.is_ready());
        prometheus
    }

    fn is_ready(&mut self) -> bool {
        if self.process.try_wait().unwrap().is_some() {
            panic!("Prometheus ended: {}", self.log());
        }
        let answer = get(&self.address(), "/-/ready", "GET", &[], b"");
        answer.is_some_and(|(status, _)| status == 200)
    }

    /// What it says of itself.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn address(&self) -> String {
        self.port.address.to_string()
    }

    /// What has an exporter push to it, as pulumi-exporter's flags are.
    pub(crate) fn flags(&self) -> Vec<String> {
        let endpoint = format!("--otlp.endpoint={}", self.address());
        let more = [
            "--otlp.insecure",
            "--otlp.url-path=/api/v1/otlp/v1/metrics",
            "--pulumi.collect-interval=500ms",
        ];
        [endpoint].into_iter().chain(more.map(str::to_owned)).collect()
    }

    /// The answer to a question of now, by name and labels. Who told is left out, and bounds have one form: pushed ones
    /// are `5`, scraped ones `5.0`.
    pub(crate) fn ask(&self, question: &str) -> Samples {
        let letters = question.bytes().map(|byte| format!("%{byte:02x}"));
        let form: String = std::iter::once("query=".to_owned()).chain(letters).collect();
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let (status, body) = get(&self.address(), "/api/v1/query", "POST", &headers, form.as_bytes()).unwrap();
        assert_eq!(status, 200, "{question}: {body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        let samples = answer["data"]["result"].as_array().unwrap();
        samples.iter().map(sample).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sample(sample: &Value) -> (String, f64) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = sample["metric"].as_object().unwrap();
    let mut labels: Vec<String> = all
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "__name__" | "job" | "instance"))
        .map(|(key, value)| match (key.as_str(), text(value).parse::<f64>()) {
            ("le", Ok(bound)) if bound.is_finite() => format!("le=\"{bound:?}\""),
            _ => format!("{key}=\"{}\"", text(value)),
        })
        .collect();
    labels.sort_unstable();
    let name = all.get("__name__").map(text).unwrap_or_default();
    (
        format!("{name}{{{}}}", labels.join(",")),
        text(&sample["value"][1]).parse().unwrap(),
    )
}

fn config_of(web: &str) -> Value {
    json!({
        "global": { "scrape_interval": "500ms", "scrape_timeout": "500ms" },
        "scrape_configs": [{ "job_name": "scraped", "static_configs": [{ "targets": [web] }] }],
    })
}

/// The program: named by SITELOG_PROMETHEUS, else installed by xtask (from its cache when it is there).
fn binary() -> &'static str {
    static BINARY: OnceLock<String> = OnceLock::new();
    BINARY.get_or_init(|| component("prometheus", "SITELOG_PROMETHEUS"))
}
