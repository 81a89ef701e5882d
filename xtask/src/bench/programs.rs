//! The programs that a run of the bench needs: ours, the peers, the load tools.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::components;
use crate::process::{self, cargo};
use crate::workspace;

/// Load tools the scenarios start.
const LOAD_TOOLS: &[&str] = &["otlpload", "otlpsink", "otlpreport", "otlpbad", "spew"];

/// A folder with links to sitelog and every peer that can be had.
pub(crate) fn peers(folder: &Path) -> Result<PathBuf> {
    let peers = folder.join("peers");
    if peers.exists() {
        fs::remove_dir_all(&peers)?;
    }
    fs::create_dir_all(&peers)?;
    process::run_aside(cargo().current_dir(workspace::root()).args([
        "build",
        "--release",
        "--locked",
        "--package",
        "sitelog",
    ]))?;
    symlink(workspace::target().join("release/sitelog"), peers.join("sitelog"))?;
    symlink(components::install("collector")?, peers.join("otelcol"))?;
    symlink(components::install("otel-cli")?, peers.join("otel-cli"))?;
    if let Some(others) = std::env::var_os("SITELOG_BENCH_PEERS") {
        for program in fs::read_dir(others).context("SITELOG_BENCH_PEERS")? {
            let program = program?;
            symlink(program.path().canonicalize()?, peers.join(program.file_name()))?;
        }
    }
    Ok(peers)
}

/// A folder with the load tools, built from a copy of the harness's sources (their folder may be read-only).
pub(crate) fn load_tools(harness: &Path) -> Result<PathBuf> {
    let mut sources = vec![PathBuf::from("Cargo.toml")];
    rust_files(harness, Path::new("src"), &mut sources)?;
    sources.sort();
    let mut hasher = DefaultHasher::new();
    for source in &sources {
        hasher.write(&fs::read(harness.join(source))?);
    }
    LOAD_TOOLS.iter().for_each(|tool| hasher.write(tool.as_bytes()));
    let version = format!("{:016x}", hasher.finish());
    Cache::open()?.entry("load-tools", &version, |staging| {
        for source in &sources {
            let copy = staging.scratch.join(source);
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(copy, fs::read(harness.join(source))?)?;
        }
        let target = staging.scratch.join("target");
        let mut build = cargo();
        build.current_dir(staging.scratch).args(["build", "--release"]);
        for tool in LOAD_TOOLS {
            build.args(["--bin", tool]);
        }
        process::run_aside(build.env("CARGO_TARGET_DIR", &target))?;
        for tool in LOAD_TOOLS {
            fs::copy(target.join("release").join(tool), staging.entry.join(tool))?;
        }
        Ok(())
    })
}

fn rust_files(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            rust_files(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_files_are_found_in_folders_of_folders() {
        let harness = tempfile::tempdir().unwrap();
        fs::create_dir_all(harness.path().join("src/bin")).unwrap();
        for name in ["src/lib.rs", "src/bin/spew.rs", "src/notes.md"] {
            fs::write(harness.path().join(name), "").unwrap();
        }
        let mut files = Vec::new();
        rust_files(harness.path(), Path::new("src"), &mut files).unwrap();
        files.sort();
        assert_eq!(files, ["src/bin/spew.rs", "src/lib.rs"].map(PathBuf::from));
    }
}
