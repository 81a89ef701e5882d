//! One file a command.

mod audit;
mod cloud;
mod completions;
mod config;
mod demo;
mod flush;
mod jobs;
mod redact;
mod run;
mod serve;
mod spool;
mod tenants;

use crate::cli::{Cli, Command};
use crate::exit::Failure;
use crate::setup::Setup;
use std::process::ExitCode;

/// Runs the command that was asked for.
pub(crate) fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    if let Command::Completions(args) = &cli.command {
        return completions::run(args);
    }
    let setup = Setup::new(&cli.global, cli.config.as_deref())?;
    match cli.command {
        Command::Run(args) => run::run(&setup, &args),
        Command::Cloud(args) => cloud::run(&setup, &args),
        Command::Serve(args) => serve::run(&setup, &args),
        Command::Tenants(command) => tenants::run(&setup, &command),
        Command::Flush(args) => flush::run(&setup, &args),
        Command::Spool(args) => spool::run(&setup, args.format),
        Command::Audit(command) => audit::run(&setup, &command),
        Command::Jobs(command) => jobs::run(&setup, &command),
        Command::Config(command) => config::run(&setup, &command),
        Command::Demo(args) => demo::run(&setup, &args),
        Command::Redact(args) => redact::run(&setup, &args),
        Command::Completions(_) => Ok(ExitCode::SUCCESS),
    }
}
