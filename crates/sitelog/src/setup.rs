//! From settings to the parts that commands work with.

use crate::exit::Failure;
use crate::settings::{File, GlobalSettings, LedgerSettings, LogLevel, MaptSettings, OtlpFlags, SanitizeFlags, merge};
use sitelog_export::config::{Given, Key, Layers, OtlpConfig};
use sitelog_ledger::Ledger;
use sitelog_model::TenantId;
use sitelog_sanitize::{Declared, Sanitizer, declared_from_env};
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

    /// The same, the file read anew.
    pub(crate) fn again(&self) -> Result<Self, Failure> {
        let named = Some(Path::new(&self.file.path)).filter(|_| !self.file.path.is_empty());
        let file = File::read(named).map_err(Failure::usage)?;
        let global = self.global.clone();
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

    /// Where a run's records are sent, which mapt's flags may say too.
    pub(crate) fn otlp_of_run(&self, flags: &OtlpFlags, mapt: &MaptSettings) -> Result<OtlpConfig, Failure> {
        let mut flags = flags.clone();
        let is_endpoint = |given: &Given| given.key == Key::Endpoint && given.signal.is_none();
        if !flags.0.iter().any(is_endpoint) {
            flags.0.extend(mapt.destination());
        }
        let mut otlp = self.otlp(&flags)?;
        if let Some(authorization) = mapt.authorization() {
            otlp.set_header("authorization", &authorization, "--otel-auth-token")
                .map_err(Failure::usage)?;
        }
        if let Some((name, token)) = mapt.token_attribute() {
            otlp.set_attribute(name, token);
        }
        Ok(otlp)
    }

    /// Where records are sent.
    pub(crate) fn otlp(&self, flags: &OtlpFlags) -> Result<OtlpConfig, Failure> {
        self.otlp_between(&flags.0, Vec::new(), Vec::new())
    }

    /// The same, with settings that come before those of `sitelog.yaml`, and defaults.
    pub(crate) fn otlp_between(
        &self,
        flags: &[Given],
        before: Vec<Given>,
        defaults: Vec<Given>,
    ) -> Result<OtlpConfig, Failure> {
        let env = |name: &str| std::env::var(name).ok();
        let mut file = before;
        file.extend(self.file.otlp.given(&self.file.path));
        file.extend(defaults);
        OtlpConfig::resolve(&Layers {
            flags,
            env: &env,
            file: &file,
        })
        .map_err(Failure::usage)
    }

    /// What hides secrets here: those of the environment (also by `globs`), the file's and the flags' rules, and values
    /// that are known to be secret. Also gives the names of those too short to be looked for (RULES.md R21). From then on
    /// sitelog's own words go through it.
    pub(crate) fn sanitizer(
        &self,
        flags: &SanitizeFlags,
        globs: &[String],
        mut declared: Vec<Declared>,
    ) -> Result<(Sanitizer, Vec<String>), Failure> {
        let file = &self.file.sanitize;
        let globs: Vec<String> = globs.iter().chain(&file.secret_env).cloned().collect();
        let (of_env, short) = declared_from_env(std::env::vars_os(), &globs);
        declared.extend(of_env);
        let sanitizer = file
            .sanitizer(flags, declared, &self.file.path)
            .map_err(Failure::usage)?;
        crate::exit::speak_through(&sanitizer);
        Ok((sanitizer, short))
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
