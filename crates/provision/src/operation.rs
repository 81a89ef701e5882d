//! One operation of one tool: facts in, numbered records and spans out, exactly one `completed`.
//!
//! ```text
//! begin ─► started ─► resource started ─► completed | failed ─► … ─► completed
//!                 └─► diagnostic, policy violation, canceled ─┘
//! ```

mod account;
mod context;
mod ending;
mod ids;
mod outcome;
mod pem;
mod recall;
mod record;
mod resources;
mod sayings;
mod sequence;
mod span;
mod steps;
mod verb;

pub use context::{Context, End, HISTORY, Output, Tool};

use crate::pulumi::Urn;
use crate::{Begin, Fact, Summary, Verb, What};
use pem::PrivateKeys;
use record::{Draft, Scribe, When, event};
use resources::Resources;
use sequence::{Seen, Sequence};
use sitelog_model::attributes as name;
use sitelog_model::key_value;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::logs::v1::SeverityNumber;

/// An operation that has begun and not ended. Its memory grows with the resources it touches, not with its events.
#[derive(Debug)]
pub struct Operation {
    context: Context,
    /// When it began, by our clock.
    began: u64,
    scribe: Scribe,
    started: bool,
    /// What the engine said at its beginning, when `started` had been recorded before.
    begin: Option<Begin>,
    sequence: Sequence,
    resources: Resources,
    keys: PrivateKeys,
    evidence: verb::Evidence,
    summary: Option<Summary>,
    /// Terraform's account of the plan that an apply begins with.
    plan: Option<Summary>,
    canceled: bool,
    over: bool,
    /// Whether a resource has named the stack.
    placed: bool,
    /// Error diagnostics.
    errors: u64,
    received: u64,
    malformed: u64,
    unknown: u64,
    /// Whether it is another process's, of which only the stored records are known.
    resumed: bool,
}

impl Operation {
    /// Begins an operation at `at` (Unix nanoseconds, our clock). Nothing is recorded yet.
    pub fn begin(context: Context, at: u64) -> Self {
        Self {
            began: at,
            scribe: Scribe::new(context.id, context.place),
            started: false,
            begin: None,
            sequence: Sequence::default(),
            resources: Resources::new(context.id),
            keys: PrivateKeys::default(),
            evidence: verb::Evidence::default(),
            summary: None,
            plan: None,
            canceled: false,
            over: false,
            placed: false,
            errors: 0,
            received: 0,
            malformed: 0,
            unknown: 0,
            resumed: false,
            context,
        }
    }

    /// Takes up an operation of a sitelog that was killed, to [`end`](Self::end) it: it began at `at`. What is stored of it
    /// is told by [`recall`](Self::recall).
    pub fn resume(context: Context, at: u64) -> Self {
        let mut operation = Self::begin(context, at);
        operation.resumed = true;
        operation
    }

    /// Records `started` now, where it was not recorded yet; the first fact does it otherwise.
    pub fn start(&mut self, at: u64, out: &mut Output) {
        self.record_start(Begin::default(), When::ours(at), out);
    }

    /// Takes one fact, which arrived at `at`. An event whose number was here before is counted and not recorded again.
    pub fn tell(&mut self, fact: Fact, at: u64, out: &mut Output) {
        let when = self.when(&fact, at);
        if let Some(number) = fact.sequence
            && self.sequence.see(number) == Seen::Again
        {
            return;
        }
        self.received += 1;
        match fact.what {
            What::Aside(_) => return,
            What::End => {
                self.over = true;
                return;
            }
            What::Summary(summary) => {
                self.take_summary(summary);
                self.record_start(Begin::default(), When::ours(at), out);
                return;
            }
            What::Begin(begin) => return self.record_start(begin, when, out),
            _ => self.record_start(Begin::default(), When::ours(at), out),
        }
        match fact.what {
            What::ResourceStarted(step) => self.resource_started(step, when, out),
            What::ResourceCompleted(step) => self.resource_completed(step, when, out),
            What::ResourceFailed(step) => self.resource_failed(step, when, out),
            What::Diagnostic(said) => self.diagnostic(said, when, out),
            What::Policy(policy) => self.policy(policy, when, out),
            What::Canceled(sentence) => self.cancel(&sentence, when, out),
            What::Other { kind, keys } => self.unknown(kind, keys, when, out),
            What::Begin(_) | What::Summary(_) | What::End | What::Aside(_) => {}
        }
    }

    /// Takes the account of who keeps the history of operations, where its events gave none.
    pub fn accounted(&mut self, summary: Summary) {
        self.summary.get_or_insert(summary);
    }

    /// Counts an event that the reader could not read, or that was cut off.
    pub fn malformed(&mut self) {
        self.malformed += 1;
    }

    /// Whether the engine closed the operation's stream in order: what comes next on the same feed is another
    /// operation's, whose numbers begin anew.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// What it does, as far as that is known: by the engine's word, by its steps, or by the arguments of the tool.
    pub fn verb(&self) -> Option<Verb> {
        let summary = self.summary();
        if self.context.tool == Tool::Pulumi
            && (self.evidence.only_planned() || summary.is_some_and(|summary| summary.planned))
        {
            return Some(Verb::Preview);
        }
        let told = summary.and_then(|summary| summary.verb);
        self.context
            .verb
            .or(told)
            .or_else(|| self.evidence.verb(self.context.tool))
    }

    /// What the resource of its records says about it, beyond the run's own. The verb, the project and the stack may be
    /// known only after the first records.
    pub fn attributes(&self) -> Vec<KeyValue> {
        let context = &self.context;
        let text = |key, value: &Option<String>| value.as_ref().map(|value| key_value::text(key, value));
        let always = [
            key_value::text(name::SITELOG_OPERATION_ID, context.id.to_string()),
            key_value::text(name::SITELOG_TOOL, context.tool.name()),
            key_value::text(name::SITELOG_FEED, context.feed),
        ];
        let known = [
            self.verb()
                .map(|verb| key_value::text(name::SITELOG_OPERATION_NAME, verb.name())),
            text(name::PULUMI_PROJECT, &context.project),
            text(name::PULUMI_STACK, &context.stack),
            text(name::PULUMI_ORGANIZATION, &context.organization),
            text(name::TERRAFORM_WORKSPACE, &context.workspace),
            text(name::TERRAFORM_ROOT, &context.root),
        ];
        always.into_iter().chain(known.into_iter().flatten()).collect()
    }

    /// The engine's account of what was done; of what was planned, where nothing was to be done.
    fn summary(&self) -> Option<&Summary> {
        let plans = self.context.verb.is_none_or(Verb::plans) && self.evidence.done() == 0;
        self.summary.as_ref().or_else(|| self.plan.as_ref().filter(|_| plans))
    }

    fn take_summary(&mut self, summary: Summary) {
        let slot = match summary.planned && self.context.tool != Tool::Pulumi {
            true => &mut self.plan,
            false => &mut self.summary,
        };
        *slot = Some(summary);
    }

    /// Pulumi counts whole seconds, so our clock says when; Terraform's microseconds are better than our receipt.
    fn when(&self, fact: &Fact, at: u64) -> When {
        let time = match self.context.tool {
            Tool::Pulumi => at,
            Tool::Terraform | Tool::Tofu => fact.time.unwrap_or(at),
        };
        When {
            at,
            time,
            engine: fact.time,
            sequence: fact.sequence,
        }
    }

    /// The stack and the project, from the first resource that names them: the engine's word is better than arguments.
    fn learn_place(&mut self, address: &str) {
        if self.context.tool != Tool::Pulumi || self.placed {
            return;
        }
        if let Some(urn) = Urn::parse(address) {
            self.context.stack = Some(urn.stack.to_owned());
            self.context.project = Some(urn.project.to_owned());
            self.placed = true;
        }
    }

    fn record_start(&mut self, begin: Begin, when: When, out: &mut Output) {
        if self.started {
            if begin != Begin::default() {
                self.begin.get_or_insert(begin);
            }
            return;
        }
        self.started = true;
        let verb = self.context.verb;
        let mut attributes = self.own_attributes(verb);
        attributes.extend(beginning(begin));
        let subject = verb.map_or("operation", Verb::name);
        let draft = Draft {
            event: event::STARTED,
            severity: SeverityNumber::Info,
            body: format!("{} {subject} started", self.context.tool.name()),
            span: self.resources.root(),
            attributes,
        };
        out.logs.push(self.scribe.write(draft, when));
    }

    /// Which operation, and what it does.
    fn own_attributes(&self, verb: Option<Verb>) -> Vec<KeyValue> {
        let mut attributes = vec![key_value::text(name::SITELOG_OPERATION_ID, self.context.id.to_string())];
        attributes.extend(verb.map(|verb| key_value::text(name::SITELOG_OPERATION_NAME, verb.name())));
        attributes
    }
}

/// What the engine said at its beginning.
fn beginning(begin: Begin) -> impl Iterator<Item = KeyValue> {
    let version = begin
        .version
        .map(|version| key_value::text(name::SITELOG_TOOL_VERSION, version));
    let keys = (!begin.config_keys.is_empty()).then(|| key_value::texts(name::SITELOG_CONFIG_KEYS, begin.config_keys));
    version.into_iter().chain(keys)
}
