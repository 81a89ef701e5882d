//! The command line: one declaration for flags, variables, help, completions and man pages.

mod audit;
mod tenants;

pub(crate) use audit::{
    AuditCheckpointArgs, AuditCommand, AuditExportArgs, AuditFormat, AuditListArgs, AuditShowArgs, AuditTailArgs,
    AuditVerifyArgs, FilterArgs,
};

pub(crate) use tenants::{TenantsAddArgs, TenantsCommand, TenantsListArgs, TenantsRotateArgs};

use crate::settings::{
    CloudFlags, GlobalSettings, LedgerSettings, MaptSettings, OtlpFlags, RunSettings, SanitizeFlags, ServeSettings,
};
use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// The site log of infrastructure: who did what, when, and whether it worked, as OpenTelemetry.
#[derive(Debug, Parser)]
#[command(name = "sitelog", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalSettings,
    /// Configuration file [default: sitelog/sitelog.yaml in the user's configuration folder, else in /etc]
    #[arg(long, global = true, env = "SITELOG_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a command transparently and record its output and its outcome
    #[command(
        after_help = "Examples:\n  sitelog run -- make deploy\n  sitelog run --otlp.endpoint http://collector:4317 -- terraform apply"
    )]
    Run(Box<RunArgs>),
    /// Export metrics of Pulumi Cloud, flag for flag as pulumi-exporter
    #[command(
        version,
        after_help = "Examples:\n  sitelog cloud --pulumi.organizations acme --otlp.endpoint collector:4318 --otlp.insecure\n  sitelog cloud --config.file pulumi-exporter.yaml"
    )]
    Cloud(Box<CloudArgs>),
    /// The gateway: OTLP in, tenant by tenant, sanitized, durable, and on to where it belongs
    #[command(
        after_help = "Examples:\n  sitelog serve --otlp.endpoint http://collector:4317\n  sitelog serve --config sitelog.yaml"
    )]
    Serve(Box<ServeArgs>),
    /// Who may send to `serve`
    #[command(subcommand)]
    Tenants(TenantsCommand),
    /// Deliver what earlier runs left in the ledger
    #[command(
        after_help = "Examples:\n  sitelog flush --otlp.endpoint http://collector:4317\n  sitelog flush --timeout 1m"
    )]
    Flush(FlushArgs),
    /// Show what waits in the ledger, per run and destination
    #[command(after_help = "Examples:\n  sitelog spool\n  sitelog spool --format json")]
    Spool(FormatArgs),
    /// The trail of provisioning: who did what, when, and whether it worked
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Recorded jobs and their output
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Hide secrets between stdin and stdout
    #[command(
        after_help = "Examples:\n  make 2>&1 | sitelog redact\n  terraform show -json plan | sitelog redact --format json --explain > clean.json"
    )]
    Redact(RedactArgs),
    /// Check, print and describe the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Record a real run and show what was recorded
    #[command(after_help = "Examples:\n  sitelog demo\n  sitelog demo --once --otlp.endpoint http://127.0.0.1:4317")]
    Demo(DemoArgs),
    /// Print shell completions, or the man page
    #[command(
        after_help = "Examples:\n  sitelog completions bash > /etc/bash_completion.d/sitelog\n  sitelog completions man > sitelog.1"
    )]
    Completions(CompletionsArgs),
}

/// `sitelog run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) settings: RunSettings,
    #[command(flatten)]
    pub(crate) ledger: LedgerSettings,
    #[command(flatten)]
    pub(crate) otlp: OtlpFlags,
    #[command(flatten)]
    pub(crate) sanitize: SanitizeFlags,
    #[command(flatten)]
    pub(crate) mapt: MaptSettings,
    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// `sitelog cloud`.
#[derive(Debug, Args)]
pub(crate) struct CloudArgs {
    #[command(flatten)]
    pub(crate) flags: CloudFlags,
    #[command(flatten)]
    pub(crate) otlp: OtlpFlags,
    #[command(flatten)]
    pub(crate) sanitize: SanitizeFlags,
}

/// `sitelog serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) settings: ServeSettings,
    #[command(flatten)]
    pub(crate) ledger: LedgerSettings,
    #[command(flatten)]
    pub(crate) otlp: OtlpFlags,
    #[command(flatten)]
    pub(crate) sanitize: SanitizeFlags,
}

/// `sitelog flush`.
#[derive(Debug, Args)]
pub(crate) struct FlushArgs {
    #[command(flatten)]
    pub(crate) ledger: LedgerSettings,
    #[command(flatten)]
    pub(crate) otlp: OtlpFlags,
    #[command(flatten)]
    pub(crate) mapt: MaptSettings,
    /// Stop when nothing was delivered for so long
    #[arg(long, env = "SITELOG_TIMEOUT", value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: crate::settings::Period,
}

/// A table for people or JSON for programs.
#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// table or json
    #[arg(
        long,
        env = "SITELOG_FORMAT",
        default_value = "table",
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub(crate) format: Format,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Columns.
    Table,
    /// One JSON array.
    Json,
}

/// `sitelog jobs`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List recorded jobs, oldest first
    #[command(after_help = "Examples:\n  sitelog jobs list\n  sitelog jobs list --format json")]
    List(FormatArgs),
    /// Print a job's output
    #[command(
        after_help = "Examples:\n  sitelog jobs logs last\n  sitelog jobs logs 01J9ZK --raw > out.txt 2> err.txt"
    )]
    Logs(LogsArgs),
}

/// `sitelog jobs logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The run: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// Give the job's streams back byte for byte, each on its own
    #[arg(long)]
    pub(crate) raw: bool,
}

/// `sitelog redact`.
#[derive(Debug, Args)]
pub(crate) struct RedactArgs {
    /// Also hide the values of variables whose names match (repeatable, * and ?)
    #[arg(long, env = "SITELOG_SECRET_ENV", value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) secret_env: Vec<String>,
    /// Read redaction cases, one JSON object a line, and write their answers
    #[arg(long, env = "SITELOG_CASES")]
    pub(crate) cases: bool,
    /// text; json (documents, one a line or not); otlp-json (export requests)
    #[arg(
        long,
        env = "SITELOG_REDACT_FORMAT",
        default_value = "text",
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub(crate) format: RedactFormat,
    /// Also say on stderr which rule hit where, a JSON object each, without the value
    #[arg(long, env = "SITELOG_EXPLAIN")]
    pub(crate) explain: bool,
    /// List the rules: id, family, whether it is on, and why; read nothing
    #[arg(long, env = "SITELOG_REDACT_RULES")]
    pub(crate) rules: bool,
    #[command(flatten)]
    pub(crate) sanitize: SanitizeFlags,
    #[command(subcommand)]
    pub(crate) command: Option<RedactCommand>,
}

/// What `sitelog redact` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RedactFormat {
    /// Anything.
    Text,
    /// JSON documents.
    Json,
    /// OTLP-JSON export requests.
    OtlpJson,
}

/// `sitelog redact` inside a job.
#[derive(Debug, Subcommand)]
pub(crate) enum RedactCommand {
    /// Inside a job: hide a value from now on, on the terminal and in the records
    #[command(
        after_help = "Examples:\n  vault read -field=password db | sitelog redact add --name DB_PASSWORD\n  sitelog redact add --env DB_PASSWORD"
    )]
    Add(RedactAddArgs),
}

/// `sitelog redact add`. The value is never an argument, where others on the machine could read it.
#[derive(Debug, Args)]
pub(crate) struct RedactAddArgs {
    /// Take the value from this variable (repeatable) instead of from stdin
    #[arg(long, env = "SITELOG_REDACT_ADD_ENV", value_name = "VARIABLE", value_delimiter = ',')]
    pub(crate) env: Vec<String>,
    /// What warnings and explanations call the value
    #[arg(
        long,
        env = "SITELOG_REDACT_ADD_NAME",
        value_name = "NAME",
        default_value = "registered"
    )]
    pub(crate) name: String,
    /// The run's socket; a job has it in its environment
    #[arg(long, env = "SITELOG_SOCKET", value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Only there to be refused without being shown.
    #[arg(hide = true, num_args = 0.., allow_hyphen_values = false)]
    pub(crate) value: Vec<OsString>,
}

/// `sitelog config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether the configuration is right
    #[command(after_help = "Examples:\n  sitelog config check\n  sitelog config check --config sitelog.yaml")]
    Check(Box<ConfigArgs>),
    /// Print the effective configuration; secrets as [REDACTED]
    #[command(
        after_help = "Examples:\n  sitelog config print\n  OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318 sitelog config print"
    )]
    Print(Box<ConfigArgs>),
    /// Print the JSON schema of sitelog.yaml
    #[command(
        after_help = "Examples:\n  sitelog config schema > sitelog.schema.json\n  sitelog config schema | jq .properties.run"
    )]
    Schema,
}

/// What a configuration is made of.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) run: RunSettings,
    #[command(flatten)]
    pub(crate) ledger: LedgerSettings,
    #[command(flatten)]
    pub(crate) otlp: OtlpFlags,
    #[command(flatten)]
    pub(crate) sanitize: SanitizeFlags,
    #[command(flatten)]
    pub(crate) mapt: MaptSettings,
    #[command(flatten)]
    pub(crate) cloud: Box<CloudFlags>,
    #[command(flatten)]
    pub(crate) serve: ServeSettings,
}

/// `sitelog demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End when the run is recorded, shown and delivered; else the gateway goes on until Ctrl-C
    #[arg(long, env = "SITELOG_ONCE")]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) otlp: OtlpFlags,
}

/// `sitelog completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// bash, zsh, fish, elvish, powershell, or man
    #[arg(value_name = "SHELL")]
    pub(crate) shell: String,
}

/// Reads the command line; help and version are printed here, a mistake is one line and exit status 64.
pub(crate) fn parse() -> Result<Cli, std::process::ExitCode> {
    let parsed = command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // A closed stdout is the reader's choice.
            let _ = error.print();
            if error.use_stderr() {
                crate::exit::usage()
            } else {
                std::process::ExitCode::SUCCESS
            }
        }
        _ => {
            crate::exit::say(&one_line(&error));
            crate::exit::usage()
        }
    })
}

/// The declaration. Help names the variables and does not show what is in them, which may be secret; an empty variable
/// counts as absent, for CI systems set many of them.
pub(crate) fn command() -> clap::Command {
    fn adapt(command: clap::Command) -> clap::Command {
        let is_empty = |arg: &clap::Arg| {
            arg.get_env()
                .and_then(std::env::var_os)
                .is_some_and(|value| value.is_empty())
        };
        let command = command.mut_args(|arg| {
            if is_empty(&arg) {
                arg.env(Resettable::Reset)
            } else {
                arg
            }
        });
        command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(adapt)
    }
    adapt(Cli::command())
}

/// What is wrong, where it was said (a flag or a variable), and where help is.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut what = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .trim_end_matches(':')
        .to_owned();
    // A list that clap puts on lines of its own (missing arguments) belongs to the sentence.
    let rest = text
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  ") && !line.trim().is_empty());
    let rest: Vec<&str> = rest.map(str::trim).filter(|line| !line.starts_with("tip:")).collect();
    if !rest.is_empty() {
        what = format!("{what}: {}", rest.join(", "));
    }
    if let Some(variable) = variable(error) {
        what = format!("{variable}: {what}");
    }
    format!("{what}; see `sitelog --help`")
}

/// The variable a bad value came from, when its flag is not on the command line.
fn variable(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let long = arg
        .split_whitespace()
        .next()?
        .split('=')
        .next()?
        .split('[')
        .next()?
        .trim_start_matches("--")
        .to_owned();
    let flag = format!("--{long}");
    let given = std::env::args().any(|arg| arg == flag || arg.starts_with(&format!("{flag}=")));
    if given {
        return None;
    }
    let command = command();
    let all = command
        .get_subcommands()
        .flat_map(|sub| sub.get_arguments())
        .chain(command.get_arguments());
    let arg = all.into_iter().find(|arg| arg.get_long() == Some(&long))?;
    arg.get_env()
        .filter(|name| std::env::var_os(name).is_some())
        .map(|name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_one_screen() {
        assert!(Cli::command().render_help().to_string().lines().count() <= 40);
    }

    #[test]
    fn each_command_has_two_examples_and_each_flag_a_variable() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.get_subcommands().next().is_none() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert_eq!(help.lines().filter(|line| line.starts_with("  ")).count(), 2, "{path}");
            }
            for arg in command.get_arguments() {
                let long = arg.get_long().unwrap_or_default();
                let standard = long.trim_start_matches("no-").starts_with("otlp.")
                    || ["help", "version", "raw", ""].contains(&long);
                assert!(standard || arg.get_env().is_some(), "{path} --{long}");
            }
            command.get_subcommands().for_each(|sub| visit(sub, &path));
        }
        visit(&Cli::command(), "");
    }
}
