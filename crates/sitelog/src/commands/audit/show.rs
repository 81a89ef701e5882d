//! `sitelog audit show`.

use super::{changes, csv, find, place, plain, print, result, store, tree, verb};
use crate::cli::{AuditFormat, AuditShowArgs};
use crate::exit::Failure;
use crate::setup::Setup;
use crate::table;
use sitelog_ledger::Ledger;
use sitelog_model::attributes as name;
use sitelog_store::{Entry, Operation};
use std::fmt::Write;
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, ledger: &Ledger, args: &AuditShowArgs) -> Result<ExitCode, Failure> {
    let store = store(setup, ledger)?;
    let operation = find(setup, &store, &args.operation)?;
    let entries = store.entries(ledger, &operation, 0)?;
    let json = |entry: &Entry| serde_json::to_string(entry).map_err(anyhow::Error::from);
    print(&match args.format {
        AuditFormat::Table => page(&operation, &entries),
        AuditFormat::Json => {
            let document = serde_json::json!({ "operation": operation, "records": entries });
            serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)? + "\n"
        }
        AuditFormat::Jsonl => {
            let lines: Vec<String> = entries.iter().map(json).collect::<Result<_, _>>()?;
            lines.iter().map(|line| format!("{line}\n")).collect()
        }
        AuditFormat::Csv => csv::render(COLUMNS, entries.iter().map(cells))?,
    });
    Ok(ExitCode::SUCCESS)
}

/// Columns of a record in CSV.
pub(super) const COLUMNS: &[&str] = &[
    "time",
    "event",
    "severity",
    "resource",
    "action",
    "message",
    "chain_frame",
];

/// A record as CSV cells.
pub(super) fn cells(entry: &Entry) -> Vec<String> {
    let text = |key: &str| entry.text(key).unwrap_or_default().to_owned();
    vec![
        table::rfc3339(entry.time),
        entry.event.clone(),
        severity(entry).to_owned(),
        text(name::SITELOG_RESOURCE_URN),
        text(name::SITELOG_RESOURCE_ACTION),
        entry.body.clone(),
        format!("{}.{}", entry.frame, entry.item),
    ]
}

/// The severity's name, by the ranges of the OpenTelemetry log data model.
pub(super) fn severity(entry: &Entry) -> &'static str {
    match entry.severity {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warning",
        17..=20 => "error",
        21.. => "fatal",
        _ => "-",
    }
}

/// An operation for people.
pub(super) fn page(operation: &Operation, entries: &[Entry]) -> String {
    let mut out = head(operation, entries);
    let resources = tree::resources(entries);
    if !resources.is_empty() {
        let rows: Vec<Vec<String>> = tree::lines(&resources).into_iter().map(row).collect();
        out += "\n";
        out += &table::render(&["RESOURCE", "TYPE", "ACTION", "TOOK"], &rows);
    }
    let said: Vec<Vec<String>> = entries.iter().filter(|entry| is_said(entry)).map(saying).collect();
    if !said.is_empty() {
        out += "\n";
        out += &table::render(&["TIME", "LEVEL", "ABOUT", "MESSAGE"], &said);
    }
    out
}

fn head(operation: &Operation, entries: &[Entry]) -> String {
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let actor = match (&operation.actor, &operation.actor_source) {
        (Some(actor), Some(source)) => format!("{} (by {source})", plain(actor)),
        (actor, _) => actor.as_deref().map(plain).unwrap_or_default(),
    };
    let took = operation
        .ended
        .map(|ended| table::period(ended.saturating_sub(operation.started)));
    let mut outcome = result(operation).to_owned();
    if let Some(code) = operation.exit_code {
        let _ = write!(outcome, " (exit status {code})");
    }
    if let Some(why) = operation.error_type.as_deref().filter(|why| !why.starts_with("exit_")) {
        let _ = write!(outcome, ", {}", plain(why));
    }
    let frames = entries.iter().map(|entry| entry.frame);
    let (first, last) = (frames.clone().min().unwrap_or(0), frames.max().unwrap_or(0));
    let rows = [
        ("operation", operation.operation.clone()),
        ("what", plain(&verb(operation))),
        ("where", place(operation)),
        ("who", actor),
        ("started", table::time(operation.started)),
        ("took", took.unwrap_or_default()),
        ("result", outcome),
        ("changes", changes(operation)),
        ("run", operation.run.clone().unwrap_or_default()),
        ("proof", format!("chain {}, frames {first} to {last}", operation.chain)),
    ];
    rows.into_iter()
        .map(|(what, is)| format!("{what:<10} {}\n", or_dash(is)))
        .collect()
}

fn row((indent, resource): (String, &tree::Resource<'_>)) -> Vec<String> {
    let short = if resource.short.is_empty() {
        resource.address
    } else {
        resource.short
    };
    // A module is no resource of its own to hang it below.
    let module = resource.parent.filter(|parent| parent.starts_with("module."));
    let label = match module {
        Some(module) => format!("{module}.{short}"),
        None => short.to_owned(),
    };
    let action = match (resource.failed, resource.planned, resource.done) {
        (true, _, _) => format!("{} FAILED", resource.action),
        (false, true, _) => format!("would {}", resource.action),
        (false, false, false) => format!("{} unfinished", resource.action),
        (false, false, true) => resource.action.to_owned(),
    };
    vec![
        indent + &plain(&label),
        plain(resource.kind),
        action,
        table::period(resource.times.1.saturating_sub(resource.times.0)),
    ]
}

/// What was said to people: diagnostics, violations, cancellations.
fn is_said(entry: &Entry) -> bool {
    let events = [
        "sitelog.diagnostic",
        "sitelog.policy.violation",
        "sitelog.operation.canceled",
    ];
    events.contains(&entry.event.as_str())
}

fn saying(entry: &Entry) -> Vec<String> {
    let about = entry.text(name::SITELOG_RESOURCE_NAME).or_else(|| {
        let address = entry.text(name::SITELOG_RESOURCE_URN)?;
        Some(address.rsplit("::").next().unwrap_or(address))
    });
    vec![
        table::time(entry.time),
        severity(entry).to_owned(),
        plain(about.unwrap_or("-")),
        plain(&entry.body),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(resource: tree::Resource<'_>) -> Vec<String> {
        row((String::new(), &resource))
    }

    fn resource<'a>() -> tree::Resource<'a> {
        tree::Resource {
            address: "module.store.terraform_data.db",
            short: "db",
            kind: "terraform_data",
            action: "create",
            parent: Some("module.store"),
            failed: false,
            done: true,
            planned: false,
            times: (0, 5_000_000),
        }
    }

    #[test]
    fn what_was_only_planned_is_not_told_as_done() {
        assert_eq!(
            shown(resource()),
            ["module.store.db", "terraform_data", "create", "5ms"]
        );
        let planned = tree::Resource {
            planned: true,
            parent: None,
            ..resource()
        };
        assert_eq!(shown(planned)[..3], ["db", "terraform_data", "would create"]);
        let failed = tree::Resource {
            failed: true,
            ..resource()
        };
        assert_eq!(shown(failed)[2], "create FAILED");
        let begun = tree::Resource {
            done: false,
            ..resource()
        };
        assert_eq!(shown(begun)[2], "create unfinished");
    }
}
