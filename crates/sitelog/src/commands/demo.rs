//! `sitelog demo`: the main job in one command. A real run, recorded by the real `sitelog run`, delivered through the real
//! `sitelog serve`, and what was recorded.

mod gateway;

use crate::cli::DemoArgs;
use crate::exit::Failure;
use crate::runs;
use crate::settings::LedgerSettings;
use crate::setup::Setup;
use crate::table;
use gateway::Gateway;
use sitelog_ledger::Ledger;
use sitelog_model::note::{RunEnded, RunStarted};
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use tokio::signal::unix::{Signal, SignalKind, signal};

const TERRAFORM: &str = include_str!("../demo/site.tf");
const SCRIPT: &str = include_str!("../demo/site.sh");

pub(super) fn run(setup: &Setup, args: &DemoArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // From now on it ends in order: the gateway must not outlive it.
    let stop =
        runtime.block_on(async { Ok::<_, Failure>([SignalKind::interrupt(), SignalKind::terminate()].map(signal)) })?;
    let folder = tempfile::tempdir()?;
    let job = job(folder.path())?;
    let gateway = Gateway::start(setup, &args.otlp.0, folder.path(), !args.once)?;
    say(&format!(
        "recording `{}` (one of its steps fails on purpose) through a gateway at {}\n\n",
        job.join(" "),
        gateway.grpc
    ))?;
    let ledger = setup.ledger(&LedgerSettings::default())?;
    let before = ledger.chains()?.len();
    record(setup, &gateway, folder.path(), &job)?;
    let recorded: Vec<_> = runs::all(&ledger)?.into_iter().skip(before.saturating_sub(1)).collect();
    let ours = recorded.iter().rev().find(|run| run.started.argv == job);
    let run = ours.ok_or_else(|| Failure::found("the run was not recorded: is the data folder writable?"))?;
    let ended = run
        .ended
        .as_ref()
        .ok_or_else(|| Failure::found("the run's end was not recorded"))?;
    let pages = super::audit::pages(setup, &ledger, &run.started.run)?;
    say(&recorded_text(&ledger, &run.started, ended, (&pages, &gateway))?)?;
    if !args.once {
        say(&staying(&gateway))?;
        runtime.block_on(either(stop))?;
    }
    gateway.stop()?;
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
fn record(setup: &Setup, gateway: &Gateway, folder: &Path, job: &[String]) -> Result<(), Failure> {
    let config = folder.join("run.yaml");
    let sections = setup.file.sections(&["global", "ledger", "run", "sanitize"]);
    std::fs::write(&config, sections.map_err(Failure::usage)?)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("run").arg("--config").arg(config);
    command.arg("--data-dir").arg(std::path::absolute(setup.data_dir())?);
    gateway.receive(&mut command);
    command
        .args(["--operation", "apply", "--project", "demo", "--"])
        .args(job)
        .current_dir(folder)
        .stdin(Stdio::null());
    command.status()?;
    Ok(())
}

/// Waits for one of the signals.
async fn either(signals: [std::io::Result<Signal>; 2]) -> Result<(), Failure> {
    let [interrupt, terminate] = signals;
    let (mut interrupt, mut terminate) = (interrupt?, terminate?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// What one can do with a gateway that goes on.
fn staying(gateway: &Gateway) -> String {
    let Gateway {
        grpc,
        http,
        admin,
        token,
        ..
    } = gateway;
    format!(
        "\nThe gateway goes on until Ctrl-C. Any OTLP client can send to it:\n  OTEL_EXPORTER_OTLP_ENDPOINT=http://{grpc} (gRPC) or http://{http} (HTTP)\n  OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20{token}\nIts metrics:\n  curl -H 'Authorization: Bearer {token}' http://{admin}/metrics\n"
    )
}

/// What was recorded of the run, of its tools, and where to look. Without a tool `pages` is empty.
fn recorded_text(
    ledger: &Ledger,
    started: &RunStarted,
    ended: &RunEnded,
    (pages, gateway): (&str, &Gateway),
) -> Result<String, Failure> {
    let taken = gateway
        .taken()
        .map_or("does not say".to_owned(), |records| format!("{records} records taken"));
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
        ("gateway", taken),
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
        "\nWhat was recorded ({proof}):\n{}{pages}\nWhere to look:\n  sitelog audit list\n  sitelog audit verify\n  sitelog jobs list\n  sitelog jobs logs {run}\n  sitelog spool --data-dir {}\n  sitelog demo --once --otlp.endpoint http://COLLECTOR:4317\n",
        table::render(&["WHAT", ""], &rows),
        gateway.data_dir.display()
    ))
}

fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
