//! Each row of pulumi-exporter's table of settings.

use super::*;
use clap::{Command, FromArgMatches as _};
use std::path::Path;

fn flags(args: &[&str]) -> Result<CloudFlags, clap::Error> {
    let command = crate::settings::OtlpFlags::augment_args(CloudFlags::augment_args(Command::new("cloud")));
    let args = ["cloud"].iter().chain(args);
    // The variables of whoever runs the tests are not part of them.
    let command = command.mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
    CloudFlags::from_arg_matches(&command.try_get_matches_from(args)?)
}

fn config(args: &[&str]) -> Result<Config, String> {
    let needed = ["--pulumi.access-token=t", "--pulumi.organizations=o"];
    let args: Vec<&str> = needed.iter().chain(args).copied().collect();
    let flags = flags(&args).map_err(|error| error.to_string())?;
    flags.pulumi.config(PathBuf::from("/state"))
}

fn file(text: &str) -> Result<(CloudFile, Option<String>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.yaml");
    std::fs::write(&path, text).unwrap();
    CloudFile::read(&path)
}

#[test]
fn defaults_are_those_of_the_exporter() {
    let config = config(&[]).unwrap();
    assert_eq!(config.api_url, "https://api.pulumi.com");
    assert_eq!((config.interval.as_secs(), config.concurrency), (60, 10));
    assert_eq!((config.backfill, config.sweep), (Backfill::None, 60));
    assert_eq!(config.state_dir, Path::new("/state"));
    assert_eq!(WebSettings::default().address(), ":8080");
}

#[test]
fn organizations_come_in_lists_and_lines_and_none_twice() {
    let config = config(&["--pulumi.organizations", "a, b,,a", "--pulumi.organizations=c\nb\n"]).unwrap();
    assert_eq!(config.organizations, ["o", "a", "b", "c"]);
}

#[test]
fn times_are_go_durations_with_days_and_weeks() {
    for (text, seconds) in [
        ("90s", 90.0),
        ("1m30s", 90.0),
        ("1.5h", 5400.0),
        ("1d", 86_400.0),
        ("1w", 604_800.0),
        ("500ms", 0.5),
    ] {
        let config = config(&["--pulumi.collect-interval", text]).unwrap();
        assert_eq!(config.interval.as_secs_f64(), seconds, "{text}");
    }
    for (text, words) in [
        ("10", "write 10s"),
        ("0s", "more than 0"),
        ("-5s", "more than 0"),
        ("0", "more than 0"),
        ("soon", "60s"),
    ] {
        let error = config(&["--pulumi.collect-interval", text]).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn what_is_missing_or_out_of_range_is_said() {
    let missing = |args: &[&str]| flags(args).unwrap().pulumi.config(PathBuf::new()).unwrap_err();
    assert!(missing(&["--pulumi.organizations=o"]).starts_with("pulumi access token is required"));
    assert!(missing(&["--pulumi.access-token=t"]).starts_with("at least one pulumi organization is required"));
    assert!(missing(&["--pulumi.access-token= \n", "--pulumi.organizations=o"]).starts_with("pulumi access token"));
    for wrong in ["0", "101", "-1"] {
        let error = config(&["--pulumi.max-concurrency", wrong]).unwrap_err();
        assert!(
            error.starts_with(&format!("max-concurrency must be between 1 and 100, got {wrong}")),
            "{error}"
        );
    }
    assert!(
        config(&["--pulumi.api-url", "api.pulumi.com"])
            .unwrap_err()
            .contains("with its scheme")
    );
    assert_eq!(
        config(&["--pulumi.api-url", "http://h:1/"]).unwrap().api_url,
        "http://h:1"
    );
}

#[test]
fn the_token_is_trimmed_and_may_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "pul-1\n").unwrap();
    let of_file = [
        "--pulumi.organizations=o",
        "--pulumi.access-token-file",
        path.to_str().unwrap(),
    ];
    let config = flags(&of_file).unwrap().pulumi.config(PathBuf::new()).unwrap();
    assert_eq!(config.token.reveal(), "pul-1");
    assert!(!format!("{config:?}").contains("pul-1"));
}

#[test]
fn the_exporters_file_is_read() {
    let text = "pulumi:\n  access-token: t\n  api-url: https://a\n  organizations:\n    - a\n    - b,c\n  collect-interval: 30s\n  max-concurrency: 5\notlp:\n  endpoint: c:4317\n  protocol: grpc\n  insecure: true\n  headers:\n    authorization: Bearer x=, y\n  url-path: /x\n";
    let (file, told) = file(text).unwrap();
    assert_eq!(told, None);
    let config = file.pulumi.config(PathBuf::new()).unwrap();
    assert_eq!(
        (config.organizations, config.interval.as_secs(), config.concurrency),
        (vec!["a".into(), "b".into(), "c".into()], 30, 5)
    );
    let given = file.destination("e.yaml");
    let value = |key| {
        given
            .iter()
            .find(|given| given.key == key)
            .map(|given| given.value.as_str())
    };
    assert_eq!(
        (value(Key::Endpoint), value(Key::Protocol), value(Key::Insecure)),
        (Some("c:4317"), Some("grpc"), Some("true"))
    );
    assert_eq!(value(Key::Headers), Some("authorization=Bearer%20x%3D%2C%20y"));
    assert_eq!(file.otlp.url_path.as_deref(), Some("/x"));
}

#[test]
fn keys_that_are_not_known_are_passed_over_and_told() {
    let (file, told) =
        file("pulumi:\n  organizations: [a]\n  colour: blue\n  max-concurrency: 7\nlogging: x\n").unwrap();
    assert_eq!(file.pulumi.max_concurrency, Some(7));
    assert!(told.unwrap().contains("colour"));
    for (text, line) in [
        ("pulumi:\n  max-concurrency: many\n", ":2:"),
        ("pulumi: [\n", ":"),
        ("pulumi:\n  collect-interval: 60\n", ":2:"),
    ] {
        let error = super::tests::file(text).unwrap_err();
        assert!(error.contains(line) && error.lines().count() == 1, "{error}");
    }
}
