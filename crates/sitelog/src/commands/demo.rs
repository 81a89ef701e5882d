//! `sitelog demo`: the main job in one command. A real run, recorded by the real `sitelog run`, and what was recorded.

use crate::cli::DemoArgs;
use crate::exit::Failure;
use crate::runs;
use crate::settings::LedgerSettings;
use crate::setup::Setup;
use crate::table;
use sitelog_export::config::Given;
use sitelog_ledger::Ledger;
use sitelog_model::note::{RunEnded, RunStarted};
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const TERRAFORM: &str = include_str!("../demo/site.tf");
const SCRIPT: &str = include_str!("../demo/site.sh");

pub(super) fn run(setup: &Setup, args: &DemoArgs) -> Result<ExitCode, Failure> {
    let folder = tempfile::tempdir()?;
    let job = job(folder.path())?;
    say(&format!(
        "recording `{}` (one of its steps fails on purpose)\n\n",
        job.join(" ")
    ))?;
    let ledger = setup.ledger(&LedgerSettings::default())?;
    let before = ledger.chains()?.len();
    record(setup, &args.otlp.0, folder.path(), &job)?;
    let recorded: Vec<_> = runs::all(&ledger)?.into_iter().skip(before.saturating_sub(1)).collect();
    let ours = recorded.iter().rev().find(|run| run.started.argv == job);
    let run = ours.ok_or_else(|| Failure::found("the run was not recorded: is the data folder writable?"))?;
    let ended = run
        .ended
        .as_ref()
        .ok_or_else(|| Failure::found("the run's end was not recorded"))?;
    let pages = super::audit::pages(setup, &ledger, &run.started.run)?;
    say(&recorded_text(&ledger, &run.started, ended, &pages)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Terraform with built-in resources when it is installed, else a script; both provision some things and fail one.
fn job(folder: &Path) -> Result<Vec<String>, Failure> {
    std::fs::write(folder.join("site.tf"), TERRAFORM)?;
    std::fs::write(folder.join("site.sh"), SCRIPT)?;
    for tool in ["terraform", "tofu"] {
        let mut init = Command::new(tool);
        init.args(["init", "-no-color", "-input=false"]).current_dir(folder);
        if init
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success())
        {
            return Ok([tool, "apply", "-auto-approve", "-no-color", "-input=false"]
                .map(str::to_owned)
                .to_vec());
        }
    }
    Ok(["sh", "site.sh"].map(str::to_owned).to_vec())
}

/// Runs the job as a user would: through the program itself.
fn record(setup: &Setup, otlp: &[Given], folder: &Path, job: &[String]) -> Result<(), Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("run")
        .arg("--data-dir")
        .arg(std::path::absolute(setup.data_dir())?);
    for given in otlp {
        command.arg(format!("{}={}", given.from, given.value));
    }
    command
        .args(["--operation", "apply", "--project", "demo", "--"])
        .args(job)
        .current_dir(folder)
        .stdin(Stdio::null());
    command.status()?;
    Ok(())
}

/// What was recorded of the run, of its tools, and where to look. Without a tool `pages` is empty.
fn recorded_text(ledger: &Ledger, started: &RunStarted, ended: &RunEnded, pages: &str) -> Result<String, Failure> {
    let rows = [
        ("run", started.run.clone()),
        ("command", started.name.clone()),
        ("started", table::time(started.start)),
        ("took", table::period(ended.end.saturating_sub(started.start))),
        ("result", format!("{} (exit status {})", ended.result, ended.exit_code)),
        (
            "lines",
            format!("{} recorded, {} dropped", ended.records, ended.dropped),
        ),
        ("trace", started.traceparent.clone()),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(what, value)| vec![what.to_owned(), value])
        .collect();
    let chain = runs::find(ledger, &started.run)?;
    let verified = ledger.public_key().and_then(|key| ledger.verify(&chain, &key))?;
    let proof = match verified.bad {
        None => "the chain is whole and its checkpoint is signed".to_owned(),
        Some(bad) => format!("the chain is damaged: {bad:?}"),
    };
    let run = &started.run;
    let pages = match pages {
        "" => String::new(),
        pages => format!("\nThe trail:\n{pages}"),
    };
    Ok(format!(
        "\nWhat was recorded ({proof}):\n{}{pages}\nWhere to look:\n  sitelog audit list\n  sitelog audit verify\n  sitelog jobs list\n  sitelog jobs logs {run}\n  sitelog spool\n  sitelog flush --otlp.endpoint http://COLLECTOR:4317\n",
        table::render(&["WHAT", ""], &rows)
    ))
}

fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
