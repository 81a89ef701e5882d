//! The rows: settings of pulumi-exporter first, then sitelog's own.

use serde_json::{Value, json};

/// As it is given by a flag or a variable, as it is written in the file, and what is then in force.
pub(super) type Given = (&'static str, &'static str, Value);

/// A setting.
pub(super) struct Row {
    pub(super) flag: &'static str,
    pub(super) variable: &'static str,
    /// Its path in the file.
    pub(super) key: &'static str,
    /// Where `sitelog config print` shows it below `cloud`.
    pub(super) at: &'static str,
    pub(super) default: Value,
    /// For the flag, the variable and the file.
    pub(super) given: [Given; 3],
    /// What none of them takes; for the flag and the variable, and for the file.
    pub(super) wrong: [&'static str; 2],
}

fn row(names: [&'static str; 4], default: Value, given: [Given; 3], wrong: [&'static str; 2]) -> Row {
    let [flag, variable, key, at] = names;
    Row {
        flag,
        variable,
        key,
        at,
        default,
        given,
        wrong,
    }
}

/// One that is written in the same way everywhere and shown as it is given.
fn plain(names: [&'static str; 3], default: Value, given: [&'static str; 3], wrong: &'static str) -> Row {
    let [flag, variable, at] = names;
    let shown = |text: &'static str| (text, text, text.parse::<u64>().map_or(json!(text), Value::from));
    let key = Box::leak(at.trim_start_matches('/').replace('/', ".").into_boxed_str());
    row([flag, variable, key, at], default, given.map(shown), [wrong, wrong])
}

/// One of sitelog's own below `pulumi`, which is off until it is asked for.
fn switch(name: &str, variable: &str) -> Row {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let names = [
        leak(format!("--pulumi.{name}")),
        leak(format!("SITELOG_PULUMI_{variable}")),
        leak(format!("pulumi.{name}")),
        leak(format!("/pulumi/{name}")),
    ];
    let given = ["true", "false", "true"].map(|text| (text, text, json!(text == "true")));
    row(names, json!(false), given, ["perhaps", "maybe"])
}

pub(super) fn rows() -> Vec<Row> {
    let url = |url: &str| json!(format!("{url}/v1/metrics"));
    let default_url = url("https://localhost:4318");
    let hidden = |text| (text, text, json!("[REDACTED]"));
    let header = |name: &str| json!({ name: "[REDACTED]" });
    vec![
        row(
            [
                "--pulumi.access-token",
                "PULUMI_ACCESS_TOKEN",
                "pulumi.access-token",
                "/pulumi/access-token",
            ],
            Value::Null,
            ["pul-1", "pul-2", "pul-3"].map(hidden),
            ["", "[]"],
        ),
        row(
            [
                "--pulumi.api-url",
                "PULUMI_API_URL",
                "pulumi.api-url",
                "/pulumi/api-url",
            ],
            json!("https://api.pulumi.com"),
            [
                ("https://a/", "", json!("https://a")),
                ("http://b", "", json!("http://b")),
                ("", "https://c", json!("https://c")),
            ],
            ["api.pulumi.com", "api.pulumi.com"],
        ),
        row(
            [
                "--pulumi.organizations",
                "PULUMI_ORGANIZATIONS",
                "pulumi.organizations",
                "/pulumi/organizations",
            ],
            json!([]),
            [
                ("a, b,,a,B", "", json!(["a", "b"])),
                ("c\nd,c", "", json!(["c", "d"])),
                ("", "[e, f, e]", json!(["e", "f"])),
            ],
            ["", "e,f"],
        ),
        plain(
            [
                "--pulumi.collect-interval",
                "PULUMI_COLLECT_INTERVAL",
                "/pulumi/collect-interval",
            ],
            json!("1m"),
            ["7s", "36h", "100ms"],
            "10",
        ),
        plain(
            [
                "--pulumi.max-concurrency",
                "PULUMI_MAX_CONCURRENCY",
                "/pulumi/max-concurrency",
            ],
            json!(10),
            ["1", "100", "7"],
            "101",
        ),
        row(
            [
                "--otlp.endpoint",
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "otlp.endpoint",
                "/otlp/endpoint",
            ],
            default_url.clone(),
            [
                ("c:4318", "", url("https://c:4318")),
                ("http://c:99", "", url("http://c:99")),
                ("", "d:4317", url("https://d:4317")),
            ],
            ["ftp://c", "ftp://c"],
        ),
        plain(
            ["--otlp.protocol", "OTEL_EXPORTER_OTLP_PROTOCOL", "/otlp/protocol"],
            json!("http/protobuf"),
            ["grpc", "http/json", "grpc"],
            "thrift",
        ),
        row(
            [
                "--otlp.insecure",
                "OTEL_EXPORTER_OTLP_INSECURE",
                "otlp.insecure",
                "/otlp/endpoint",
            ],
            default_url.clone(),
            [
                ("true", "", url("http://localhost:4318")),
                ("0", "", default_url.clone()),
                ("", "true", url("http://localhost:4318")),
            ],
            ["yes", "maybe"],
        ),
        row(
            [
                "--otlp.headers",
                "OTEL_EXPORTER_OTLP_HEADERS",
                "otlp.headers",
                "/otlp/headers",
            ],
            json!({}),
            [
                ("x-a=1", "", header("x-a")),
                (" x-b = %20 ", "", header("x-b")),
                ("", "{x-c: a=b}", header("x-c")),
            ],
            ["x a=1", "{x a: 1}"],
        ),
        row(
            [
                "--otlp.url-path",
                "OTEL_EXPORTER_OTLP_METRICS_URL_PATH",
                "otlp.url-path",
                "/otlp/endpoint",
            ],
            default_url,
            [
                ("/a", "", json!("https://localhost:4318/a")),
                ("b/c", "", json!("https://localhost:4318/b/c")),
                ("", "/d", json!("https://localhost:4318/d")),
            ],
            ["", "[]"],
        ),
        plain(
            [
                "--web.listen-address",
                "PULUMI_EXPORTER_LISTEN_ADDRESS",
                "/web/listen-address",
            ],
            json!(":8080"),
            [":9", "127.0.0.1:1", "localhost:2"],
            "8o8o",
        ),
        plain(
            [
                "--pulumi.access-token-file",
                "PULUMI_ACCESS_TOKEN_FILE",
                "/pulumi/access-token-file",
            ],
            Value::Null,
            ["/a", "/b", "/c"],
            "",
        ),
        plain(
            ["--pulumi.backfill", "SITELOG_PULUMI_BACKFILL", "/pulumi/backfill"],
            json!("none"),
            ["window", "all", "window"],
            "some",
        ),
        plain(
            [
                "--pulumi.backfill-window",
                "SITELOG_PULUMI_BACKFILL_WINDOW",
                "/pulumi/backfill-window",
            ],
            json!("24h"),
            ["7s", "8s", "9s"],
            "-1s",
        ),
        plain(
            [
                "--pulumi.sweep-cycles",
                "SITELOG_PULUMI_SWEEP_CYCLES",
                "/pulumi/sweep-cycles",
            ],
            json!(60),
            ["7", "8", "9"],
            "many",
        ),
        plain(
            [
                "--pulumi.calls-per-hour",
                "SITELOG_PULUMI_CALLS_PER_HOUR",
                "/pulumi/calls-per-hour",
            ],
            Value::Null,
            ["7", "8", "9"],
            "many",
        ),
        plain(
            [
                "--pulumi.call-timeout",
                "SITELOG_PULUMI_CALL_TIMEOUT",
                "/pulumi/call-timeout",
            ],
            json!("30s"),
            ["7s", "8s", "9s"],
            "soon",
        ),
        plain(
            ["--pulumi.body-limit", "SITELOG_PULUMI_BODY_LIMIT", "/pulumi/body-limit"],
            json!("64MiB"),
            ["1MiB", "2GiB", "7B"],
            "much",
        ),
        row(
            [
                "--state-dir",
                "SITELOG_STATE_DIR",
                "pulumi.state-dir",
                "/pulumi/state-dir",
            ],
            json!("DATA/cloud"),
            ["/a", "/b", "/c"].map(|folder| (folder, folder, json!(folder))),
            ["", "[]"],
        ),
        row(
            [
                "--web.webhook-secret",
                "SITELOG_WEB_WEBHOOK_SECRET",
                "web.webhook-secret",
                "/web/webhook-secret",
            ],
            Value::Null,
            ["whs-1", "whs-2", "whs-3"].map(hidden),
            ["", "[]"],
        ),
        plain(
            [
                "--web.webhook-secret-file",
                "SITELOG_WEB_WEBHOOK_SECRET_FILE",
                "/web/webhook-secret-file",
            ],
            Value::Null,
            ["/a", "/b", "/c"],
            "",
        ),
        switch("audit-updates", "AUDIT_UPDATES"),
        switch("audit-events", "AUDIT_EVENTS"),
        switch("audit-log", "AUDIT_LOG"),
    ]
}
