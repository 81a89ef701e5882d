//! Exit codes (`cli.md`) and the lines that go with them.

use sitelog_sanitize::{Sanitizer, Settings, declared_from_env};
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

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

impl From<sitelog_store::Error> for Failure {
    fn from(error: sitelog_store::Error) -> Self {
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

/// What sitelog's own words go through.
static WORDS: Mutex<Option<Sanitizer>> = Mutex::new(None);

/// From now on sitelog's own words go through this sanitizer too, which knows more than the environment.
pub(crate) fn speak_through(sanitizer: &Sanitizer) {
    *WORDS.lock().unwrap_or_else(PoisonError::into_inner) = Some(sanitizer.clone());
}

/// A text without secrets: before anything else is known, without those of the environment.
fn clean(text: &str) -> String {
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let of_env = || {
        let (declared, _) = declared_from_env(std::env::vars_os(), &[]);
        let settings = Settings {
            declared,
            ..Settings::default()
        };
        Sanitizer::new(settings)
    };
    words.get_or_insert_with(of_env).text(text).into_owned()
}

/// Says that declared values are too short to be looked for (RULES.md R21).
pub(crate) fn say_too_short(names: &[String]) {
    if !names.is_empty() {
        say(&format!(
            "{}: too short to be hidden in text (under 6 bytes)",
            names.join(", ")
        ));
    }
}

/// A panic is told like everything else, in one line and without secrets.
pub(crate) fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("unknown");
        say(&format!("internal error at {place}: {what}; please report it"));
    }));
}

/// Prints one line of sitelog's own to stderr.
pub(crate) fn say(line: &str) {
    let line = clean(line);
    // A line feed in a name or a system's message must not make two lines of it.
    // A stderr that cannot be written must not change anything either.
    let _ = writeln!(std::io::stderr(), "sitelog: {}", line.replace(['\n', '\r'], " "));
}
