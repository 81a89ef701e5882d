//! `sitelog jobs`: recorded jobs and their output.

use crate::cli::{Format, JobsCommand, LogsArgs};
use crate::exit::Failure;
use crate::runs::{self, RecordedRun};
use crate::settings::LedgerSettings;
use crate::setup::Setup;
use crate::table;
use sitelog_ledger::{Ledger, State};
use sitelog_model::Payload;
use sitelog_model::lines::{Block, Line, Stream};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, command: &JobsCommand) -> Result<ExitCode, Failure> {
    let ledger = setup.ledger(&LedgerSettings::default())?;
    match command {
        JobsCommand::List(args) => list(&ledger, args.format),
        JobsCommand::Logs(args) => logs(&ledger, args),
    }
}

fn list(ledger: &Ledger, format: Format) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for run in runs::all(ledger)? {
        let state = state(ledger, &run)?;
        values.push(serde_json::json!({
            "run": run.started.run,
            "tenant": run.chain.tenant.to_string(),
            "command": run.started.argv,
            "start": run.started.start,
            "state": state,
            "end": run.ended.as_ref().map(|ended| ended.end),
            "exit_code": run.ended.as_ref().map(|ended| ended.exit_code),
            "lines": run.ended.as_ref().map(|ended| ended.records),
            "lines_dropped": run.ended.as_ref().map(|ended| ended.dropped),
            "traceparent": run.started.traceparent,
        }));
        rows.push(row(&run, state));
    }
    let text = match format {
        Format::Table => table::render(&["RUN", "STARTED", "TOOK", "RESULT", "EXIT", "LINES", "COMMAND"], &rows),
        Format::Json => serde_json::to_string_pretty(&values).map_err(anyhow::Error::from)? + "\n",
    };
    print(text.as_bytes())
}

/// The result, `running`, or `interrupted` for a run whose wrapper was killed.
fn state(ledger: &Ledger, run: &RecordedRun) -> Result<String, Failure> {
    if let Some(ended) = &run.ended {
        return Ok(ended.result.clone());
    }
    let is_writing = matches!(ledger.status(&run.chain)?.state, State::Writing { .. });
    Ok(if is_writing { "running" } else { "interrupted" }.to_owned())
}

fn row(run: &RecordedRun, state: String) -> Vec<String> {
    let ended = run.ended.as_ref();
    let took = ended.map(|ended| table::period(ended.end.saturating_sub(run.started.start)));
    // -1 stands where nobody saw the job end.
    let exit = ended
        .filter(|ended| ended.exit_code >= 0)
        .map(|ended| ended.exit_code.to_string());
    let lines = ended.map(|ended| ended.records.to_string());
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let command = run.started.name.replace(char::is_control, " ");
    vec![
        run.started.run.clone(),
        table::time(run.started.start),
        or_dash(took),
        state,
        or_dash(exit),
        or_dash(lines),
        command,
    ]
}

fn logs(ledger: &Ledger, args: &LogsArgs) -> Result<ExitCode, Failure> {
    let chain = runs::find(ledger, &args.run)?;
    let (mut out, mut err) = (BufWriter::new(io::stdout().lock()), BufWriter::new(io::stderr().lock()));
    let mut damaged = 0;
    for frame in ledger.frames(&chain)? {
        let Ok(frame) = frame else {
            damaged += 1;
            continue;
        };
        let Payload::Lines(bytes) = &frame.batch.get().payload else {
            continue;
        };
        for line in Block::parse(bytes).map_err(Failure::input)?.lines() {
            let (_, line) = line.map_err(Failure::input)?;
            let written = match (args.raw, line.stream) {
                (true, Stream::Stdout) => raw(&mut out, &line),
                (true, Stream::Stderr) => raw(&mut err, &line),
                (false, _) => timed(&mut out, &line),
            };
            if written.is_err() {
                // The reader has seen enough.
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    out.flush()?;
    err.flush()?;
    drop((out, err));
    match damaged {
        0 => Ok(ExitCode::SUCCESS),
        damaged => Err(Failure::found(format!(
            "{damaged} damaged places in the ledger: the output has gaps"
        ))),
    }
}

fn raw(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    out.write_all(line.bytes)?;
    out.write_all(line.eol.bytes())
}

fn timed(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    let stream = match line.stream {
        Stream::Stdout => "out",
        Stream::Stderr => "err",
    };
    let millis = line.time / 1_000_000 % 1000;
    write!(out, "{}.{millis:03} {stream} ", table::time(line.time))?;
    out.write_all(line.bytes)?;
    out.write_all(b"\n")
}

fn print(bytes: &[u8]) -> Result<ExitCode, Failure> {
    // A closed stdout is the reader's choice.
    let _ = io::stdout().write_all(bytes);
    Ok(ExitCode::SUCCESS)
}
