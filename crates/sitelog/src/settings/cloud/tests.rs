//! What pulumi-exporter takes, and what is said of what it does not. Each row of its table is tested as users give it, in
//! `tests/it/cloud_settings`.

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
    let name = path.display().to_string();
    let short = |text: String| text.replace(&name, "e.yaml");
    CloudFile::read(&path)
        .map(|(file, told)| (file, told.map(short)))
        .map_err(short)
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
fn what_is_missing_or_out_of_range_is_said() {
    let missing = |args: &[&str]| flags(args).unwrap().pulumi.config(PathBuf::new()).unwrap_err();
    assert!(missing(&["--pulumi.organizations=o"]).starts_with("pulumi access token is required"));
    assert!(missing(&["--pulumi.access-token=t"]).starts_with("at least one pulumi organization is required"));
    assert!(missing(&["--pulumi.access-token= \n", "--pulumi.organizations=o"]).starts_with("pulumi access token"));
    for wrong in ["0", "101", "-1"] {
        let error = config(&["--pulumi.max-concurrency", wrong]).unwrap_err();
        let words = format!("max-concurrency must be between 1 and 100, got {wrong}");
        assert!(error.contains(&words), "{error}");
    }
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
fn what_go_takes_for_a_text_or_a_switch_is_taken() {
    let text =
        "pulumi:\n  access-token: 12345\n  organizations: [7, a]\notlp:\n  insecure: yes\n  headers:\n    x: 1\nweb:\n";
    let (file, told) = file(text).unwrap();
    assert_eq!(told, None);
    assert_eq!(file.pulumi.access_token.as_deref(), Some("12345"));
    assert_eq!(file.otlp.insecure, Some(true));
    assert_eq!(file.otlp.headers.unwrap()["x"], "1");
    let config = file.pulumi.config(PathBuf::new()).unwrap();
    assert_eq!(config.organizations, ["7", "a"]);
}

#[test]
fn headers_of_the_file_are_taken_as_they_are() {
    let (file, _) = file("otlp:\n  headers:\n    authorization: Bearer x=, y\n").unwrap();
    assert_eq!(file.destination()[0].value, "authorization=Bearer%20x%3D%2C%20y");
}

#[test]
fn keys_that_are_not_known_are_passed_over_and_told() {
    let text = "# e\npulumi:\n  organizations: [a]\n  colour: blue\n  max-concurrency: 7\nlogging: x\n";
    let (taken, told) = file(text).unwrap();
    assert_eq!(taken.pulumi.max_concurrency, Some(Concurrency(7)));
    let told = told.unwrap();
    assert!(
        told.contains("e.yaml:4: pulumi.colour") && told.contains("e.yaml:6: logging"),
        "{told}"
    );
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, start) in [
        ("pulumi:\n  max-concurrency: many\n", "e.yaml:2: "),
        (
            "pulumi:\n  max-concurrency: 0\n",
            "e.yaml:2: max-concurrency must be between 1 and 100, got 0",
        ),
        ("pulumi: [\n", "e.yaml:"),
        ("pulumi:\n  collect-interval: 60\n", "e.yaml:2: "),
        (
            "pulumi:\n  colour: blue\n  collect-interval: 0s\n",
            "e.yaml:3: pulumi.collect-interval: ",
        ),
        (
            "x: 1\npulumi:\n  organizations: a,b\n",
            "e.yaml:3: pulumi.organizations: ",
        ),
        ("pulumi:\n  api-url: api.pulumi.com\n", "e.yaml:2: "),
        ("web:\n  listen-address: nowhere\n", "e.yaml:2: "),
    ] {
        let error = file(text).unwrap_err();
        assert!(
            error.starts_with(start) && error.lines().count() == 1,
            "{text}: {error}"
        );
    }
}

/// The table in docs/cloud.md is made of the declaration: `UPDATE_DOCS=1 cargo test -p sitelog` writes it.
#[test]
fn the_page_lists_each_setting() {
    let command = crate::settings::OtlpFlags::augment_args(CloudFlags::augment_args(Command::new("cloud")));
    let of_otlp = [
        (
            "otlp.endpoint",
            "localhost:4318",
            "host:port, a URL, or none: nothing is pushed",
        ),
        ("otlp.protocol", "http/protobuf", "http/protobuf, http/json or grpc"),
        (
            "otlp.insecure",
            "false",
            "Whether an endpoint without a scheme is plain text",
        ),
        (
            "otlp.headers",
            "",
            "Headers of every push: name=value,name=value; a map in the file",
        ),
    ];
    let mut table = "| flag | variable | key | default | what |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let Some(long) = arg.get_long() else { continue };
        let standard = of_otlp.iter().find(|(flag, ..)| *flag == long);
        let variable = match (arg.get_env(), standard) {
            (Some(variable), _) => variable.to_string_lossy().into_owned(),
            (None, Some(_)) => format!("OTEL_EXPORTER_OTLP_{}", long[5..].to_uppercase()),
            // The page names the others together.
            (None, None) => continue,
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let (what, default) = match standard {
            Some((_, default, what)) => (*what, *default),
            None => help
                .strip_suffix(']')
                .and_then(|help| help.split_once(" [default: "))
                .unwrap_or((&help, "")),
        };
        let key = match long {
            "state-dir" => "`pulumi.state-dir`".to_owned(),
            "config.file" => String::new(),
            _ => format!("`{long}`"),
        };
        table += &format!("| `--{long}` | `{variable}` | {key} | {default} | {what} |\n");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cloud.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, rest) = page.split_once("<!-- settings: begin -->\n").unwrap();
    let (found, tail) = rest.split_once("<!-- settings: end -->").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{head}<!-- settings: begin -->\n{table}<!-- settings: end -->{tail}");
        std::fs::write(path, page).unwrap();
    } else {
        assert_eq!(found, table, "run `UPDATE_DOCS=1 cargo test -p sitelog`");
    }
}
