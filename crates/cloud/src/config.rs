//! What the exporter is told; flags, variables and files are the program's.

use crate::clock::Clock;
use sitelog_model::TenantId;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_sanitize::Sanitizer;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Which part of a stack's history counts when it is seen for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backfill {
    /// Nothing: what ends from then on.
    #[default]
    None,
    /// What ended within this time before.
    Window(Duration),
    /// All of it.
    All,
}

/// A value that is shown to nobody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Without the white space around it, which files and variables bring along.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The value.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// What is recorded besides what is counted.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Updates that have ended.
    pub updates: bool,
    /// With their engine events.
    pub events: bool,
    /// The organizations' audit logs.
    pub log: bool,
    /// Whose records they are.
    pub tenant: TenantId,
    /// Who records them: attributes of every record's resource.
    pub resource: Vec<KeyValue>,
    /// What hides secrets, before anything is kept.
    pub sanitizer: Sanitizer,
}

/// What is observed, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The access token.
    pub token: Secret,
    /// The service's address, with a scheme and without a slash at its end.
    pub api_url: String,
    /// Organizations, none of them twice.
    pub organizations: Vec<String>,
    /// From one cycle to the next; more than 0.
    pub interval: Duration,
    /// The most calls at once, 1 to 100.
    pub concurrency: usize,
    /// What counts of a history that was not observed.
    pub backfill: Backfill,
    /// After so many cycles each stack was read once, changed or not.
    pub sweep: u32,
    /// The most calls in an hour, where there is a limit.
    pub calls_per_hour: Option<u64>,
    /// How long a call may take.
    pub call_timeout: Duration,
    /// The longest answer, bytes.
    pub body_limit: u64,
    /// The most pages of one list.
    pub page_limit: u32,
    /// The folder of the state.
    pub state_dir: PathBuf,
    /// What is recorded, where anything is.
    pub audit: Option<Audit>,
    /// What time it is.
    pub clock: Clock,
}

impl Config {
    /// With the defaults of pulumi-exporter where it has them.
    pub fn new(token: Secret, organizations: Vec<String>, state_dir: PathBuf) -> Self {
        Self {
            token,
            api_url: "https://api.pulumi.com".to_owned(),
            organizations,
            interval: Duration::from_secs(60),
            concurrency: 10,
            backfill: Backfill::None,
            sweep: 60,
            calls_per_hour: None,
            call_timeout: Duration::from_secs(30),
            body_limit: 64 << 20,
            page_limit: 10_000,
            state_dir,
            audit: None,
            clock: Clock::default(),
        }
    }

    /// How long a cycle may take: the next one is to begin in time, and a short interval is no reason to see nothing.
    pub fn cycle_limit(&self) -> Duration {
        self.interval.mul_f64(0.9).max(Duration::from_secs(10))
    }
}
