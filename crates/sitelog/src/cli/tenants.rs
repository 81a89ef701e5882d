//! The command line of `sitelog tenants`.

use super::Format;
use crate::settings::Period;
use clap::{Args, Subcommand};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantsCommand {
    /// Make a token of a tenant; a running `serve` takes it within seconds
    #[command(
        after_help = "Examples:\n  sitelog tenants add team-a\n  sitelog tenants add ops --role operator --expires 90d"
    )]
    Add(TenantsAddArgs),
    /// Show all tokens that were made here, without the tokens themselves
    #[command(after_help = "Examples:\n  sitelog tenants list\n  sitelog tenants list --format json")]
    List(TenantsListArgs),
    /// Make a new token in place of another one
    #[command(
        after_help = "Examples:\n  sitelog tenants rotate 1a2b3c4d\n  sitelog tenants rotate 1a2b3c4d --overlap 1h --expires 90d"
    )]
    Rotate(TenantsRotateArgs),
    /// Take a token away at once
    #[command(
        after_help = "Examples:\n  sitelog tenants revoke 1a2b3c4d\n  sitelog tenants list --format json | jq -r '.[].id' | xargs -n1 sitelog tenants revoke"
    )]
    Revoke(TenantsRevokeArgs),
}

/// `sitelog tenants add`.
#[derive(Debug, Args)]
pub(crate) struct TenantsAddArgs {
    /// The tenant
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What the token allows: tenant-writer, auditor, operator or admin
    #[arg(long, env = "SITELOG_ROLE", value_name = "ROLE", default_value = "tenant-writer")]
    pub(crate) role: String,
    /// After how long it ends [default: never]
    #[arg(long, env = "SITELOG_EXPIRES", value_name = "TIME")]
    pub(crate) expires: Option<Period>,
}

/// `sitelog tenants list`.
#[derive(Debug, Args)]
pub(crate) struct TenantsListArgs {
    /// A table for people or JSON for programs
    #[arg(long, env = "SITELOG_FORMAT", value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// `sitelog tenants rotate`.
#[derive(Debug, Args)]
pub(crate) struct TenantsRotateArgs {
    /// The token's id, as `list` shows it
    #[arg(value_name = "TOKEN")]
    pub(crate) id: String,
    /// For how long the old one goes on
    #[arg(long, env = "SITELOG_OVERLAP", value_name = "TIME", default_value = "1h")]
    pub(crate) overlap: Period,
    /// After how long the new one ends [default: never]
    #[arg(long, env = "SITELOG_EXPIRES", value_name = "TIME")]
    pub(crate) expires: Option<Period>,
}

/// `sitelog tenants revoke`.
#[derive(Debug, Args)]
pub(crate) struct TenantsRevokeArgs {
    /// The token's id, as `list` shows it
    #[arg(value_name = "TOKEN")]
    pub(crate) id: String,
}
