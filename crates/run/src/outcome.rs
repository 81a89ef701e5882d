//! How a job ended.

use crate::StartError;
use nix::sys::signal::Signal;

/// The end of a job, as its exit status and its span tell it.
#[derive(Debug)]
pub enum Outcome {
    /// It exited with a status.
    Exited(i32),
    /// A signal ended it: its number.
    Killed(i32),
    /// It did not start.
    NotStarted(StartError),
}

/// Signals by which a person or a CI system ends a job.
const CANCELING: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// A signal's name; a real-time signal has none but its number.
fn name(signal: i32) -> String {
    Signal::try_from(signal).map_or_else(|_| format!("SIG{signal}"), |known| known.as_str().to_owned())
}

impl Outcome {
    /// The exit status of `sitelog run`: the job's own, 128+n after signal n, 126 or 127 when it did not start.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Exited(code) => *code,
            Self::Killed(signal) => 128 + *signal,
            Self::NotStarted(error) => error.exit_code(),
        }
    }

    /// `cicd.pipeline.task.run.result`: a job that did not start is an `error`, one ended by the user a `cancellation`.
    pub fn result(&self) -> &'static str {
        match self {
            Self::Exited(0) => "success",
            Self::Exited(_) => "failure",
            Self::Killed(signal) if CANCELING.iter().any(|by_user| *by_user as i32 == *signal) => "cancellation",
            Self::Killed(_) => "failure",
            Self::NotStarted(_) => "error",
        }
    }

    /// `error.type`, when it failed.
    pub fn error_type(&self) -> Option<String> {
        match self {
            Self::Exited(0) => None,
            Self::Exited(code) => Some(format!("exit_{code}")),
            Self::Killed(signal) => Some(name(*signal)),
            Self::NotStarted(StartError::NotFound { .. }) => Some("not_found".to_owned()),
            Self::NotStarted(StartError::NotExecutable { .. }) => Some("not_executable".to_owned()),
        }
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<String> {
        match self {
            Self::Killed(signal) => Some(name(*signal)),
            _ => None,
        }
    }

    /// One clause for people: the span's status message.
    pub fn describe(&self) -> String {
        match self {
            Self::Exited(code) => format!("exit status {code}"),
            Self::Killed(signal) => format!("ended by {}", name(*signal)),
            Self::NotStarted(error) => error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_the_exit_status_of_a_shell() {
        assert_eq!(Outcome::Exited(7).exit_code(), 7);
        assert_eq!(Outcome::Killed(15).exit_code(), 143);
        assert_eq!(Outcome::Killed(15).result(), "cancellation");
        assert_eq!(Outcome::Killed(11).result(), "failure");
        assert_eq!(Outcome::Killed(34).exit_code(), 162);
        assert_eq!(Outcome::Killed(34).signal().as_deref(), Some("SIG34"));
        let not_found = Outcome::NotStarted(StartError::NotFound { program: "x".into() });
        assert_eq!((not_found.exit_code(), not_found.result()), (127, "error"));
    }
}
