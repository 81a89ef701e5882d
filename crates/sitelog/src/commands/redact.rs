//! `sitelog redact`: stdin to stdout by the rules that hold everywhere else, in constant memory; and what belongs to it.

mod add;
mod filter;
mod rules;

use crate::cli::{RedactArgs, RedactCommand, RedactFormat};
use crate::exit::Failure;
use crate::setup::Setup;
use filter::Filter;
use sitelog_sanitize::{DocumentKind, cases};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, args: &RedactArgs) -> Result<ExitCode, Failure> {
    if let Some(RedactCommand::Add(add)) = &args.command {
        return add::run(add);
    }
    let (sanitizer, short) = setup.sanitizer(&args.sanitize, &args.secret_env, Vec::new())?;
    if args.rules {
        return done(rules::list(setup, args, io::stdout().lock()));
    }
    if args.cases {
        return done(answer_cases(io::stdin().lock(), io::stdout().lock()));
    }
    crate::exit::say_too_short(&short);
    let mut filter = match args.format {
        RedactFormat::Text => Filter::text(&sanitizer),
        RedactFormat::Json => Filter::documents(&sanitizer, DocumentKind::Json),
        RedactFormat::OtlpJson => Filter::documents(&sanitizer, DocumentKind::OtlpJson),
    };
    if args.explain {
        filter.explain();
    }
    match filter.run(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => filter.verdict(),
        Err(filter::Stop::Io(error)) => done(Err(error)),
        Err(filter::Stop::NotOtlp(refused)) => Err(Failure::input(format!("redact: stdin: {refused}"))),
    }
}

/// How a command ends that reads and writes.
fn done(result: io::Result<()>) -> Result<ExitCode, Failure> {
    match result {
        // Whoever reads us has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::input(format!("redact: {error}"))),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// The case lines of RULES.md in, answers out, line by line.
fn answer_cases(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.lines() {
        let line = line?;
        if !line.trim().is_empty() {
            writeln!(output, "{}", cases::run(&line))?;
        }
    }
    output.flush()
}
