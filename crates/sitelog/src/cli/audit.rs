//! The command line of `sitelog audit`.

use clap::{Args, Subcommand, ValueEnum};

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
