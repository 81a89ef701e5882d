//! `cargo xtask false-positives`: what the sanitizer's rules hit where nothing is secret.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::{self, cargo};
use crate::workspace;

/// Counts over the given files and folders; without any, over this checkout and the sources of all crates at hand.
pub(crate) fn run(paths: &[&str]) -> Result<()> {
    let mut roots: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    if roots.is_empty() {
        roots = vec![workspace::root().to_owned(), registry_sources()?];
    }
    process::run(
        cargo()
            .current_dir(workspace::root())
            .args([
                "run",
                "--release",
                "-p",
                "sitelog-sanitize",
                "--example",
                "false_positives",
                "--",
            ])
            .args(roots),
    )
}

/// Where Cargo unpacks what it fetches.
fn registry_sources() -> Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("no CARGO_HOME and no home folder")?;
    Ok(home.join("registry/src"))
}
