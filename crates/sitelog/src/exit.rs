//! Exit codes (`cli.md`) and the lines that go with them.

use std::io::Write;
use std::process::ExitCode;

/// An error with the exit code that it means.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    /// One line.
    pub(crate) why: String,
}

impl Failure {
    /// Usage or configuration is wrong.
    pub(crate) fn usage(why: impl ToString) -> Self {
        Self {
            code: 64,
            why: why.to_string(),
        }
    }

    /// Input cannot be read.
    pub(crate) fn input(why: impl ToString) -> Self {
        Self {
            code: 2,
            why: why.to_string(),
        }
    }

    /// Ran, and found what it looks for, or did not finish.
    pub(crate) fn found(why: impl ToString) -> Self {
        Self {
            code: 1,
            why: why.to_string(),
        }
    }

    /// A service it needs cannot be reached.
    pub(crate) fn unavailable(why: impl ToString) -> Self {
        Self {
            code: 69,
            why: why.to_string(),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::input(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::input(error)
    }
}

impl From<sitelog_ledger::Error> for Failure {
    fn from(error: sitelog_ledger::Error) -> Self {
        Self::input(error)
    }
}

/// The exit code for wrong usage.
pub(crate) fn usage() -> ExitCode {
    ExitCode::from(64)
}

/// Prints one line of sitelog's own to stderr.
pub(crate) fn say(line: &str) {
    // A line feed in a name or a system's message must not make two lines of it.
    // A stderr that cannot be written must not change anything either.
    let _ = writeln!(std::io::stderr(), "sitelog: {}", line.replace(['\n', '\r'], " "));
}
