//! `sitelog redact add`: from inside a job, hides a value from now on in all that the run shows and records.

use crate::cli::RedactAddArgs;
use crate::exit::{Failure, say, say_too_short};
use sitelog_run::socket::{self, Answer, BODY_MAX, Request};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(args: &RedactAddArgs) -> Result<ExitCode, Failure> {
    if !args.value.is_empty() {
        // Not shown again: it is one already.
        return Err(Failure::usage(
            "redact add: a value is not given as an argument, where others can read it; pipe it in, or name its variable with --env",
        ));
    }
    let socket = args.socket.as_deref().filter(|path| !path.as_os_str().is_empty());
    let socket = socket.ok_or_else(|| {
        Failure::usage(format!(
            "redact add: {} is not set; call it inside a job of `sitelog run`",
            socket::VARIABLE
        ))
    })?;
    let values = if args.env.is_empty() {
        let value = from_stdin()?;
        if value.is_empty() {
            say("redact add: stdin is empty: nothing to hide");
            return Ok(ExitCode::SUCCESS);
        }
        vec![(args.name.clone(), value)]
    } else {
        args.env
            .iter()
            .map(|name| Ok((name.clone(), from_env(name)?)))
            .collect::<Result<_, Failure>>()?
    };
    let mut short = Vec::new();
    for (name, value) in values {
        if !add(socket, &name, &value)? {
            short.push(name);
        }
    }
    say_too_short(&short);
    Ok(ExitCode::SUCCESS)
}

/// Whether the value is looked for from now on; else it is too short.
fn add(socket: &Path, name: &str, value: &[u8]) -> Result<bool, Failure> {
    if value.len() > BODY_MAX {
        return Err(Failure::usage(format!(
            "redact add: {name}: longer than {BODY_MAX} bytes; register its parts"
        )));
    }
    let request = Request::RedactAdd { name: name.to_owned() };
    let at = format!("redact add: {}={}", socket::VARIABLE, socket.display());
    match socket::send(socket, &request, value) {
        Ok(Answer::Done) => Ok(true),
        Ok(Answer::TooShort) => Ok(false),
        Ok(Answer::Refused { why }) => Err(Failure::usage(format!("redact add: {name}: refused: {why}"))),
        Ok(_) => Err(Failure::unavailable(format!(
            "{at}: gives an answer that this version does not know"
        ))),
        Err(error) => Err(Failure::unavailable(format!("{at}: {error}; {name} is not hidden"))),
    }
}

/// All of stdin, without the line feed that `echo` and editors put at the end.
fn from_stdin() -> Result<Vec<u8>, Failure> {
    let mut value = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(BODY_MAX as u64 + 3)
        .read_to_end(&mut value);
    read.map_err(|error| Failure::input(format!("redact add: stdin: {error}")))?;
    if value.last() == Some(&b'\n') {
        value.pop();
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    Ok(value)
}

fn from_env(name: &str) -> Result<Vec<u8>, Failure> {
    let value = std::env::var_os(name).map(OsStringExt::into_vec);
    value.ok_or_else(|| Failure::usage(format!("redact add: --env {name}: no such variable; export it first")))
}
