//! `sitelog audit list`.

use super::{changes, csv, filter, place, plain, print, result, store, verb};
use crate::cli::{AuditFormat, AuditListArgs};
use crate::exit::Failure;
use crate::setup::Setup;
use crate::table;
use sitelog_ledger::Ledger;
use sitelog_store::{Filter, Operation};
use std::process::ExitCode;

const COLUMNS: [&str; 8] = [
    "OPERATION",
    "STARTED",
    "TOOK",
    "WHAT",
    "WHERE",
    "WHO",
    "RESULT",
    "CHANGES",
];

pub(super) fn run(setup: &Setup, ledger: &Ledger, args: &AuditListArgs) -> Result<ExitCode, Failure> {
    let limit = (args.limit > 0).then_some(args.limit);
    let filter = Filter {
        limit,
        ..filter::filter(setup, &args.filter)?
    };
    let operations = store(setup, ledger)?.operations(&filter)?;
    print(&render(&operations, args.format)?);
    if limit == Some(operations.len()) && args.format == AuditFormat::Table {
        crate::exit::say(&format!("the newest {}; --limit 0 for all", operations.len()));
    }
    match operations.is_empty() && args.fail_empty {
        true => Err(Failure::found("no such operation")),
        false => Ok(ExitCode::SUCCESS),
    }
}

fn render(operations: &[Operation], format: AuditFormat) -> Result<String, Failure> {
    let json = |value: &Operation| serde_json::to_string(value).map_err(anyhow::Error::from);
    Ok(match format {
        AuditFormat::Table => {
            let rows: Vec<Vec<String>> = operations.iter().map(row).collect();
            table::render(&COLUMNS, &rows)
        }
        AuditFormat::Json => serde_json::to_string_pretty(operations).map_err(anyhow::Error::from)? + "\n",
        AuditFormat::Jsonl => {
            let lines: Vec<String> = operations.iter().map(json).collect::<Result<_, _>>()?;
            lines.iter().map(|line| format!("{line}\n")).collect()
        }
        AuditFormat::Csv => csv::render(CSV, operations.iter().map(cells))?,
    })
}

fn row(operation: &Operation) -> Vec<String> {
    let took = operation
        .ended
        .map(|ended| table::period(ended.saturating_sub(operation.started)));
    let result = match operation.failed {
        0 => result(operation).to_owned(),
        failed => format!("{} ({failed})", result(operation)),
    };
    vec![
        operation.operation.clone(),
        table::time(operation.started),
        took.unwrap_or_else(|| "-".to_owned()),
        plain(&verb(operation)),
        place(operation),
        plain(operation.actor.as_deref().unwrap_or("-")),
        result,
        changes(operation),
    ]
}

const CSV: &[&str] = &[
    "operation",
    "run",
    "tenant",
    "tool",
    "name",
    "organization",
    "project",
    "stack",
    "actor",
    "actor_source",
    "started",
    "ended",
    "result",
    "error_type",
    "exit_code",
    "changes",
    "failed",
    "records",
];

fn cells(operation: &Operation) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        operation.operation.clone(),
        text(&operation.run),
        operation.tenant.clone(),
        text(&operation.tool),
        text(&operation.name),
        text(&operation.organization),
        text(&operation.project),
        text(&operation.stack),
        text(&operation.actor),
        text(&operation.actor_source),
        table::rfc3339(operation.started),
        operation.ended.map(table::rfc3339).unwrap_or_default(),
        result(operation).to_owned(),
        text(&operation.error_type),
        operation.exit_code.map(|code| code.to_string()).unwrap_or_default(),
        changes(operation),
        operation.failed.to_string(),
        operation.records.to_string(),
    ]
}
