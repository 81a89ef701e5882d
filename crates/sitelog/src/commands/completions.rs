//! `sitelog completions`: shell completions and the man page.

use crate::cli::CompletionsArgs;
use crate::exit::Failure;
use clap::ValueEnum;
use clap_complete::Shell;
use std::process::ExitCode;

pub(super) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut command = crate::cli::command();
    let mut text = Vec::new();
    if args.shell == "man" {
        clap_mangen::Man::new(command).render(&mut text)?;
    } else {
        let unknown = |_| {
            Failure::usage(format!(
                "completions: {:?} is no shell; use bash, zsh, fish, elvish, powershell or man",
                args.shell
            ))
        };
        let shell = Shell::from_str(&args.shell, true).map_err(unknown)?;
        clap_complete::generate(shell, &mut command, "sitelog", &mut text);
    }
    std::io::Write::write_all(&mut std::io::stdout(), &text)?;
    Ok(ExitCode::SUCCESS)
}
