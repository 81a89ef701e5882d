//! What the wrapper says at the end of a run: at most one line, and none when all is well.

use crate::exit::say;
use crate::settings::LogLevel;
use sitelog_model::Signal;
use sitelog_run::Tally;
use sitelog_run::provisioning::Provisioned;
use sitelog_run::socket::SocketCounts;

/// What is to be said, the worst first.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<(LogLevel, String)>);

impl Report {
    /// Something was lost.
    pub(crate) fn lost(&mut self, what: String) {
        self.0.push((LogLevel::Error, what));
    }

    /// Declared values that are too short to be looked for.
    pub(crate) fn short_secrets(&mut self, names: &[String]) {
        if !names.is_empty() {
            let names = names.join(", ");
            self.0.push((
                LogLevel::Warn,
                format!("{names}: too short to be hidden in text (under 6 bytes)"),
            ));
        }
    }

    /// The job could not register values.
    pub(crate) fn no_socket(&mut self, error: &std::io::Error) {
        self.0.push((
            LogLevel::Warn,
            format!("`sitelog redact add` could not be used in the job: {error}"),
        ));
    }

    /// What the job asked for and did not get.
    pub(crate) fn asked(&mut self, asked: SocketCounts) {
        let failed = asked.foreign + asked.broken + asked.bad + asked.refused;
        if failed > 0 {
            self.0
                .push((LogLevel::Warn, format!("{failed} requests of the job were refused")));
        }
    }

    /// Something that was asked for has no effect.
    pub(crate) fn unused(&mut self, what: Option<&str>) {
        self.0.extend(what.map(|what| (LogLevel::Warn, what.to_owned())));
    }

    /// The tools of the job are not recorded as such.
    pub(crate) fn no_tools(&mut self, error: &std::io::Error) {
        self.lost(format!("the operations of tools in the job are not recorded: {error}"));
    }

    /// What was and was not recorded of tools.
    pub(crate) fn provisioned(&mut self, told: &Provisioned) {
        let why = told.records.why.as_deref().unwrap_or("unknown");
        if told.records.dropped > 0 {
            self.lost(format!(
                "{} audit records were not recorded: {why}",
                told.records.dropped
            ));
        }
        if told.malformed > 0 {
            self.lost(format!("{} events of tools could not be read", told.malformed));
        }
        if told.unread > 0 {
            self.lost(format!("{} event streams were still open at the end", told.unread));
        }
        if told.broken > 0 {
            // Its engine was killed, most often, and the operation says so.
            self.0
                .push((LogLevel::Warn, format!("{} event streams broke off", told.broken)));
        }
        if told.answered_early > 0 {
            let what = format!(
                "{} event streams were answered before the disk had them",
                told.answered_early
            );
            self.0.push((LogLevel::Warn, what));
        }
        if told.intercept_lost {
            self.lost("the run's folder was taken away while the job ran: tools may not be recorded".to_owned());
        }
    }

    /// What the ledger took and did not take.
    pub(crate) fn recorded(&mut self, tally: &Tally, fault: Option<&str>) {
        let why = tally.why.as_deref().or(fault).unwrap_or("unknown");
        match (tally.dropped, fault) {
            (0, None) => self
                .0
                .push((LogLevel::Info, format!("{} lines recorded", tally.recorded))),
            (0, Some(fault)) if tally.recorded == 0 => self.lost(format!("the run was not recorded: {fault}")),
            (0, Some(fault)) => self.lost(format!("the run's end was not recorded: {fault}")),
            (dropped, _) => self.lost(format!("{dropped} lines were not recorded: {why}")),
        }
    }

    /// What the destinations took and did not take.
    pub(crate) fn delivered(&mut self, delivery: &sitelog_export::Report) {
        let signals = Signal::ALL.map(|signal| delivery.of_signal(signal));
        let why = signals.iter().find_map(|signal| signal.last_error.as_deref());
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let refused: u64 = signals.iter().map(|signal| signal.refused + signal.rejected).sum();
        if refused > 0 {
            self.0.push((
                LogLevel::Warn,
                format!("{refused} records were refused by the destination{why}"),
            ));
        }
        if signals
            .iter()
            .any(|signal| signal.waiting.frames > 0 || signal.waiting.more)
        {
            self.0.push((
                LogLevel::Warn,
                format!("records wait in the ledger for `sitelog flush`{why}"),
            ));
        }
    }

    /// Prints one line with all that is at least as bad as `level`.
    pub(crate) fn print(mut self, level: LogLevel) {
        self.0.sort_by_key(|(level, _)| *level);
        let said: Vec<String> = self
            .0
            .into_iter()
            .filter(|(at, _)| *at <= level)
            .map(|(_, what)| what)
            .collect();
        if !said.is_empty() {
            say(&said.join("; "));
        }
    }
}
