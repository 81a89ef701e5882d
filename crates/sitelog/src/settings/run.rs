//! How `sitelog run` runs and records a job.

use super::Period;
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sitelog_run::provisioning::Wishes;
use sitelog_run::{Manner, Policy, Profile, PtyMode, WhenFull};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of `sitelog run`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct RunSettings {
    /// Give the job a terminal: auto (when there is one), always, never [default: auto]
    #[arg(long, env = "SITELOG_PTY", value_name = "WHEN", hide_possible_values = true)]
    pub(crate) pty: Option<Pty>,
    /// Also hide the values of variables whose names match (repeatable, * and ?)
    #[arg(long, env = "SITELOG_REDACT_ENV", value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) redact_env: Vec<String>,
    /// Leave the terminal alone; records stay redacted
    #[arg(long, env = "SITELOG_NO_REDACT_OUTPUT", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) no_redact_output: Option<bool>,
    /// When the ledger's budget is reached: block the job, or drop-new lines and count them [default: block]
    #[arg(long, env = "SITELOG_WHEN_FULL", value_name = "HOW", hide_possible_values = true)]
    pub(crate) when_full: Option<WhenFullChoice>,
    /// Wait for a full or faulty disk so long before lines are dropped and counted [default: 10s]
    #[arg(long, env = "SITELOG_DISK_PATIENCE", value_name = "TIME")]
    pub(crate) disk_patience: Option<Period>,
    /// At the end, wait at most so long for a destination that makes progress [default: 10s]
    #[arg(long, env = "SITELOG_FLUSH_TIMEOUT", value_name = "TIME")]
    pub(crate) flush_timeout: Option<Period>,
    /// After the job has ended, read pipes that others hold for so long [default: 2s]
    #[arg(long, env = "SITELOG_GRACE", value_name = "TIME")]
    pub(crate) grace: Option<Period>,
    /// Also write every record as OTLP/JSON, one export request a line (- for stdout)
    #[arg(long, env = "SITELOG_RECORDS", value_name = "FILE")]
    pub(crate) records: Option<PathBuf>,
    /// Who runs it [default: from the CI system, else the user]
    #[arg(long, env = "SITELOG_ACTOR", value_name = "WHO")]
    pub(crate) actor: Option<String>,
    /// What is done, as people call it
    #[arg(long, env = "SITELOG_OPERATION", value_name = "NAME")]
    pub(crate) operation: Option<String>,
    /// The project it is done for
    #[arg(long, env = "SITELOG_PROJECT", value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// The stack or workspace it is done to
    #[arg(long, env = "SITELOG_STACK", value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// A resource attribute (repeatable)
    #[arg(long = "attr", env = "SITELOG_ATTR", value_name = "KEY=VALUE", value_delimiter = ',')]
    pub(crate) attr: Vec<String>,
    /// Which tool the command is: auto, pulumi, terraform, tofu; none: no tool is recorded as such [default: auto]
    #[arg(long, env = "SITELOG_TOOL", value_name = "TOOL", hide_possible_values = true)]
    pub(crate) tool: Option<ToolChoice>,
    /// Put shims of known tools first in the job's PATH, for programs that call them [default: true]
    #[arg(long, env = "SITELOG_INTERCEPT", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) intercept: Option<bool>,
    /// Under Buildkite, take the agent's trace as the parent
    #[arg(long, visible_alias = "tracing-propagate-traceparent", env = "BUILDKITE_TRACING_PROPAGATE_TRACEPARENT",
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) propagate_traceparent: Option<bool>,
}

/// When the job gets a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pty {
    /// When stdin and stdout are one.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which tool a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToolChoice {
    /// By its name.
    Auto,
    /// Pulumi, whatever it is called.
    Pulumi,
    /// Terraform, whatever it is called.
    Terraform,
    /// OpenTofu, whatever it is called.
    Tofu,
    /// None, and none that it starts.
    None,
}

/// What happens at the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhenFullChoice {
    /// The job waits.
    Block,
    /// Lines are dropped and counted.
    DropNew,
}

impl RunSettings {
    /// The same with each default in its place.
    pub(crate) fn effective(mut self) -> Self {
        let seconds = |seconds| Period(Duration::from_secs(seconds));
        self.pty.get_or_insert(Pty::Auto);
        self.no_redact_output.get_or_insert(false);
        self.when_full.get_or_insert(WhenFullChoice::Block);
        self.disk_patience.get_or_insert(seconds(10));
        self.flush_timeout.get_or_insert(seconds(10));
        self.grace.get_or_insert(seconds(2));
        self.tool.get_or_insert(ToolChoice::Auto);
        self.intercept.get_or_insert(true);
        self.propagate_traceparent.get_or_insert(false);
        self
    }

    /// How the job is run. Of effective settings, as all below.
    pub(crate) fn manner(&self) -> Manner {
        let pty = match self.pty {
            Some(Pty::Always) => PtyMode::Always,
            Some(Pty::Never) => PtyMode::Never,
            Some(Pty::Auto) | None => PtyMode::Auto,
        };
        let redact_output = self.no_redact_output != Some(true);
        Manner {
            pty,
            grace: time(self.grace),
            redact_output,
        }
    }

    /// What happens when the ledger takes no more.
    pub(crate) fn policy(&self) -> Policy {
        let when_full = match self.when_full {
            Some(WhenFullChoice::DropNew) => WhenFull::DropNew,
            Some(WhenFullChoice::Block) | None => WhenFull::Block,
        };
        Policy {
            when_full,
            disk_patience: time(self.disk_patience),
            tell: crate::exit::say,
        }
    }

    /// What is recorded of tools; `None` when nothing is.
    pub(crate) fn wishes(&self, profile: Option<Profile>) -> Option<Wishes> {
        let tool = match self.tool {
            Some(ToolChoice::None) => return None,
            Some(ToolChoice::Pulumi) => Some("pulumi"),
            Some(ToolChoice::Terraform) => Some("terraform"),
            Some(ToolChoice::Tofu) => Some("tofu"),
            Some(ToolChoice::Auto) | None => None,
        };
        Some(Wishes {
            tool: tool.map(str::to_owned),
            intercept: self.intercept != Some(false),
            on_pty: self.manner().pty.wanted(),
            profile,
        })
    }

    /// How long the end of the run waits for a destination that makes progress.
    pub(crate) fn flush_timeout(&self) -> Duration {
        time(self.flush_timeout)
    }
}

fn time(period: Option<Period>) -> Duration {
    period.map_or(Duration::ZERO, |period| period.0)
}
