//! What a user can set: one struct a topic is the flags, the variables, the keys of the file, the schema and the help.
//!
//! Precedence: flags > environment > file > default. clap reads the first two into the structs, [`file`] the third, and
//! [`merge`] lays one over the other.

mod cloud;
mod file;
mod ledger;
mod mapt;
mod otlp;
mod run;
mod sanitize;
mod serve;
mod values;

pub(crate) use cloud::{CloudFile, CloudFlags, PulumiSettings, WebSettings, given};
pub(crate) use file::File;
pub(crate) use ledger::LedgerSettings;
pub(crate) use mapt::MaptSettings;
pub(crate) use otlp::{OtlpFile, OtlpFlags};
pub(crate) use run::RunSettings;
pub(crate) use sanitize::{SanitizeFile, SanitizeFlags};
#[cfg(test)]
pub(crate) use serve::ServerLimitsFile;
pub(crate) use serve::{
    Authentication, KeySource, ServeFile, ServeSettings, TenantFile, TenantLimitsFile, bytes_of, is_safe,
};
pub(crate) use values::{Period, Size};

use clap::Args;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Settings of every command.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct GlobalSettings {
    /// Folder of the ledger [default: the user's state folder]
    #[arg(long, global = true, env = "SITELOG_DATA_DIR", value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// What sitelog says of itself on stderr [default: warn on a terminal, else error]
    #[arg(
        long,
        global = true,
        env = "SITELOG_LOG_LEVEL",
        value_name = "LEVEL",
        hide_possible_values = true
    )]
    pub(crate) log_level: Option<LogLevel>,
    /// Whose records these are [default: default]
    #[arg(long, global = true, env = "SITELOG_TENANT", value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
}

/// How much sitelog says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// Only what was lost.
    Error,
    /// And what is late.
    Warn,
    /// And what went well.
    Info,
}

/// Lays `strong` over `weak`: what `strong` does not set is taken from `weak`.
pub(crate) fn merge<T: Serialize + DeserializeOwned>(strong: &T, weak: &T) -> anyhow::Result<T> {
    let mut merged = serde_json::to_value(weak)?;
    lay_over(&mut merged, serde_json::to_value(strong)?);
    Ok(serde_json::from_value(merged)?)
}

fn lay_over(under: &mut serde_json::Value, over: serde_json::Value) {
    use serde_json::Value;
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                lay_over(under.entry(key).or_insert(Value::Null), value);
            }
        }
        // An empty list is what clap gives for a flag that was not there.
        (_, Value::Null) => {}
        (_, Value::Array(list)) if list.is_empty() => {}
        (under, over) => *under = over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_wins_and_what_is_not_falls_through() {
        let settings = |data_dir: Option<&str>, tenant: Option<&str>| GlobalSettings {
            data_dir: data_dir.map(PathBuf::from),
            tenant: tenant.map(str::to_owned),
            log_level: None,
        };
        let merged = merge(&settings(Some("strong"), None), &settings(Some("weak"), Some("t"))).unwrap();
        assert_eq!(
            (merged.data_dir, merged.tenant.as_deref()),
            (Some("strong".into()), Some("t"))
        );
    }
}
