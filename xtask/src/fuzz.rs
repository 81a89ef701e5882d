//! `cargo xtask fuzz`: a time-boxed run of every fuzz target. It needs a nightly toolchain; the bodies of the targets also
//! run on stable, over the corpora and mutations of them, in the sanitizer's own tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::components;
use crate::process;
use crate::workspace;

/// How far a target is searched in `cargo xtask test`: the same search each time, so that a run says the same of the same
/// sources; and no longer than a minute. `cargo xtask fuzz` searches anew each time.
const IN_TEST: [&str; 3] = ["-seed=1", "-runs=2000", "-max_total_time=60"];

/// Runs each target of `fuzz/` for some seconds; the first crash ends it.
pub(crate) fn run(seconds: &str) -> Result<()> {
    let seconds: u32 = seconds
        .parse()
        .with_context(|| format!("--seconds {seconds}: not a number"))?;
    let cargo_fuzz = components::install("cargo-fuzz")?;
    every_target(&cargo_fuzz, &[&format!("-max_total_time={seconds}")])
}

/// As [`run`], bounded, where the machine has what it takes; says what ran instead where it has not.
pub(crate) fn in_test() -> Result<()> {
    let missing = match nightly() {
        Ok(()) => match components::install("cargo-fuzz") {
            Ok(cargo_fuzz) => return every_target(&cargo_fuzz, &IN_TEST),
            Err(error) => format!("cargo-fuzz cannot be installed: {error:#}"),
        },
        Err(error) => format!("no nightly toolchain: {error:#}"),
    };
    eprintln!("{missing}");
    println!(
        "fuzz: not run; the step `tests` runs the corpora and their mutations on stable: {}",
        targets()?.join(", ")
    );
    Ok(())
}

fn every_target(cargo_fuzz: &PathBuf, bounds: &[&str]) -> Result<()> {
    let targets = targets()?;
    for target in &targets {
        // The fuzzer writes what it finds into the first folder; the one in the repository is only read.
        let found = workspace::root().join("fuzz/corpus-new").join(target);
        fs::create_dir_all(&found).with_context(|| format!("cannot create {}", found.display()))?;
        process::run(
            nightly_toolchain(Command::new(cargo_fuzz).current_dir(workspace::root()))
                // What a runtime has still to drop at the end is no leak.
                .env("ASAN_OPTIONS", "detect_leaks=0")
                .args(["fuzz", "run", target])
                .arg(found)
                .arg(workspace::root().join("fuzz/corpus").join(target))
                .args(["--", "-timeout=20"])
                .args(bounds),
        )?;
    }
    println!("fuzz: {}; {} each, no crash", targets.join(", "), bounds.join(" "));
    Ok(())
}

/// Whether a nightly toolchain is there; asks rustup for its list, which installs none.
fn nightly() -> Result<()> {
    let toolchains = process::output(Command::new("rustup").args(["toolchain", "list"]))?;
    let found = toolchains.lines().any(|line| line.starts_with("nightly"));
    found.then_some(()).context("rustup lists none")
}

/// In place of the toolchain that runs this program, which is stable.
fn nightly_toolchain(command: &mut Command) -> &mut Command {
    command.env_remove("CARGO").env("RUSTUP_TOOLCHAIN", "nightly")
}

fn targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for file in fs::read_dir(workspace::root().join("fuzz/fuzz_targets")).context("no fuzz targets")? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: a target without a corpus, which would start from nothing each time, is noticed.
    #[test]
    fn every_target_has_a_corpus() {
        let targets = targets().unwrap();
        assert!(targets.len() >= 3, "{targets:?}");
        for target in targets {
            let corpus = workspace::root().join("fuzz/corpus").join(&target);
            assert!(
                fs::read_dir(&corpus).is_ok_and(|mut files| files.next().is_some()),
                "{target}"
            );
        }
    }
}
