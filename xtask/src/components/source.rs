//! Where a component comes from and how it is built.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Staging;
use crate::process;
use crate::workspace;

/// Where a component comes from.
pub(crate) enum Source {
    /// A Go program built from a module of ours, a folder of the checkout, that pins every dependency. (`go install
    /// MODULE@VERSION` would pin less, and asks for a list of versions that not every proxy gives.)
    GoModule {
        folder: &'static str,
        package: &'static str,
        /// Build tags, with commas between.
        tags: &'static str,
        version: &'static str,
    },
    /// A published Rust program of the component's name.
    Crate { version: &'static str },
    /// Python packages in an environment of their own, every one pinned by `requirements.txt` in a folder of the checkout.
    Python {
        folder: &'static str,
        version: &'static str,
    },
    /// npm packages, every one pinned by `package-lock.json` in a folder of the checkout.
    Node {
        folder: &'static str,
        version: &'static str,
    },
}

impl Source {
    /// What the cache entry is keyed by. A module of ours also by its files: another pin is another program.
    pub(crate) fn version(&self) -> Result<String> {
        match self {
            Self::GoModule { folder, version, .. }
            | Self::Python { folder, version }
            | Self::Node { folder, version } => {
                let mut files = fs::read_dir(workspace::root().join(folder))
                    .and_then(|files| files.map(|file| Ok(file?.path())).collect::<io::Result<Vec<_>>>())
                    .with_context(|| format!("cannot read {folder}"))?;
                files.sort();
                let mut hasher = DefaultHasher::new();
                for file in files {
                    hasher.write(&fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
                }
                Ok(format!("{version}-{:016x}", hasher.finish()))
            }
            Self::Crate { version } => Ok((*version).to_owned()),
        }
    }

    /// Builds the program `binary` of the entry.
    pub(crate) fn build(&self, name: &str, binary: &str, staging: &Staging<'_>) -> Result<()> {
        match self {
            Self::GoModule {
                folder, package, tags, ..
            } => process::run_aside(
                go(staging)?
                    .current_dir(workspace::root().join(folder))
                    .args([
                        "build",
                        "-mod=readonly",
                        "-trimpath",
                        "-ldflags=-s -w",
                        "-tags",
                        tags,
                        "-o",
                    ])
                    .arg(staging.entry.join(binary))
                    .arg(package),
            ),
            Self::Crate { version } => process::run_aside(
                process::cargo()
                    .current_dir(staging.scratch)
                    .args(["install", name, "--version", version, "--locked", "--root"])
                    .arg(staging.entry)
                    .env("CARGO_TARGET_DIR", staging.scratch)
                    // Such programs run for seconds: their release profiles cost more minutes than they save.
                    .envs([
                        ("CARGO_PROFILE_RELEASE_LTO", "off"),
                        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
                        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
                    ]),
            ),
            Self::Python { folder, .. } => {
                let requirements = workspace::root().join(folder).join("requirements.txt");
                process::run_aside(Command::new("python3").args(["-m", "venv"]).arg(staging.entry))?;
                // The interpreter finds its packages beside itself, also after the entry has got its name.
                let pip = ["-m", "pip", "install", "--no-deps", "--no-cache-dir", "--quiet", "-r"];
                process::run_aside(
                    Command::new(staging.entry.join("bin/python"))
                        .args(pip)
                        .arg(requirements),
                )
            }
            Self::Node { folder, .. } => {
                for file in ["package.json", "package-lock.json"] {
                    fs::copy(workspace::root().join(folder).join(file), staging.entry.join(file))?;
                }
                let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
                process::run_aside(Command::new("npm").args(npm).current_dir(staging.entry))
            }
        }
    }
}

/// Go with a build cache of the install's own: it takes more than ten times the room of the program (590 MB for the
/// Collector) and is of no use after it. Module downloads stay in the user's module cache.
fn go(staging: &Staging<'_>) -> Result<Command> {
    process::output(Command::new("go").arg("version")).context("Go 1.26 or later is needed to build components")?;
    let mut command = Command::new("go");
    command.envs([
        ("GOFLAGS", "-buildvcs=false"),
        ("GOTOOLCHAIN", "local"),
        ("GOWORK", "off"),
    ]);
    command.env("GOCACHE", staging.scratch.join("go-build"));
    Ok(command)
}
