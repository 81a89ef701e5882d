//! `sitelog audit`: the provisioning trail.

mod checkpoint;
mod csv;
mod export;
mod filter;
mod list;
mod show;
mod tail;
mod tree;
mod verify;

use crate::cli::AuditCommand;
use crate::exit::{Failure, say};
use crate::leftovers::finish_all;
use crate::settings::LedgerSettings;
use crate::setup::Setup;
use sitelog_ledger::Ledger;
use sitelog_store::{CaughtUp, Filter, Found, Health, Operation, Store};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, command: &AuditCommand) -> Result<ExitCode, Failure> {
    let ledger = setup.ledger(&LedgerSettings::default())?;
    match command {
        AuditCommand::List(args) => list::run(setup, &ledger, args),
        AuditCommand::Show(args) => show::run(setup, &ledger, args),
        AuditCommand::Tail(args) => tail::run(setup, &ledger, args),
        AuditCommand::Verify(args) => verify::run(setup, &ledger, args),
        AuditCommand::Export(args) => export::run(setup, &ledger, args),
        AuditCommand::Checkpoint(args) => checkpoint::run(&ledger, args),
        AuditCommand::Key => {
            print(&format!("{}\n", ledger.public_key()?));
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Reindex => reindex(setup, &ledger),
    }
}

/// What `show` says of each operation of a run, the oldest first.
pub(super) fn pages(setup: &Setup, ledger: &Ledger, run: &str) -> Result<String, Failure> {
    let store = store(setup, ledger)?;
    let filter = Filter {
        run: Some(run.to_owned()),
        ..Filter::default()
    };
    let mut pages = Vec::new();
    for operation in store.operations(&filter)?.iter().rev() {
        pages.push(show::page(operation, &store.entries(ledger, operation, 0)?));
    }
    Ok(pages.join("\n"))
}

/// The index, up to date. What is wrong with it or with the ledger is said once, on stderr.
fn store(setup: &Setup, ledger: &Ledger) -> Result<Store, Failure> {
    let mut store = Store::open(&setup.data_dir())?;
    match store.health() {
        Health::Damaged(why) => say(&format!("the index is built anew: {why}")),
        Health::InMemory(why) if setup.log_level() >= crate::settings::LogLevel::Warn => {
            say(&format!("the index is built in memory: {why}"));
        }
        _ => {}
    }
    let mut found = catch_up(&mut store, ledger)?;
    // A run whose sitelog was killed ends now, as at any other start.
    if finish_all(ledger, &store.unsealed()?) {
        found.damaged += catch_up(&mut store, ledger)?.damaged;
    }
    if found.damaged > 0 {
        say(&format!(
            "{} places in the ledger cannot be read: records are missing; `sitelog audit verify` names them",
            found.damaged
        ));
    }
    Ok(store)
}

/// Catches up, with a bar where somebody waits for it.
fn catch_up(store: &mut Store, ledger: &Ledger) -> Result<CaughtUp, Failure> {
    let bar = std::io::stderr()
        .is_terminal()
        .then(indicatif::ProgressBar::new_spinner);
    let found = store.catch_up(ledger, |records| {
        if let Some(bar) = &bar {
            bar.set_message(format!("{records} records read"));
            bar.tick();
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(found?)
}

fn reindex(setup: &Setup, ledger: &Ledger) -> Result<ExitCode, Failure> {
    let mut store = Store::rebuild(&setup.data_dir())?;
    if let Health::InMemory(why) = store.health() {
        return Err(Failure::input(format!("the index cannot be written: {why}")));
    }
    let found = catch_up(&mut store, ledger)?;
    print(&format!("{} records\n", found.records));
    match found.damaged {
        0 => Ok(ExitCode::SUCCESS),
        damaged => Err(Failure::found(format!("{damaged} places in the ledger cannot be read"))),
    }
}

/// One operation by what a user calls it.
fn find(setup: &Setup, store: &Store, wanted: &str) -> Result<Operation, Failure> {
    match store.find(wanted, setup.global.tenant.as_deref())? {
        Found::One(operation) => Ok(*operation),
        Found::None => Err(Failure::input(format!(
            "no operation {wanted:?}; `sitelog audit list` lists them"
        ))),
        Found::Many(count) => Err(Failure::usage(format!(
            "{wanted:?} is the beginning of {count} operations; give more of the id"
        ))),
    }
}

/// A closed stdout is the reader's choice.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Text of others, for a terminal: no control character gets through.
fn plain(text: &str) -> String {
    text.trim_end().replace(char::is_control, " ")
}

/// `pulumi up`.
fn verb(operation: &Operation) -> String {
    let words = [operation.tool.as_deref(), operation.name.as_deref()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// `organization/project/stack`, of what is known.
fn place(operation: &Operation) -> String {
    let parts = [&operation.organization, &operation.project, &operation.stack];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    plain(&parts.join("/"))
}

/// `2 create, 1 delete`; nothing of what was left alone.
fn changes(operation: &Operation) -> String {
    let changes = operation.changes.iter();
    let changes: Vec<String> = changes
        .filter(|(action, count)| **count > 0 && *action != "same")
        .map(|(action, count)| format!("{count} {action}"))
        .collect();
    changes.join(", ")
}

/// The result, `running` for one that has none yet.
fn result(operation: &Operation) -> &str {
    operation.result.as_deref().unwrap_or("running")
}
