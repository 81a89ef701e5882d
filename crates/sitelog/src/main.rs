//! `sitelog`: commands, configuration, wiring.

mod cli;
mod commands;
mod exit;
mod leftovers;
mod records;
mod registration;
mod report;
mod runs;
mod settings;
mod setup;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::tell_panics();
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
