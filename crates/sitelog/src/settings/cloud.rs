//! `sitelog cloud`: flags, variables and keys of pulumi-exporter, with its defaults, and sitelog's own.
//!
//! Precedence is the documented one: flags, environment, file. The file is the one that `--config.file` names, laid over the
//! section `cloud:` of `sitelog.yaml`.

mod duration;
mod file;
mod values;

pub(crate) use file::CloudFile;

use duration::GoDuration;
use values::{ApiUrl, Concurrency, ListenAddress, Organizations};

use super::Size;
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sitelog_cloud::config::{Backfill, Config, Secret};
use sitelog_export::config::{Given, Key};
use std::path::PathBuf;
use std::time::Duration;

/// How far back a window of history reaches by default.
const BACKFILL_WINDOW: Duration = Duration::from_secs(86_400);

/// Where it is asked by default.
const LISTEN: &str = ":8080";

/// Flags and variables of `sitelog cloud`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CloudFlags {
    #[command(flatten)]
    pub(crate) pulumi: PulumiSettings,
    #[command(flatten)]
    pub(crate) web: WebSettings,
    /// Path of OTLP/HTTP requests [default: /v1/metrics]
    #[arg(
        long = "otlp.url-path",
        env = "OTEL_EXPORTER_OTLP_METRICS_URL_PATH",
        value_name = "PATH"
    )]
    pub(crate) url_path: Option<String>,
    /// The opposite of --otlp.insecure
    #[arg(long = "no-otlp.insecure", hide = true, overrides_with = "otlp.insecure")]
    pub(crate) no_insecure: bool,
    /// Configuration file of pulumi-exporter
    #[arg(long = "config.file", env = "PULUMI_EXPORTER_CONFIG_FILE", value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,
}

/// What is observed.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[command(next_help_heading = "Pulumi Cloud")]
pub(crate) struct PulumiSettings {
    /// The access token; better in the variable or a file than on a command line, where others read it
    #[arg(long = "pulumi.access-token", env = "PULUMI_ACCESS_TOKEN", value_name = "TOKEN")]
    pub(crate) access_token: Option<String>,
    /// A file with the access token, read at the start
    #[arg(
        long = "pulumi.access-token-file",
        env = "PULUMI_ACCESS_TOKEN_FILE",
        value_name = "FILE"
    )]
    pub(crate) access_token_file: Option<PathBuf>,
    /// Its address [default: https://api.pulumi.com]
    #[arg(long = "pulumi.api-url", env = "PULUMI_API_URL", value_name = "URL")]
    pub(crate) api_url: Option<ApiUrl>,
    /// The organizations (repeatable, and with commas between)
    #[arg(long = "pulumi.organizations", env = "PULUMI_ORGANIZATIONS", value_name = "ORG")]
    pub(crate) organizations: Option<Vec<Organizations>>,
    /// From one cycle to the next [default: 60s]
    #[arg(
        long = "pulumi.collect-interval",
        env = "PULUMI_COLLECT_INTERVAL",
        value_name = "TIME",
        allow_hyphen_values = true
    )]
    pub(crate) collect_interval: Option<GoDuration>,
    /// The most calls at once, 1 to 100 [default: 10]
    #[arg(
        long = "pulumi.max-concurrency",
        env = "PULUMI_MAX_CONCURRENCY",
        value_name = "N",
        allow_hyphen_values = true
    )]
    pub(crate) max_concurrency: Option<Concurrency>,
    /// What of the past counts at the very first start: none, window, all [default: none]
    #[arg(
        long = "pulumi.backfill",
        env = "SITELOG_PULUMI_BACKFILL",
        value_name = "HOW",
        hide_possible_values = true
    )]
    pub(crate) backfill: Option<BackfillChoice>,
    /// How far back a window reaches [default: 24h]
    #[arg(
        long = "pulumi.backfill-window",
        env = "SITELOG_PULUMI_BACKFILL_WINDOW",
        value_name = "TIME"
    )]
    pub(crate) backfill_window: Option<GoDuration>,
    /// After so many cycles each stack was read once, changed or not [default: 60]
    #[arg(long = "pulumi.sweep-cycles", env = "SITELOG_PULUMI_SWEEP_CYCLES", value_name = "N")]
    pub(crate) sweep_cycles: Option<u32>,
    /// The most calls in an hour [default: no limit]
    #[arg(
        long = "pulumi.calls-per-hour",
        env = "SITELOG_PULUMI_CALLS_PER_HOUR",
        value_name = "N"
    )]
    pub(crate) calls_per_hour: Option<u64>,
    /// How long a call may take [default: 30s]
    #[arg(
        long = "pulumi.call-timeout",
        env = "SITELOG_PULUMI_CALL_TIMEOUT",
        value_name = "TIME"
    )]
    pub(crate) call_timeout: Option<GoDuration>,
    /// The longest answer [default: 64MiB]
    #[arg(long = "pulumi.body-limit", env = "SITELOG_PULUMI_BODY_LIMIT", value_name = "SIZE")]
    pub(crate) body_limit: Option<Size>,
    /// Record each update that has ended in the audit trail [default: false]
    #[arg(long = "pulumi.audit-updates", env = "SITELOG_PULUMI_AUDIT_UPDATES",
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) audit_updates: Option<bool>,
    /// Record updates with what their engines said, which costs calls [default: false]
    #[arg(long = "pulumi.audit-events", env = "SITELOG_PULUMI_AUDIT_EVENTS",
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) audit_events: Option<bool>,
    /// Record the organizations' audit logs [default: false]
    #[arg(long = "pulumi.audit-log", env = "SITELOG_PULUMI_AUDIT_LOG",
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) audit_log: Option<bool>,
    /// Folder of what outlives a restart [default: cloud in --data-dir]
    #[arg(long, env = "SITELOG_STATE_DIR", value_name = "FOLDER")]
    pub(crate) state_dir: Option<PathBuf>,
}

/// What of the past counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BackfillChoice {
    /// Nothing.
    None,
    /// What ended within --pulumi.backfill-window.
    Window,
    /// All of it.
    All,
}

/// Where it is asked.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[command(next_help_heading = "Web")]
pub(crate) struct WebSettings {
    /// Where /metrics, /healthz, /readyz and /webhooks/pulumi are served [default: :8080]
    #[arg(
        long = "web.listen-address",
        env = "PULUMI_EXPORTER_LISTEN_ADDRESS",
        value_name = "ADDRESS"
    )]
    pub(crate) listen_address: Option<ListenAddress>,
    /// The secret that Pulumi Cloud signs its webhooks with; without one, none are taken
    #[arg(
        long = "web.webhook-secret",
        env = "SITELOG_WEB_WEBHOOK_SECRET",
        value_name = "SECRET"
    )]
    pub(crate) webhook_secret: Option<String>,
    /// A file with that secret
    #[arg(
        long = "web.webhook-secret-file",
        env = "SITELOG_WEB_WEBHOOK_SECRET_FILE",
        value_name = "FILE"
    )]
    pub(crate) webhook_secret_file: Option<PathBuf>,
}

impl CloudFlags {
    /// What the flags say of the destination, as the exporter's own names for it.
    pub(crate) fn destination(&self) -> Option<Given> {
        self.no_insecure
            .then(|| given(Key::Insecure, "false", "--no-otlp.insecure"))
    }
}

/// A setting of the destination that is not one of `--otlp.*`.
pub(crate) fn given(key: Key, value: &str, from: &str) -> Given {
    Given {
        key,
        signal: None,
        value: value.to_owned(),
        from: from.to_owned(),
    }
}

impl PulumiSettings {
    /// The exporter's configuration.
    ///
    /// # Errors
    /// One line: what is wrong, and what to do.
    pub(crate) fn config(&self, default_state: PathBuf) -> Result<Config, String> {
        let token = secret(
            &self.access_token,
            &self.access_token_file,
            "--pulumi.access-token-file",
        )?;
        let token =
            token.ok_or("pulumi access token is required: set PULUMI_ACCESS_TOKEN or --pulumi.access-token-file")?;
        let organizations = Organizations::all(self.organizations.as_deref().unwrap_or_default());
        if organizations.is_empty() {
            return Err("at least one pulumi organization is required: set --pulumi.organizations".to_owned());
        }
        let state_dir = self.state_dir.clone().unwrap_or(default_state);
        let mut config = Config::new(token, organizations, state_dir);
        if let Some(url) = &self.api_url {
            config.api_url.clone_from(&url.0);
        }
        let time = |given: Option<GoDuration>, default| given.map_or(default, |time| time.0);
        config.interval = time(self.collect_interval, config.interval);
        config.call_timeout = time(self.call_timeout, config.call_timeout);
        config.concurrency = self.max_concurrency.map_or(config.concurrency, |asked| asked.0);
        let window = time(self.backfill_window, BACKFILL_WINDOW);
        config.backfill = match self.backfill {
            Some(BackfillChoice::All) => Backfill::All,
            Some(BackfillChoice::Window) => Backfill::Window(window),
            Some(BackfillChoice::None) | None => Backfill::None,
        };
        config.sweep = self.sweep_cycles.unwrap_or(config.sweep).max(1);
        config.calls_per_hour = self.calls_per_hour.filter(|calls| *calls > 0);
        config.body_limit = self.body_limit.map_or(config.body_limit, |limit| limit.0);
        Ok(config)
    }

    /// Whether anything is recorded besides what is counted.
    pub(crate) fn is_audited(&self) -> bool {
        let flags = [self.audit_updates, self.audit_events, self.audit_log];
        flags.contains(&Some(true))
    }
}

impl PulumiSettings {
    /// With the defaults that are in force, and the token hidden.
    pub(crate) fn effective(mut self, state_dir: PathBuf) -> Self {
        let defaults = Config::new(Secret::default(), Vec::new(), state_dir);
        hide(&mut self.access_token);
        let names = Organizations::all(self.organizations.as_deref().unwrap_or_default());
        self.organizations = Some(names.into_iter().map(Organizations).collect());
        self.api_url.get_or_insert(ApiUrl(defaults.api_url));
        self.collect_interval.get_or_insert(GoDuration(defaults.interval));
        self.max_concurrency.get_or_insert(Concurrency(defaults.concurrency));
        self.backfill.get_or_insert(BackfillChoice::None);
        self.backfill_window.get_or_insert(GoDuration(BACKFILL_WINDOW));
        self.sweep_cycles.get_or_insert(defaults.sweep);
        self.call_timeout.get_or_insert(GoDuration(defaults.call_timeout));
        self.body_limit.get_or_insert(Size(defaults.body_limit));
        for flag in [&mut self.audit_updates, &mut self.audit_events, &mut self.audit_log] {
            flag.get_or_insert(false);
        }
        self.state_dir.get_or_insert(defaults.state_dir);
        self
    }
}

impl WebSettings {
    /// With the defaults that are in force, and the secret hidden.
    pub(crate) fn effective(mut self) -> Self {
        hide(&mut self.webhook_secret);
        self.listen_address
            .get_or_insert_with(|| ListenAddress(LISTEN.to_owned()));
        self
    }

    /// Where to listen.
    pub(crate) fn address(&self) -> &str {
        self.listen_address.as_ref().map_or(LISTEN, |address| &address.0)
    }

    /// The secret of webhooks.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn secret(&self) -> Result<Option<Secret>, String> {
        secret(
            &self.webhook_secret,
            &self.webhook_secret_file,
            "--web.webhook-secret-file",
        )
    }
}

fn hide(secret: &mut Option<String>) {
    secret.iter_mut().for_each(|secret| "[REDACTED]".clone_into(secret));
}

/// A secret that is given, or is in a file; an empty one is none.
fn secret(given: &Option<String>, file: &Option<PathBuf>, flag: &str) -> Result<Option<Secret>, String> {
    let text = match (given, file) {
        (Some(given), _) if !given.trim().is_empty() => given.clone(),
        (_, Some(file)) => std::fs::read_to_string(file)
            .map_err(|error| format!("{flag} {}: cannot be read: {error}", file.display()))?,
        _ => return Ok(None),
    };
    Ok(Some(Secret::new(&text)).filter(|secret| !secret.reveal().is_empty()))
}

#[cfg(test)]
mod tests;
