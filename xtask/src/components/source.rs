//! Where a component comes from and how it is built.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::Staging;
use crate::process;
use crate::workspace;

/// Where a component comes from.
pub(crate) enum Source {
    /// A Go main module of ours, in a folder of the checkout.
    GoFolder {
        folder: &'static str,
        version: &'static str,
    },
    /// A published Go module whose top folder is a program.
    GoModule {
        module: &'static str,
        version: &'static str,
    },
    /// A published Rust program of the component's name.
    Crate { version: &'static str },
}

impl Source {
    /// What the cache entry is keyed by. A module of ours also by its files: another pin is another program.
    pub(crate) fn version(&self) -> Result<String> {
        match self {
            Self::GoFolder { folder, version } => {
                let mut hasher = DefaultHasher::new();
                for name in ["main.go", "go.mod", "go.sum"] {
                    let path = workspace::root().join(folder).join(name);
                    hasher.write(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
                }
                Ok(format!("{version}-{:016x}", hasher.finish()))
            }
            Self::GoModule { version, .. } | Self::Crate { version } => Ok((*version).to_owned()),
        }
    }

    /// Builds the program `binary` of the entry.
    pub(crate) fn build(&self, name: &str, binary: &str, staging: &Staging<'_>) -> Result<()> {
        match self {
            Self::GoFolder { folder, .. } => process::run_aside(
                go(staging)?
                    .current_dir(workspace::root().join(folder))
                    .args(["build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o"])
                    .arg(staging.entry.join(binary))
                    .arg("."),
            ),
            Self::GoModule { module, version } => process::run_aside(
                go(staging)?
                    .current_dir(staging.scratch)
                    .env("GOBIN", staging.entry)
                    .args(["install", "-trimpath", "-ldflags=-s -w"])
                    .arg(format!("{module}@v{version}")),
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
