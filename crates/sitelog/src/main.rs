//! `sitelog`: commands, configuration, wiring.

mod cli;
mod cloud;
mod commands;
mod exit;
mod leftovers;
mod records;
mod registration;
mod report;
mod runs;
mod serve;
mod settings;
mod setup;
mod table;

use std::process::ExitCode;

/// Called under a tool's name, by a link of a run's, this program stands for the tool; it does not come back from most of
/// them.
fn shim() -> Option<ExitCode> {
    let called = std::env::args_os().next()?;
    let tool = sitelog_run::tools::tool_of(&called)?;
    let code = sitelog_run::shim(tool).unwrap_or_else(|(code, why)| {
        exit::say(&why);
        code
    });
    std::process::exit(code)
}

fn main() -> ExitCode {
    exit::tell_panics();
    if let Some(code) = shim() {
        return code;
    }
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match commands::dispatch(cli) {
        Ok(code) => code,
        Err(failure) => {
            exit::say(&failure.why);
            ExitCode::from(failure.code)
        }
    }
}
