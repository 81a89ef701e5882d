//! `sitelog spool`: what waits in the ledger, per run and destination.

use crate::cli::Format;
use crate::exit::Failure;
use crate::settings::LedgerSettings;
use crate::setup::Setup;
use crate::table;
use bytesize::ByteSize;
use sitelog_ledger::{ChainId, CursorStatus, Error, State, Status};
use sitelog_run::unix_nanos;
use std::io::Write;
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, format: Format) -> Result<ExitCode, Failure> {
    let ledger = setup.ledger(&LedgerSettings::default())?;
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for chain in ledger.chains()? {
        let status = match ledger.status(&chain) {
            // Its writer was killed before it wrote, or somebody cleared it away meanwhile.
            Err(Error::NoChain(_)) => continue,
            other => other?,
        };
        if status.cursors.is_empty() && status.frames > 0 {
            // No destination has ever asked for it: all of it waits.
            rows.push(row(
                &chain,
                &status,
                "-",
                (status.frames, status.bytes, status.oldest, 0),
            ));
        }
        for cursor in status
            .cursors
            .iter()
            .filter(|cursor| cursor.lag_frames + cursor.refused > 0)
        {
            let CursorStatus {
                name,
                lag_frames,
                lag_bytes,
                lag_since,
                refused,
                ..
            } = cursor;
            rows.push(row(
                &chain,
                &status,
                name,
                (*lag_frames, *lag_bytes, *lag_since, *refused),
            ));
        }
        values.push(value(&chain, &status));
    }
    let text = match format {
        Format::Table => table::render(
            &[
                "RUN",
                "TENANT",
                "STATE",
                "DESTINATION",
                "BATCHES",
                "BYTES",
                "OLDEST",
                "REFUSED",
            ],
            &rows,
        ),
        Format::Json => serde_json::to_string_pretty(&values).map_err(anyhow::Error::from)? + "\n",
    };
    // A closed stdout is the reader's choice.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn row(chain: &ChainId, status: &Status, destination: &str, waiting: (u64, u64, Option<u64>, u64)) -> Vec<String> {
    let (frames, bytes, since, refused) = waiting;
    let age = since.map_or_else(
        || "-".to_owned(),
        |since| table::period(unix_nanos().saturating_sub(since)),
    );
    vec![
        chain.id.to_string(),
        chain.tenant.to_string(),
        state(status).to_owned(),
        destination.to_owned(),
        frames.to_string(),
        ByteSize(bytes).to_string(),
        age,
        refused.to_string(),
    ]
}

fn state(status: &Status) -> &'static str {
    match status.state {
        State::Writing { .. } => "running",
        State::Orphaned => "interrupted",
        State::Sealed => "sealed",
    }
}

fn value(chain: &ChainId, status: &Status) -> serde_json::Value {
    let cursors = status.cursors.iter().map(|cursor| {
        serde_json::json!({
            "name": cursor.name,
            "waiting_batches": cursor.lag_frames,
            "waiting_bytes": cursor.lag_bytes,
            "waiting_since": cursor.lag_since,
            "refused_records": cursor.refused,
        })
    });
    serde_json::json!({
        "run": chain.id.to_string(),
        "tenant": chain.tenant.to_string(),
        "state": state(status),
        "batches": status.frames,
        "bytes": status.bytes,
        "oldest": status.oldest,
        "newest": status.newest,
        "destinations": cursors.collect::<Vec<_>>(),
    })
}
