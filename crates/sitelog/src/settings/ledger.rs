//! How the ledger behaves.

use super::{Period, Size};
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sitelog_ledger::{Budget, Durability, Options};

/// Settings of the ledger.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct LedgerSettings {
    /// When a record counts as safe: fsync (survives a power loss) or os (survives a crash) [default: fsync]
    #[arg(
        long = "ledger.durability",
        env = "SITELOG_LEDGER_DURABILITY",
        value_name = "HOW",
        hide_possible_values = true
    )]
    pub(crate) durability: Option<DurabilityChoice>,
    /// What a tenant may occupy on disk [default: 8GiB]
    #[arg(long = "ledger.max-bytes", env = "SITELOG_LEDGER_MAX_BYTES", value_name = "SIZE")]
    pub(crate) max_bytes: Option<Size>,
    /// How long delivered records are kept, and how old undelivered ones may get [default: no limit]
    #[arg(long = "ledger.max-age", env = "SITELOG_LEDGER_MAX_AGE", value_name = "TIME")]
    pub(crate) max_age: Option<Period>,
}

/// When a record counts as safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DurabilityChoice {
    /// When the disk has it.
    Fsync,
    /// When the operating system has it.
    Os,
}

impl From<DurabilityChoice> for Durability {
    fn from(choice: DurabilityChoice) -> Self {
        match choice {
            DurabilityChoice::Os => Self::Os,
            DurabilityChoice::Fsync => Self::Fsync,
        }
    }
}

/// Enough for weeks of jobs on a build machine, and a small part of its disk.
const MAX_BYTES: u64 = 8 << 30;

impl LedgerSettings {
    /// The same with each default in its place.
    pub(crate) fn effective(mut self) -> Self {
        self.durability.get_or_insert(DurabilityChoice::Fsync);
        self.max_bytes.get_or_insert(Size(MAX_BYTES));
        self
    }

    /// The ledger's options, of effective settings; job output is worth compressing.
    pub(crate) fn options(&self) -> Options {
        let durability = self.durability.unwrap_or(DurabilityChoice::Fsync).into();
        let budget = Budget {
            bytes: self.max_bytes.map(|size| size.0),
            age: self.max_age.map(|age| age.0),
        };
        Options {
            durability,
            budget,
            compress: true,
            ..Options::default()
        }
    }
}
