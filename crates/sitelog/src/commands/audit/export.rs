//! `sitelog audit export`: operations with their proofs in one file.

use super::{filter, find, store};
use crate::cli::AuditExportArgs;
use crate::exit::{Failure, say};
use crate::setup::Setup;
use crate::table;
use sitelog_ledger::{ChainId, Ledger, Selection};
use sitelog_model::{TenantId, Ulid};
use sitelog_store::Operation;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, ledger: &Ledger, args: &AuditExportArgs) -> Result<ExitCode, Failure> {
    let store = store(setup, ledger)?;
    let operations = if args.operations.is_empty() {
        store.operations(&filter::filter(setup, &args.filter)?)?
    } else {
        let wanted = args.operations.iter().map(|wanted| find(setup, &store, wanted));
        wanted.collect::<Result<Vec<_>, _>>()?
    };
    if operations.is_empty() {
        return Err(Failure::found("no such operation: nothing was written"));
    }
    let mut frames: BTreeMap<ChainId, BTreeSet<u64>> = BTreeMap::new();
    for operation in &operations {
        let chain = chain(operation)?;
        frames.entry(chain).or_default().extend(store.frames(operation)?);
    }
    let selections: Vec<Selection> = frames
        .into_iter()
        .map(|(chain, frames)| Selection {
            chain,
            frames: (!args.whole_runs).then_some(frames),
        })
        .collect();
    let done = if args.output == Path::new("-") {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let done = ledger.export(&selections, &mut out, None)?;
        out.flush()?;
        done
    } else {
        write(ledger, &selections, &args.output)?
    };
    say(&format!(
        "{}, {} of {}, {}; verify it elsewhere with the key that `sitelog audit key` prints",
        table::count(operations.len() as u64, "operation"),
        table::count(done.frames, "frame"),
        table::count(done.chains, "chain"),
        table::count(done.bytes, "byte")
    ));
    Ok(ExitCode::SUCCESS)
}

/// Beside its place first: half a bundle must not pass for one.
fn write(ledger: &Ledger, selections: &[Selection], path: &Path) -> Result<sitelog_ledger::Exported, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::input(format!("--output {}: {error}", path.display()));
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| wrong(&error))?;
    let mut out = BufWriter::new(file.as_file_mut());
    let done = ledger.export(selections, &mut out, None)?;
    out.flush().map_err(|error| wrong(&error))?;
    drop(out);
    file.as_file().sync_all().map_err(|error| wrong(&error))?;
    file.persist(path).map_err(|error| wrong(&error.error))?;
    Ok(done)
}

fn chain(operation: &Operation) -> Result<ChainId, Failure> {
    Ok(ChainId {
        tenant: TenantId::new(&operation.tenant).map_err(Failure::input)?,
        id: Ulid::from_string(&operation.chain).map_err(Failure::input)?,
    })
}
