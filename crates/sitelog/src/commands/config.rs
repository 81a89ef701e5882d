//! `sitelog config`: check, print and describe the configuration.

mod serve;

use crate::cli::{ConfigArgs, ConfigCommand};
use crate::cloud::Resolved;
use crate::exit::Failure;
use crate::settings::{File, merge};
use crate::setup::Setup;
use sitelog_export::config::{Destination, OtlpConfig};
use sitelog_model::Signal;
use std::io::Write;
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, command: &ConfigCommand) -> Result<ExitCode, Failure> {
    let text = match command {
        ConfigCommand::Check(args) => {
            effective(setup, args)?;
            let file = if setup.file.path.is_empty() {
                "no file"
            } else {
                &setup.file.path
            };
            format!("ok: flags, environment and {file} are right\n")
        }
        ConfigCommand::Print(args) => effective(setup, args)?,
        ConfigCommand::Schema => {
            serde_json::to_string_pretty(&schemars::schema_for!(File)).map_err(anyhow::Error::from)? + "\n"
        }
    };
    // A closed stdout is the reader's choice.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// What is in force, as JSON (which is YAML), with secrets hidden.
fn effective(setup: &Setup, args: &ConfigArgs) -> Result<String, Failure> {
    let mapt = merge(&args.mapt, &setup.file.mapt)?;
    let (sanitizer, _) = setup.sanitizer(&args.sanitize, &args.run.redact_env, Vec::from_iter(mapt.declared()))?;
    let otlp = setup.otlp_of_run(&args.otlp, &mapt)?;
    let cloud = Resolved::new(setup, &args.cloud, &args.otlp)?;
    let mut global = serde_json::to_value(&setup.global).map_err(anyhow::Error::from)?;
    global["tenant"] = setup.tenant()?.to_string().into();
    global["log-level"] = serde_json::to_value(setup.log_level()).map_err(anyhow::Error::from)?;
    global["data-dir"] = setup.data_dir().to_string_lossy().into();
    let value = serde_json::json!({
        "global": global,
        "otlp": destinations(&otlp),
        "ledger": merge(&args.ledger, &setup.file.ledger)?.effective(),
        "run": merge(&args.run, &setup.file.run)?.effective(),
        "mapt": mapt,
        "cloud": {
            "pulumi": cloud.pulumi.effective(setup.data_dir().join("cloud")),
            "otlp": cloud.otlp.destination(Signal::Metrics).map(destination),
            "web": cloud.web.effective(),
        },
        "serve": serve::effective(setup, args)?,
        "sanitize": setup.file.sanitize.effective(&args.sanitize),
    });
    let text = serde_json::to_string_pretty(&value).map_err(anyhow::Error::from)?;
    Ok(sanitizer.text(&text).into_owned() + "\n")
}

fn destinations(otlp: &OtlpConfig) -> serde_json::Value {
    let each = Signal::ALL.map(|signal| {
        (
            signal.name().to_owned(),
            otlp.destination(signal).map(destination).into(),
        )
    });
    serde_json::Value::Object(each.into_iter().collect())
}

fn destination(destination: &Destination) -> serde_json::Value {
    let headers = destination
        .headers
        .iter()
        .map(|(name, _)| (name.to_string(), "[REDACTED]".into()));
    serde_json::json!({
        "endpoint": destination.url.as_str(),
        "protocol": destination.protocol.name(),
        "headers": serde_json::Value::Object(headers.collect()),
        "timeout": humantime::format_duration(destination.timeout).to_string(),
        "compression": destination.compression.encoding().unwrap_or("none"),
    })
}
