//! `docs/serve.md` and `docs/examples/sitelog.yaml` say what the code does, and all of it.

use crate::settings::{LedgerSettings, ServeFile, ServeSettings, ServerLimitsFile, TenantLimitsFile};
use clap::Args;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use sitelog_model::Signal;
use sitelog_receive::{Limit, Refusal, ServerLimits, TenantLimits};
use std::collections::BTreeSet;
use std::time::Duration;

const DOC: &str = include_str!("../../../../docs/serve.md");
const EXAMPLE: &str = include_str!("../../../../docs/examples/sitelog.yaml");

/// The cells of the rows of the first table under a heading, without its head.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let part = DOC.split(&format!("{heading}\n")).nth(1).expect("the heading");
    let rows = part.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        row.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().trim_matches('`'))
            .collect()
    })
    .collect()
}

/// The names of a schema's properties, those below them too.
fn keys(of: &serde_json::Value, all: &mut BTreeSet<String>) {
    if let Some(properties) = of["properties"].as_object() {
        all.extend(properties.keys().cloned());
    }
    let below: Vec<_> = match of {
        serde_json::Value::Object(map) => map.values().collect(),
        serde_json::Value::Array(list) => list.iter().collect(),
        _ => Vec::new(),
    };
    below.into_iter().for_each(|value| keys(value, all));
}

fn keys_of<T: JsonSchema>() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    keys(schemars::schema_for!(T).as_value(), &mut all);
    all
}

/// The table's keys with their defaults, read as the file is; every key of the section is there.
fn defaults<T: JsonSchema + DeserializeOwned>(heading: &str) -> T {
    let rows = table(heading);
    let named: BTreeSet<_> = rows.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(named, keys_of::<T>(), "{heading}");
    let set = rows.iter().filter(|row| row[1] != "none");
    let yaml: String = set.map(|row| format!("{}: {}\n", row[0], row[1])).collect();
    serde_saphyr::from_str(&yaml).expect("defaults")
}

#[test]
fn every_limit_is_documented_with_its_default() {
    let server: ServerLimitsFile = defaults("### Of the server");
    assert_eq!(server.effective(), ServerLimits::default());
    let tenant: TenantLimitsFile = defaults("### Of a tenant");
    assert_eq!(tenant.effective(), TenantLimits::default());
    assert_eq!(tenant.ledger_bytes, LedgerSettings::default().effective().max_bytes);
}

#[test]
fn every_refusal_is_documented_with_its_status() {
    let retry = Duration::from_secs(1);
    let limited = |limit| Refusal::Limited { limit, retry };
    let all = [
        Refusal::NoCredential,
        Refusal::BadCredential(""),
        Refusal::Role,
        Refusal::Unchecked,
        Refusal::NotFound,
        Refusal::Method,
        Refusal::MediaType,
        Refusal::Encoding,
        Refusal::TooLarge { max: 1 },
        Refusal::Malformed(String::new()),
        Refusal::TooSlow,
        limited(Limit::Records),
        limited(Limit::Bytes),
        limited(Limit::BytesInFlight),
        limited(Limit::Series),
        limited(Limit::AttributeKeys),
        Refusal::Busy { retry },
        Refusal::Full { retry },
        Refusal::Unavailable { why: "", retry },
    ];
    // `other` is what has no name yet.
    assert_eq!(all.len(), Refusal::NAMES.len() - 1);
    let rows = table("## What is refused, and how");
    let told = all.iter().map(|refusal| {
        vec![
            refusal.name().to_owned(),
            refusal.status().as_u16().to_string(),
            refusal.code().to_string(),
            refusal.retry().map_or("no", |_| "yes").to_owned(),
        ]
    });
    assert_eq!(rows, told.collect::<Vec<_>>());
}

#[test]
fn every_metric_is_documented() {
    let source = include_str!("metrics.rs").split('"').skip(1).step_by(2);
    let ours = source.filter(|text| text.starts_with("sitelog_")).map(str::to_owned);
    let exporter = sitelog_export::Counters::default();
    let theirs = exporter.of(Signal::Logs).all().map(|(name, _)| name.replace('.', "_"));
    let all: BTreeSet<String> = ours.chain(theirs).collect();
    let rows = table("## Metrics");
    let documented: BTreeSet<String> = rows
        .iter()
        .map(|row| row[0].strip_suffix("_total").unwrap_or(row[0]).to_owned())
        .collect();
    assert_eq!(documented, all);
    for (event, _) in sitelog_ledger::Counters::default().all() {
        assert!(DOC.contains(&format!("| `{event}` |")), "{event}");
    }
}

#[test]
fn every_flag_is_documented_and_every_key_has_an_example() {
    let flags = ServeSettings::augment_args(clap::Command::new("serve"));
    for flag in flags.get_arguments() {
        let (long, env) = (flag.get_long().expect("a name"), flag.get_env().expect("a variable"));
        assert!(DOC.contains(&format!("`--{long}`")), "--{long}");
        assert!(DOC.contains(&format!("`{}`", env.to_string_lossy())), "{env:?}");
    }
    for key in keys_of::<ServeFile>() {
        assert!(EXAMPLE.contains(&format!("{key}:")), "{key} is not in the example");
    }
}
