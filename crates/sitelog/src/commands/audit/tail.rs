//! `sitelog audit tail`: records as they are made.

use super::{catch_up, csv, filter, place, plain, show, store, verb};
use crate::cli::{AuditFormat, AuditTailArgs};
use crate::exit::Failure;
use crate::setup::Setup;
use crate::table;
use sitelog_ledger::Ledger;
use sitelog_model::attributes as name;
use sitelog_store::{Entry, Filter, Operation, Store};
use std::collections::HashMap;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// How often the ledger is looked at: often enough to be live, seldom enough to cost nothing.
const PAUSE: Duration = Duration::from_millis(250);
/// Operations looked at for what is there already.
const RECENT: usize = 200;

pub(super) fn run(setup: &Setup, ledger: &Ledger, args: &AuditTailArgs) -> Result<ExitCode, Failure> {
    if args.format == AuditFormat::Json {
        return Err(Failure::usage("--format json: a stream has no end; write jsonl"));
    }
    let filter = filter::filter(setup, &args.filter)?;
    let mut store = store(setup, ledger)?;
    let mut tail = Tail {
        ledger,
        filter,
        seen: HashMap::new(),
    };
    let mut recent = tail.new_entries(&store, Some(RECENT))?;
    let skip = recent.len().saturating_sub(args.lines);
    let mut header = args.format == AuditFormat::Csv;
    let mut next = recent.split_off(skip);
    loop {
        let text = render(&next, args.format, std::mem::take(&mut header))?;
        let mut stdout = std::io::stdout().lock();
        if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() || args.no_follow {
            return Ok(ExitCode::SUCCESS);
        }
        drop(stdout);
        std::thread::sleep(PAUSE);
        catch_up(&mut store, ledger)?;
        next = tail.new_entries(&store, None)?;
    }
}

/// How many records of each operation have been printed.
struct Tail<'a> {
    ledger: &'a Ledger,
    filter: Filter,
    seen: HashMap<String, u64>,
}

impl Tail<'_> {
    /// What is new, in the order of time.
    fn new_entries(&mut self, store: &Store, limit: Option<usize>) -> Result<Vec<(Operation, Entry)>, Failure> {
        let filter = Filter {
            limit: limit.or(Some(RECENT)),
            ..self.filter.clone()
        };
        let mut found = Vec::new();
        for operation in store.operations(&filter)? {
            let seen = self.seen.entry(operation.operation.clone()).or_default();
            if operation.records <= *seen {
                continue;
            }
            let from = usize::try_from(*seen).unwrap_or(usize::MAX);
            *seen = operation.records;
            let entries = store.entries(self.ledger, &operation, from)?;
            found.extend(entries.into_iter().map(|entry| (operation.clone(), entry)));
        }
        found.sort_by_key(|(_, entry)| entry.time);
        Ok(found)
    }
}

fn render(entries: &[(Operation, Entry)], format: AuditFormat, header: bool) -> Result<String, Failure> {
    if format == AuditFormat::Csv {
        let header = if header { show::COLUMNS } else { &[] };
        return csv::render(header, entries.iter().map(|(_, entry)| show::cells(entry)));
    }
    let mut out = String::new();
    for (operation, entry) in entries {
        out += &match format {
            AuditFormat::Jsonl => serde_json::to_string(entry).map_err(anyhow::Error::from)?,
            _ => line(operation, entry),
        };
        out.push('\n');
    }
    Ok(out)
}

fn line(operation: &Operation, entry: &Entry) -> String {
    let event = entry.event.trim_start_matches("sitelog.");
    let address = entry.text(name::SITELOG_RESOURCE_URN).map(plain).unwrap_or_default();
    let message = if entry.body.contains(&address) || address.is_empty() {
        plain(&entry.body)
    } else {
        format!("{address}: {}", plain(&entry.body))
    };
    format!(
        "{} {} {} {:<8} {event:<20} {message}",
        table::time(entry.time),
        plain(&verb(operation)),
        place(operation),
        show::severity(entry),
    )
}
