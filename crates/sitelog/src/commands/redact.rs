//! `sitelog redact`: stdin to stdout by the rules that hold everywhere else, in constant memory.

use crate::cli::RedactArgs;
use crate::exit::Failure;
use sitelog_sanitize::{Sanitizer, Settings, cases, declared_from_env};
use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

/// Read at once.
const CHUNK: usize = 64 * 1024;

pub(super) fn run(args: &RedactArgs) -> Result<ExitCode, Failure> {
    let (input, output) = (io::stdin().lock(), io::stdout().lock());
    let done = if args.cases {
        answer_cases(input, output)
    } else {
        filter(&sanitizer(args), input, output)
    };
    match done {
        // Whoever reads us has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::input(format!("redact: {error}"))),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn sanitizer(args: &RedactArgs) -> Sanitizer {
    let (declared, short) = declared_from_env(std::env::vars_os(), &args.secret_env);
    if !short.is_empty() {
        crate::exit::say(&format!(
            "{}: too short to be hidden in text (under 6 bytes)",
            short.join(", ")
        ));
    }
    Sanitizer::new(Settings {
        declared,
        ..Settings::default()
    })
}

fn filter(sanitizer: &Sanitizer, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut redactor = sanitizer.stream();
    let mut buffer = vec![0; CHUNK];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => output.write_all(redactor.push(&buffer[..len]).get())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        // Behind a live pipe, what is clear should be seen at once.
        output.flush()?;
    }
    output.write_all(redactor.finish().get())?;
    output.flush()
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
