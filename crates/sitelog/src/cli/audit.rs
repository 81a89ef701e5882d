//! The command line of `sitelog audit`.

use super::Format;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `sitelog audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List provisioning operations, newest first
    #[command(
        after_help = "Examples:\n  sitelog audit list --since 7d --result failed\n  sitelog audit list --resource 'aws_s3_bucket.*' --format csv"
    )]
    List(AuditListArgs),
    /// Show one operation: its resources, times, outcome, diagnostics
    #[command(after_help = "Examples:\n  sitelog audit show last\n  sitelog audit show 01J9ZK --format jsonl")]
    Show(AuditShowArgs),
    /// Print records as they are made
    #[command(
        after_help = "Examples:\n  sitelog audit tail --stack prod\n  sitelog audit tail --lines 100 --no-follow --format jsonl"
    )]
    Tail(AuditTailArgs),
    /// Check that nothing was changed, cut off or taken away; of the ledger, or of a bundle
    #[command(
        after_help = "Examples:\n  sitelog audit verify --key sitelog.pub --checkpoint kept-elsewhere.note\n  sitelog audit verify trail.bundle --key sitelog.pub"
    )]
    Verify(AuditVerifyArgs),
    /// Write operations with their proofs into a file that another machine verifies
    #[command(
        after_help = "Examples:\n  sitelog audit export last --output trail.bundle\n  sitelog audit export --stack prod --since 90d --output prod.bundle"
    )]
    Export(AuditExportArgs),
    /// Print the trail's signed checkpoint, or publish it where this machine cannot change it
    #[command(
        after_help = "Examples:\n  sitelog audit checkpoint --witness /mnt/worm/checkpoints.note\n  sitelog audit checkpoint --witness https://witness.example --witness-key 'name+hash+key'"
    )]
    Checkpoint(AuditCheckpointArgs),
    /// Print the public key that verifies this installation's trail
    #[command(
        after_help = "Examples:\n  sitelog audit key > sitelog.pub\n  sitelog audit key --data-dir /var/lib/sitelog"
    )]
    Key,
    /// Build the index anew from the ledger
    #[command(after_help = "Examples:\n  sitelog audit reindex\n  sitelog audit reindex --data-dir /var/lib/sitelog")]
    Reindex,
}

/// How the trail is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// Columns and trees for people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// RFC 4180, with a header.
    Csv,
}

/// Which operations; what is given must all hold.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Started at or after: a time (2026-11-21, 2026-11-21T08:00:00Z) or so long ago (30m, 7d)
    #[arg(long, env = "SITELOG_SINCE", value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Started before
    #[arg(long, env = "SITELOG_UNTIL", value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Who did it (* and ? in all of these)
    #[arg(long, env = "SITELOG_ACTOR", value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Project, or Terraform's root module
    #[arg(long, env = "SITELOG_PROJECT", value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Stack or workspace
    #[arg(long, env = "SITELOG_STACK", value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// up, destroy, apply …; or the beginning of an operation's id
    #[arg(long, env = "SITELOG_OPERATION", value_name = "NAME")]
    pub(crate) operation: Option<String>,
    /// A resource it touched: URN, address or name
    #[arg(long, env = "SITELOG_RESOURCE", value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// succeeded, failed, canceled, interrupted or running
    #[arg(long, env = "SITELOG_RESULT", value_name = "RESULT")]
    pub(crate) result: Option<String>,
    /// A run: its id
    #[arg(long, env = "SITELOG_RUN", value_name = "RUN")]
    pub(crate) run: Option<String>,
}

/// `sitelog audit list`.
#[derive(Debug, Args)]
pub(crate) struct AuditListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// At most so many; 0 for all
    #[arg(long, env = "SITELOG_LIMIT", value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    /// table, json, jsonl or csv
    #[arg(
        long,
        env = "SITELOG_FORMAT",
        default_value = "table",
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub(crate) format: AuditFormat,
    /// Exit with 1 when there is none
    #[arg(long, env = "SITELOG_FAIL_EMPTY")]
    pub(crate) fail_empty: bool,
}

/// `sitelog audit show`.
#[derive(Debug, Args)]
pub(crate) struct AuditShowArgs {
    /// The operation: its id, the beginning of it, or `last`
    pub(crate) operation: String,
    /// table, json, jsonl or csv
    #[arg(
        long,
        env = "SITELOG_FORMAT",
        default_value = "table",
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub(crate) format: AuditFormat,
}

/// `sitelog audit tail`.
#[derive(Debug, Args)]
pub(crate) struct AuditTailArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Begin with so many records that are there already
    #[arg(long, env = "SITELOG_LINES", value_name = "N", default_value_t = 10)]
    pub(crate) lines: usize,
    /// End when what is there has been printed
    #[arg(long, env = "SITELOG_NO_FOLLOW")]
    pub(crate) no_follow: bool,
    /// table, jsonl or csv
    #[arg(
        long,
        env = "SITELOG_FORMAT",
        default_value = "table",
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub(crate) format: AuditFormat,
}

/// `sitelog audit verify`.
#[derive(Debug, Args)]
pub(crate) struct AuditVerifyArgs {
    /// A bundle; without one, the ledger in the data folder
    pub(crate) bundle: Option<PathBuf>,
    /// The public key, or a file with it [default: the installation's own, which somebody may have swapped]
    #[arg(long, env = "SITELOG_KEY", value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Checkpoints that were kept elsewhere (repeatable)
    #[arg(long, env = "SITELOG_CHECKPOINT", value_name = "FILE", value_delimiter = ',')]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// Only this run's chain
    #[arg(long, env = "SITELOG_RUN", value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Stop at the first finding
    #[arg(long, env = "SITELOG_FIRST")]
    pub(crate) first: bool,
    /// Print a bundle's records, one JSON object a line
    #[arg(long, env = "SITELOG_PRINT_RECORDS", requires = "bundle")]
    pub(crate) print_records: bool,
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

/// `sitelog audit export`.
#[derive(Debug, Args)]
pub(crate) struct AuditExportArgs {
    /// Operations: ids, beginnings of ids, or `last`; without one, all that the filters find
    pub(crate) operations: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Export all of the runs' chains: output, spans and notes as well
    #[arg(long, env = "SITELOG_WHOLE_RUNS")]
    pub(crate) whole_runs: bool,
    /// Where to; - for stdout
    #[arg(long, short, env = "SITELOG_OUTPUT", value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// `sitelog audit checkpoint`.
#[derive(Debug, Args)]
pub(crate) struct AuditCheckpointArgs {
    /// A file to append it to, or the URL of a C2SP witness (repeatable)
    #[arg(long, env = "SITELOG_WITNESS", value_name = "FILE|URL", value_delimiter = ',')]
    pub(crate) witness: Vec<String>,
    /// The verifier key of each witness that is a URL, in their order (repeatable)
    #[arg(long, env = "SITELOG_WITNESS_KEY", value_name = "KEY", value_delimiter = ',')]
    pub(crate) witness_key: Vec<String>,
}
