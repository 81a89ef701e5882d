//! How an operation ended: from the engine's word, the tool's exit status and the signals it got.

use super::{End, Tool};
use crate::{Outcome, Summary, Verb};

/// What there is to judge by.
pub(super) struct Evidence<'a> {
    pub(super) tool: Tool,
    pub(super) verb: Option<Verb>,
    pub(super) summary: Option<&'a Summary>,
    /// Whether the engine said that it was told to stop.
    pub(super) canceled: bool,
    /// Whether something failed, as far as events say.
    pub(super) failed: bool,
    /// Whether anything arrived at all.
    pub(super) silent: bool,
    pub(super) end: &'a End,
}

/// Signals by which a person or a CI system asks a tool to stop.
const ASKING: [&str; 4] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

impl Evidence<'_> {
    /// The result. The engine's summary is believed except where the exit status is worse.
    pub(super) fn outcome(&self) -> Outcome {
        let word = self.summary.and_then(|summary| summary.result.as_deref());
        // Who was killed after the engine had its say is judged by that.
        if let (None, Some(signal)) = (word, self.end.signal.as_deref()) {
            return match signal {
                _ if self.end.interrupted => Outcome::Interrupted,
                "SIGKILL" => Outcome::Interrupted,
                _ if ASKING.contains(&signal) => Outcome::Canceled,
                _ => Outcome::Failed,
            };
        }
        if self.end.interrupted && self.summary.is_none() {
            return Outcome::Interrupted;
        }
        let bad = match (word, self.exit_failed()) {
            (Some("canceled"), _) => return Outcome::Canceled,
            (_, Some(true)) | (Some("failed"), _) => true,
            (Some(_), _) => false,
            (None, Some(false)) => false,
            // No word and no status: an older engine's summary says what was done, not how it ended.
            (None, None) if self.summary.is_some() => self.failed,
            (None, None) => return Outcome::Interrupted,
        };
        match bad {
            true if self.asked_to_stop() => Outcome::Canceled,
            true => Outcome::Failed,
            false => Outcome::Succeeded,
        }
    }

    /// Whether the exit status tells of a failure; `None` when there is none.
    fn exit_failed(&self) -> Option<bool> {
        let code = self.end.exit_code?;
        // `plan -detailed-exitcode` says with 2 that there are changes.
        let changes = code == 2 && self.tool != Tool::Pulumi && self.verb == Some(Verb::Plan);
        Some(code != 0 && !changes)
    }

    fn asked_to_stop(&self) -> bool {
        // Pulumi's own exit status for a second ^C.
        let status = self.tool == Tool::Pulumi && self.end.exit_code == Some(8);
        self.canceled
            || status
            || self
                .end
                .forwarded
                .iter()
                .any(|signal| ASKING.contains(&signal.as_str()))
    }

    /// `error.type` of an operation that ended so.
    pub(super) fn error_type(&self, outcome: Outcome) -> Option<String> {
        if self.end.interrupted && outcome == Outcome::Interrupted {
            return Some("interrupted".to_owned());
        }
        if self.silent {
            return Some("no_stream".to_owned());
        }
        let signal = self.end.signal.clone();
        let asked = self.end.forwarded.first().cloned();
        let status = self
            .end
            .exit_code
            .filter(|code| *code != 0)
            .map(|code| format!("exit_{code}"));
        match outcome {
            // Only its exit status says so, and each of its operations ends with a summary.
            Outcome::Succeeded if self.tool == Tool::Pulumi && self.summary.is_none() => Some("no_summary".to_owned()),
            Outcome::Succeeded => None,
            Outcome::Canceled => signal.or(asked).or_else(|| Some("canceled".to_owned())),
            Outcome::Interrupted => signal.or_else(|| Some("interrupted".to_owned())),
            Outcome::Failed => signal.or(status).or_else(|| Some("engine".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(word: Option<&str>, summary: bool, end: End) -> (Outcome, Option<String>) {
        let summary = summary.then(|| Summary {
            result: word.map(str::to_owned),
            ..Summary::default()
        });
        let evidence = Evidence {
            tool: Tool::Pulumi,
            verb: Some(Verb::Up),
            summary: summary.as_ref(),
            canceled: false,
            failed: false,
            silent: false,
            end: &end,
        };
        let outcome = evidence.outcome();
        (outcome, evidence.error_type(outcome))
    }

    fn exit(code: i32) -> End {
        End {
            exit_code: Some(code),
            streams: 1,
            ..End::default()
        }
    }

    #[test]
    fn the_worse_of_summary_and_exit_status_counts() {
        let kind = |text: &str| Some(text.to_owned());
        assert_eq!(judged(Some("succeeded"), true, exit(0)), (Outcome::Succeeded, None));
        assert_eq!(
            judged(Some("succeeded"), true, exit(1)),
            (Outcome::Failed, kind("exit_1"))
        );
        assert_eq!(judged(Some("failed"), true, exit(0)), (Outcome::Failed, kind("engine")));
        assert_eq!(judged(None, true, exit(0)), (Outcome::Succeeded, None));
        assert_eq!(judged(None, false, exit(0)), (Outcome::Succeeded, kind("no_summary")));
        assert_eq!(judged(None, false, exit(255)), (Outcome::Failed, kind("exit_255")));
        assert_eq!(
            judged(None, false, End::default()),
            (Outcome::Interrupted, kind("interrupted"))
        );
    }

    #[test]
    fn who_is_asked_to_stop_and_fails_was_canceled() {
        let forwarded = End {
            forwarded: vec!["SIGINT".into()],
            ..exit(1)
        };
        assert_eq!(judged(Some("failed"), true, forwarded).0, Outcome::Canceled);
        let too_late = End {
            forwarded: vec!["SIGINT".into()],
            ..exit(0)
        };
        assert_eq!(judged(Some("succeeded"), true, too_late).0, Outcome::Succeeded);
        assert_eq!(judged(Some("canceled"), true, exit(8)).0, Outcome::Canceled);
        assert_eq!(judged(None, false, exit(8)).0, Outcome::Canceled);
    }

    #[test]
    fn the_killed_did_not_end_in_order() {
        let killed = |signal: &str| End {
            signal: Some(signal.into()),
            ..End::default()
        };
        let kind = |text: &str| Some(text.to_owned());
        assert_eq!(
            judged(None, false, killed("SIGKILL")),
            (Outcome::Interrupted, kind("SIGKILL"))
        );
        assert_eq!(
            judged(None, false, killed("SIGTERM")),
            (Outcome::Canceled, kind("SIGTERM"))
        );
        assert_eq!(
            judged(None, false, killed("SIGSEGV")),
            (Outcome::Failed, kind("SIGSEGV"))
        );
        assert_eq!(judged(Some("succeeded"), true, killed("SIGKILL")).0, Outcome::Succeeded);
        assert_eq!(judged(Some("failed"), true, killed("SIGKILL")).0, Outcome::Failed);
        assert_eq!(judged(Some("canceled"), true, killed("SIGKILL")).0, Outcome::Canceled);
        let sealed = End {
            interrupted: true,
            ..End::default()
        };
        assert_eq!(judged(None, false, sealed), (Outcome::Interrupted, kind("interrupted")));
    }
}
