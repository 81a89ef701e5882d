//! `cargo xtask bench`: `sitelog run` and `sitelog serve` beside their peers, measured by the shared harness.

mod programs;
mod results;
mod table;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace;

/// Prepares the programs, runs the harness with the options given, prints the tables of this run.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let harness = harness()?;
    let folder = workspace::target().join("bench");
    let work = folder.join("work");
    fs::create_dir_all(&work)?;
    let tools = programs::load_tools(&harness)?;
    let peers = programs::peers(&folder)?;

    let measurements = folder.join("wrapper.jsonl");
    if measurements.exists() {
        fs::remove_file(&measurements)?;
    }
    let ran = process::run_aside(
        Command::new(harness.join("run_wrapper.sh"))
            .env("BENCH_BIN", tools)
            .env("PEERS_BIN", peers)
            .env("BENCH_WORK", &work)
            // The harness's folder may be read-only.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg("--out")
            .arg(&measurements)
            .args(options)
            .arg(workspace::root().join("bench/wrapper.toml"))
            .arg(harness.join("wrappers/wrappers.toml")),
    );
    fs::remove_dir_all(&work)?;
    ran?;

    let text = fs::read_to_string(&measurements).context("the harness wrote no measurements")?;
    let results = results::parse(&text)?;
    println!("{}", table::page(&results, options));
    Ok(())
}

/// `cargo xtask bench gateway`: `sitelog serve` beside the Collector, in one run; the harness prints a line a case.
pub(crate) fn gateway(options: &[&str]) -> Result<()> {
    let harness = harness()?;
    let folder = workspace::target().join("bench");
    let work = folder.join("work");
    fs::create_dir_all(&work)?;
    let tools = programs::load_tools(&harness)?;
    let peers = programs::peers(&folder)?;
    let ran = process::run(
        Command::new(harness.join("run_gateway.sh"))
            .env("BENCH_BIN", tools)
            .env("PEERS_BIN", peers)
            .env("BENCH_WORK", &work)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg("--out")
            .arg(folder.join("gateway.jsonl"))
            .args(options)
            .arg(workspace::root().join("bench/gateway.toml"))
            .arg(harness.join("gateways/otelcol.toml")),
    );
    fs::remove_dir_all(&work)?;
    ran
}

/// The folder of the harness: `$SITELOG_BENCH`, else beside the checkout.
fn harness() -> Result<PathBuf> {
    let folder = std::env::var_os("SITELOG_BENCH").map_or_else(
        || workspace::root().join("../shared/bench"),
        |folder| workspace::root().join(folder),
    );
    ensure!(
        folder.join("run_wrapper.sh").is_file(),
        "no bench harness in {}: set SITELOG_BENCH (bench/README.md)",
        folder.display()
    );
    Ok(folder.canonicalize()?)
}
