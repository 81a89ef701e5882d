//! The end of an operation: what is still open, what does not add up, and its one `completed`.

use super::span::Ended;
use super::{Draft, End, HISTORY, Operation, Output, Tool, When, account, beginning, event, outcome, span};
use crate::pulumi::Urn;
use crate::{Action, Outcome, Step, Verb};
use sitelog_model::attributes as name;
use sitelog_model::key_value;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::logs::v1::SeverityNumber;
use std::collections::BTreeMap;

impl Operation {
    /// Ends the operation: closes what is open and records its one `completed`.
    pub fn end(mut self, end: &End, at: u64, out: &mut Output) {
        self.start(at, out);
        let verb = self.verb();
        let judge = outcome::Evidence {
            tool: self.context.tool,
            verb,
            summary: self.summary(),
            canceled: self.canceled,
            failed: self.errors > 0 || self.resources.failed > 0,
            silent: self.received + self.malformed == 0 && self.summary.is_none(),
            end,
        };
        let outcome = judge.outcome();
        let error = judge.error_type(outcome);
        let unfinished = self.close_open(outcome, at, out);
        if matches!(outcome, Outcome::Failed | Outcome::Canceled) {
            self.fail_blamed(at, out);
        }
        if outcome == Outcome::Canceled && !self.canceled {
            let signal = end.signal.iter().chain(&end.forwarded).next();
            let sentence = signal.map_or_else(
                || "no signal was seen".to_owned(),
                |signal| format!("{signal} received"),
            );
            self.cancel(&sentence, When::ours(at), out);
        }
        let disagreement = self.disagreement(outcome, end);
        self.report_gaps(at, out);
        self.report_disagreement(&disagreement, at, out);

        let seconds = at.saturating_sub(self.began) as f64 / 1e9;
        let mut attributes = self.own_attributes(verb);
        attributes.push(key_value::text(name::SITELOG_OPERATION_RESULT, outcome.name()));
        attributes.push(key_value::double(name::SITELOG_OPERATION_DURATION, seconds));
        let own = attributes.clone();
        attributes.extend(error.as_ref().map(|kind| key_value::text(name::ERROR_TYPE, kind)));
        attributes.extend(self.account(unfinished, &disagreement));
        attributes.extend(self.events());
        attributes.extend(process(end));
        attributes.extend(self.begin.take().into_iter().flat_map(beginning));
        let body = self.sentence(verb, outcome, seconds);
        out.spans.push(self.span(verb, own, error.as_deref(), &body, at));
        let draft = Draft {
            event: event::COMPLETED,
            severity: match outcome {
                Outcome::Succeeded if self.summary().is_some() => SeverityNumber::Info,
                // Nobody but the exit status says so.
                Outcome::Succeeded | Outcome::Canceled => SeverityNumber::Warn,
                Outcome::Failed | Outcome::Interrupted => SeverityNumber::Error,
            },
            body,
            span: self.resources.root(),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, When::ours(at)));
    }

    /// Ends the steps that are open: as done where that follows, as failed where nobody knows. How many those are.
    fn close_open(&mut self, outcome: Outcome, at: u64, out: &mut Output) -> u64 {
        let in_order = self.over || self.summary.is_some();
        let succeeded = outcome == Outcome::Succeeded;
        let mut unfinished = 0;
        for open in self.resources.take_open() {
            let when = When::ours(at);
            if open.is_done(in_order, succeeded) && self.is_accounted(&open.step) {
                self.complete(open.step.clone(), Some(open), true, when, out);
                continue;
            }
            unfinished += 1;
            if open.step.action.changes() && !succeeded {
                let kind = self.resources.blamed(&open.step.address).unwrap_or("unfinished");
                self.fail(open.step.clone(), Some(open), kind, when, out);
            } else {
                let attributes = vec![key_value::text(name::SITELOG_RESOURCE_URN, &open.step.address)];
                let error = Some(("unfinished", "no end was told"));
                out.spans
                    .push(span::of_step(&open, self.context.place, at, attributes, error));
            }
        }
        unfinished
    }

    /// Whether the engine's account has room for one more step of this kind; it has when there is none.
    fn is_accounted(&self, step: &Step) -> bool {
        let Some(summary) = self.summary().filter(|_| step.counted && step.action.changes()) else {
            return true;
        };
        let count = |counts: &BTreeMap<String, u64>| counts.get(&step.engine_action).copied().unwrap_or(0);
        count(&summary.changes) > count(&self.resources.counts)
    }

    /// Resources at which the operation failed though no step of theirs failed: a policy or a check refused them.
    fn fail_blamed(&mut self, at: u64, out: &mut Output) {
        for (address, kind) in self.resources.take_blamed() {
            let parts = Urn::parse(&address);
            // What is wrong with a program is said of its stack.
            if parts.is_some_and(|urn| urn.kind == "pulumi:pulumi:Stack") {
                continue;
            }
            let step = Step {
                kind: parts.map(|urn| urn.kind).unwrap_or_default().to_owned(),
                name: parts.map_or(address.as_str(), |urn| urn.name).to_owned(),
                address: address.clone(),
                action: Action::Same,
                engine_action: String::new(),
                parent: None,
                diff: Vec::new(),
                planned: self.evidence.only_planned(),
                counted: false,
                component: false,
                why: None,
            };
            self.fail(step, None, kind, When::ours(at), out);
        }
    }

    /// Where the engine's account does not fit its events, or its end.
    fn disagreement(&self, outcome: Outcome, end: &End) -> Vec<String> {
        let Some(summary) = self.summary().filter(|_| self.context.feed != HISTORY) else {
            return Vec::new();
        };
        // A plan of Terraform's counts a replacement twice, its steps name it once.
        let mut found = match summary.planned && self.context.tool != Tool::Pulumi {
            true => Vec::new(),
            false => account::disagreement(summary, &self.resources.counts, self.evidence.is_digest()),
        };
        if let (Some("succeeded"), Outcome::Failed, Some(code)) = (summary.result.as_deref(), outcome, end.exit_code) {
            found.push(format!("result: succeeded by the engine's summary, exit status {code}"));
        }
        found
    }

    fn report_gaps(&mut self, at: u64, out: &mut Output) {
        if self.lost() > 0 {
            let body = format!(
                "{} events of the engine did not arrive: {}",
                self.lost(),
                self.sequence.gaps()
            );
            self.warn(body, at, out);
        }
    }

    fn report_disagreement(&mut self, found: &[String], at: u64, out: &mut Output) {
        if !found.is_empty() {
            self.warn(
                format!("the engine's account does not fit: {}", found.join("; ")),
                at,
                out,
            );
        }
    }

    fn warn(&mut self, body: String, at: u64, out: &mut Output) {
        let draft = Draft {
            event: event::DIAGNOSTIC,
            severity: SeverityNumber::Warn,
            body,
            span: self.resources.root(),
            attributes: Vec::new(),
        };
        out.logs.push(self.scribe.write(draft, When::ours(at)));
    }

    /// Events that did not come. Printed streams leave numbers out by their nature.
    fn lost(&self) -> u64 {
        match self.context.feed {
            "stdout" => 0,
            _ => self.sequence.lost(),
        }
    }

    /// What was done, by the engine's account; by what was seen, where it gave none.
    fn changes(&self) -> BTreeMap<&'static str, u64> {
        match self.summary() {
            Some(summary) => account::by_action(&summary.changes),
            None => account::by_action(&self.resources.counts),
        }
    }

    fn account(&self, unfinished: u64, disagreement: &[String]) -> Vec<KeyValue> {
        let mut attributes: Vec<KeyValue> = self
            .changes()
            .into_iter()
            .map(|(key, count)| key_value::int(key, count))
            .collect();
        match self.summary() {
            None => attributes.push(key_value::boolean(name::SITELOG_SUMMARY_MISSING, true)),
            Some(summary) => {
                attributes.extend(
                    summary
                        .seconds
                        .map(|s| key_value::int(name::SITELOG_ENGINE_DURATION, s)),
                );
            }
        }
        if !disagreement.is_empty() {
            attributes.push(key_value::texts(
                name::SITELOG_SUMMARY_DISAGREEMENT,
                disagreement.iter().cloned(),
            ));
        }
        attributes.push(key_value::int(name::SITELOG_RESOURCES_FAILED, self.resources.failed));
        if unfinished > 0 {
            attributes.push(key_value::int(name::SITELOG_RESOURCES_UNFINISHED, unfinished));
        }
        attributes
    }

    /// Whether every event came and could be read; what did not happen is not mentioned.
    fn events(&self) -> impl Iterator<Item = KeyValue> {
        let faults = [
            (name::SITELOG_EVENTS_LOST, self.lost()),
            (name::SITELOG_EVENTS_DUPLICATED, self.sequence.duplicated),
            (name::SITELOG_EVENTS_REORDERED, self.sequence.reordered),
            (name::SITELOG_EVENTS_MALFORMED, self.malformed),
            (name::SITELOG_EVENTS_UNKNOWN, self.unknown),
        ];
        let faults = faults
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(key, count)| key_value::int(key, count));
        // What a killed sitelog had received is not known.
        let is_known = !self.resumed && self.context.feed != HISTORY;
        let received = is_known.then(|| key_value::int(name::SITELOG_EVENTS_RECEIVED, self.received));
        received.into_iter().chain(faults)
    }

    /// `pulumi up succeeded in 10.1 s: 2 created, 4 replaced`.
    fn sentence(&self, verb: Option<Verb>, outcome: Outcome, seconds: f64) -> String {
        let subject = verb.map_or("operation", Verb::name);
        let mut sentence = format!(
            "{} {subject} {} in {seconds:.1} s",
            self.context.tool.name(),
            outcome.name()
        );
        let changes = self.changes().into_iter().filter(|(_, count)| *count > 0);
        let changes = changes.map(|(key, count)| format!("{} {count}", key.rsplit('.').next().unwrap_or(key)));
        let changes = changes.collect::<Vec<_>>().join(", ");
        if !changes.is_empty() {
            sentence = format!("{sentence}: {changes}");
        }
        if self.resources.failed > 0 {
            sentence = format!("{sentence}; {} failed", self.resources.failed);
        }
        sentence
    }

    fn span(
        &self,
        verb: Option<Verb>,
        mut attributes: Vec<KeyValue>,
        error: Option<&str>,
        sentence: &str,
        at: u64,
    ) -> sitelog_model::otlp::trace::v1::Span {
        let tool = self.context.tool.name();
        attributes.push(key_value::text(name::SITELOG_TOOL, tool));
        let ended = Ended {
            place: self.context.place,
            span: self.resources.root(),
            parent: self.context.place.span,
            name: verb.map_or_else(|| tool.to_owned(), |verb| format!("{tool} {}", verb.name())),
            start: self.began,
            end: at,
            attributes,
            error: error.map(|kind| (kind, sentence)),
        };
        ended.span()
    }
}

/// How the tool's process ended, and what it was told on the way.
fn process(end: &End) -> impl Iterator<Item = KeyValue> {
    let code = end
        .exit_code
        .map(|code| key_value::signed(name::PROCESS_EXIT_CODE, i64::from(code)));
    let signal = end
        .signal
        .as_ref()
        .map(|signal| key_value::text(name::SITELOG_SIGNAL, signal));
    let forwarded = (!end.forwarded.is_empty())
        .then(|| key_value::texts(name::SITELOG_SIGNALS_FORWARDED, end.forwarded.iter().cloned()));
    let streams = key_value::int(name::SITELOG_EVENTS_STREAMS, end.streams);
    [code, signal, forwarded, Some(streams)].into_iter().flatten()
}
