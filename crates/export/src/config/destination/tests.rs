use crate::config::{Compression, ConfigError, Given, Key, Layers, OtlpConfig, Protocol};
use sitelog_model::Signal;
use std::time::Duration;

fn resolve(env: &[(&str, &str)], flags: &[Given]) -> Result<OtlpConfig, ConfigError> {
    let find = |name: &str| {
        let short = name.strip_prefix("OTEL_EXPORTER_OTLP_")?;
        env.iter()
            .find(|(known, _)| *known == short)
            .map(|(_, value)| (*value).to_owned())
    };
    OtlpConfig::resolve(&Layers {
        flags,
        env: &find,
        file: &[],
    })
}

fn flag(key: Key, value: &str) -> Given {
    Given {
        key,
        signal: None,
        value: value.to_owned(),
        from: format!("--otlp.{key:?}").to_lowercase(),
    }
}

#[test]
fn every_variable_and_its_signal_form_counts() {
    let env = [
        ("ENDPOINT", "https://shared"),
        ("TRACES_ENDPOINT", "http://own/path"),
        ("PROTOCOL", "http/json"),
        ("METRICS_PROTOCOL", "grpc"),
        ("HEADERS", "a=1"),
        ("LOGS_HEADERS", "b=2"),
        ("TIMEOUT", "1500"),
        ("COMPRESSION", "gzip"),
        ("TRACES_COMPRESSION", "none"),
    ];
    let config = resolve(&env, &[]).unwrap();
    let of = |signal| config.destination(signal).unwrap();
    assert_eq!(of(Signal::Logs).label(), "http/json https://shared/v1/logs");
    assert_eq!(of(Signal::Traces).label(), "http/json http://own/path");
    assert_eq!(of(Signal::Metrics).label(), "grpc https://shared/");
    let headers = |signal| {
        of(signal)
            .headers
            .iter()
            .map(|(name, _)| name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (headers(Signal::Logs), headers(Signal::Traces)),
        (vec!["b".to_owned()], vec!["a".to_owned()])
    );
    assert_eq!(of(Signal::Logs).timeout, Duration::from_millis(1500));
    assert_eq!(
        (of(Signal::Logs).compression, of(Signal::Traces).compression),
        (Compression::Gzip, Compression::None)
    );
}

#[test]
fn without_an_endpoint_records_stay_here() {
    assert!(resolve(&[("PROTOCOL", "grpc")], &[]).unwrap().is_empty());
    let only = resolve(&[("LOGS_ENDPOINT", "http://h:4317")], &[]).unwrap();
    assert_eq!(only.destination(Signal::Logs).unwrap().protocol, Protocol::Grpc);
    assert!(only.destination(Signal::Traces).is_none() && !only.is_empty());
}

#[test]
fn a_flag_has_a_duration_and_wins() {
    let flags = [flag(Key::Timeout, "2s"), flag(Key::Endpoint, "flag:4318")];
    let config = resolve(&[("TIMEOUT", "1500"), ("LOGS_ENDPOINT", "http://env")], &flags).unwrap();
    let logs = config.destination(Signal::Logs).unwrap();
    assert_eq!(
        (logs.timeout, logs.url.as_str()),
        (Duration::from_secs(2), "http://flag:4318/v1/logs")
    );
}

/// Guarantees: each wrong value ends with one line that says where it was, and no secret.
#[test]
fn a_wrong_value_is_told_in_one_line() {
    let cases = [
        (
            ("ENDPOINT", "http://user:hunter2@h"),
            "ENDPOINT: credentials do not belong in the endpoint",
        ),
        (
            ("LOGS_PROTOCOL", "http"),
            "LOGS_PROTOCOL: protocol \"http\" is unknown; use grpc",
        ),
        (("HEADERS", "hunter2"), "HEADERS: header 1 has no ="),
        (
            ("TIMEOUT", "10s"),
            "TIMEOUT: timeout \"10s\" is not a number of milliseconds",
        ),
        (
            ("TIMEOUT", "0"),
            "TIMEOUT: timeout \"0\" is not a number of milliseconds above 0",
        ),
        (
            ("COMPRESSION", "br"),
            "COMPRESSION: compression \"br\" is unknown; use none, gzip or zstd",
        ),
        (("INSECURE", "yes"), "INSECURE: \"yes\" is neither true nor false"),
        (
            ("CERTIFICATE", "no/such/file"),
            "CERTIFICATE: \"no/such/file\" cannot be read (entity not found)",
        ),
        (
            ("CLIENT_KEY", "no/such/file"),
            "CLIENT_KEY: a client certificate and a client key are needed together",
        ),
    ];
    for (variable, text) in cases {
        let message = resolve(&[("TRACES_ENDPOINT", "http://h"), variable], &[])
            .unwrap_err()
            .to_string();
        assert!(message.starts_with(&format!("OTEL_EXPORTER_OTLP_{text}")), "{message}");
        assert!(
            !message.contains("hunter2") && message.lines().count() == 1,
            "{message}"
        );
    }
    let message = resolve(&[], &[flag(Key::Timeout, "soon")]).unwrap_err().to_string();
    assert_eq!(
        message,
        "--otlp.timeout: timeout \"soon\" is not a duration above 0, like 10s"
    );
}

#[test]
fn a_file_that_holds_no_certificate_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hello").unwrap();
    let path = file.path().to_str().unwrap();
    let message = resolve(&[("CERTIFICATE", path)], &[]).unwrap_err().to_string();
    assert!(message.ends_with("holds no certificate; give a PEM file"), "{message}");
}

#[test]
fn secrets_are_not_in_debug() {
    let env = [
        ("ENDPOINT", "http://h/?key=hunter2"),
        ("HEADERS", "authorization=hunter2"),
    ];
    let mut config = resolve(&env, &[]).unwrap();
    config.set_header("x-token", "hunter2", "--otel-auth-token").unwrap();
    let text = format!("{config:?} {:?}", flag(Key::Headers, "a=hunter2"));
    assert!(!text.contains("hunter2") && text.contains("x-token"), "{text}");
}
