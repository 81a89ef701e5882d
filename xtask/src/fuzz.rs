//! `cargo xtask fuzz`: a time-boxed run of every fuzz target. Not part of `test`: it needs a nightly toolchain.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::components;
use crate::process;
use crate::workspace;

/// Runs each target of `fuzz/` for some seconds; the first crash ends it.
pub(crate) fn run(seconds: &str) -> Result<()> {
    let seconds: u32 = seconds
        .parse()
        .with_context(|| format!("--seconds {seconds}: not a number"))?;
    let targets = targets().context("no fuzz targets")?;
    let cargo_fuzz = components::install("cargo-fuzz")?;
    for target in &targets {
        process::run(
            Command::new(&cargo_fuzz)
                .current_dir(workspace::root())
                // Of the toolchain that runs this program, which is stable.
                .env_remove("CARGO")
                .env("RUSTUP_TOOLCHAIN", "nightly")
                .args(["fuzz", "run", target, "--"])
                .arg(format!("-max_total_time={seconds}")),
        )?;
    }
    println!("fuzz: {} targets, {seconds} s each, no crash", targets.len());
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for file in fs::read_dir(workspace::root().join("fuzz/fuzz_targets"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    Ok(targets)
}
