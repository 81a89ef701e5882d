//! From settings to the parts that commands work with.

use crate::exit::Failure;
use crate::settings::{File, GlobalSettings, LedgerSettings, LogLevel, OtlpFlags, merge};
use sitelog_export::config::{Layers, OtlpConfig};
use sitelog_ledger::Ledger;
use sitelog_model::TenantId;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What every command starts from.
pub(crate) struct Setup {
    pub(crate) global: GlobalSettings,
    pub(crate) file: File,
}

impl Setup {
    /// Reads the file and lays flags and environment over it.
    pub(crate) fn new(global: &GlobalSettings, config: Option<&Path>) -> Result<Self, Failure> {
        let file = File::read(config).map_err(Failure::usage)?;
        let global = merge(global, &file.global)?;
        Ok(Self { global, file })
    }

    /// The tenant whose records these are.
    pub(crate) fn tenant(&self) -> Result<TenantId, Failure> {
        let tenant = self
            .global
            .tenant
            .as_deref()
            .map(TenantId::new)
            .unwrap_or_else(|| Ok(TenantId::default()));
        tenant.map_err(|error| Failure::usage(format!("--tenant: {error}")))
    }

    /// Where the ledger is.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.global.data_dir.clone().unwrap_or_else(default_data_dir)
    }

    /// The ledger; nothing is written before somebody appends.
    pub(crate) fn ledger(&self, settings: &LedgerSettings) -> Result<Ledger, Failure> {
        let settings = merge(settings, &self.file.ledger)?.effective();
        Ok(Ledger::open(self.data_dir(), settings.options())?)
    }

    /// Where records are sent.
    pub(crate) fn otlp(&self, flags: &OtlpFlags) -> Result<OtlpConfig, Failure> {
        let env = |name: &str| std::env::var(name).ok();
        let file = self.file.otlp.given(&self.file.path);
        OtlpConfig::resolve(&Layers {
            flags: &flags.0,
            env: &env,
            file: &file,
        })
        .map_err(Failure::usage)
    }

    /// How much sitelog says of itself: on a terminal also what is late; elsewhere stderr is the job's alone unless
    /// something was lost.
    pub(crate) fn log_level(&self) -> LogLevel {
        let default = if std::io::stderr().is_terminal() {
            LogLevel::Warn
        } else {
            LogLevel::Error
        };
        self.global.log_level.unwrap_or(default)
    }
}

/// The user's state folder (XDG Base Directory specification).
fn default_data_dir() -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    match state.or_else(home) {
        Some(state) => state.join("sitelog"),
        None => std::env::temp_dir().join(format!("sitelog-{}", nix::unistd::getuid())),
    }
}
