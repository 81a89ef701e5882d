//! The record of one run, from before the job starts until its outcome is safe.

use crate::ci::{Ci, Environment};
use crate::clerk::Writer;
use crate::clock::unix_nanos;
use crate::recorder::{Policy, Recorder, Tally};
use crate::span::{self, End, Place, scope};
use crate::{Identity, Outcome, Profile, provisioning::Provisioned};
use prost::Message;
use sitelog_ledger::Chain;
use sitelog_model::attributes as name;
use sitelog_model::note::{Hidden, Note, RefusedCount, RunEnded, RunStarted, Sanitized};
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, TraceContext, Ulid, key_value};
use sitelog_sanitize::{Clean, Face, Refusal, Sanitizer, lines};
use std::sync::Arc;

/// What is known of a run before it starts.
#[derive(Debug)]
pub struct Run<'a> {
    /// Its id, and its chain's.
    pub id: Ulid,
    /// The command, lossy where it is no UTF-8.
    pub argv: Vec<String>,
    /// Who and for whom.
    pub identity: &'a Identity,
    /// What the CI system says.
    pub ci: &'a Ci,
}

/// A run that is being recorded.
pub struct Recording {
    recorder: Arc<Recorder>,
    /// `None` when there is no ledger to write to.
    chain: Option<Chain>,
    sanitizer: Sanitizer,
    tenant: TenantId,
    origin: Origin,
    place: Place,
    resource: Vec<KeyValue>,
    span: ExportTraceServiceRequest,
}

/// How a recording ended.
#[derive(Debug)]
pub struct Recorded {
    /// What was and was not recorded.
    pub tally: Tally,
    /// Why the end of the run, or the durability of all of it, could not be had.
    pub fault: Option<String>,
}

impl Recording {
    /// Writes what is known into the run's chain. Without one (the error says why) the run goes on unrecorded.
    pub fn begin(
        chain: Result<Chain, String>,
        run: Run<'_>,
        sanitizer: &Sanitizer,
        policy: Policy,
        env: &dyn Environment,
    ) -> Self {
        let Run { id, argv, identity, ci } = run;
        let tenant = identity.tenant.clone();
        let origin = Origin {
            source: Source::Run,
            id,
        };
        let mut parents = [&ci.agent_traceparent, &ci.traceparent].into_iter().flatten();
        let place = Place::below(parents.find_map(|text| TraceContext::parse(text)));
        let start = unix_nanos();
        let resource = identity.resource(id, ci, env);
        let span = span::begin(place, ci, &argv, id, start, resource.clone());
        let mut common = vec![key_value::text(name::SITELOG_PHASE, "command")];
        common.extend(
            ci.task
                .clone()
                .map(|task| key_value::text(name::CICD_PIPELINE_TASK_NAME, task)),
        );
        let (clean, common) = (sanitizer.attributes(resource.clone()), sanitizer.attributes(common));
        let header = lines::header(&clean, &common, scope(), place.own);
        let recorder = Recorder::new(
            chain.clone(),
            header,
            (tenant.clone(), origin),
            sanitizer.clone(),
            policy,
        );
        let recording = Self {
            recorder: Arc::new(recorder),
            chain: chain.ok(),
            sanitizer: sanitizer.clone(),
            tenant,
            origin,
            place,
            resource,
            span,
        };
        let started = RunStarted {
            run: id.to_string(),
            name: argv.join(" "),
            argv,
            start,
            pid: std::process::id(),
            traceparent: place.own.to_string(),
            parent_span: place.parent.map(|parent| parent.to_string()),
            span: serde_json::to_value(&recording.span).unwrap_or_default(),
        };
        // A ledger that refuses this refuses the lines as well, and they are counted.
        let _ = recording.write(Signal::Traces, Payload::Note(Note::RunStarted(started).to_bytes()));
        recording
    }

    /// Where the lines go.
    pub fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// The run's chain, for whoever delivers it; `None` when there is no ledger.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Its run.
    pub(crate) fn run(&self) -> Ulid {
        self.origin.id
    }

    /// Writes what else is recorded of the run.
    pub(crate) fn writer(&self, profile: Option<Profile>) -> Writer {
        Writer::new(
            Arc::clone(self.recorder.writing()),
            self.sanitizer.clone(),
            (self.tenant.clone(), self.origin),
            self.resource.clone(),
            profile,
        )
    }

    /// The run's place in its trace.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Writes the outcome, seals the chain and waits until all of it is as durable as was asked.
    pub fn end(mut self, outcome: &Outcome, tools: &Provisioned) -> Recorded {
        let tally = self.recorder.close();
        let end = unix_nanos();
        let operations = tools.counts();
        span::end(&mut self.span, &End::of(outcome, end, &tally));
        span::tell_operations(&mut self.span, &operations);
        let ended = RunEnded {
            end,
            exit_code: outcome.exit_code(),
            result: outcome.result().to_owned(),
            records: tally.recorded,
            dropped: tally.dropped,
            sanitized: sanitized(&self.sanitizer),
            operations,
        };
        let fault = self.close(Note::RunEnded(ended)).err();
        Recorded { tally, fault }
    }

    fn close(&self, ended: Note) -> Result<(), String> {
        let Some(chain) = &self.chain else { return Ok(()) };
        self.write(Signal::Traces, Payload::Otlp(self.span.encode_to_vec().into()))?;
        self.write(Signal::Traces, Payload::Note(ended.to_bytes()))?;
        chain.seal().map(|_| ()).map_err(|error| error.to_string())
    }

    fn write(&self, signal: Signal, payload: Payload) -> Result<(), String> {
        let Some(chain) = &self.chain else { return Ok(()) };
        let batch = clean(&self.sanitizer, &self.tenant, self.origin, signal, payload)?;
        chain
            .write_closing(&batch)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

/// What the sanitizer did, for the closing note.
fn sanitized(sanitizer: &Sanitizer) -> Sanitized {
    let counts = sanitizer.counts();
    let hidden = |(rule, face, count): (String, Face, u64)| Hidden {
        rule,
        face: face.name().to_owned(),
        count,
    };
    let refused = |(why, count): (Refusal, u64)| RefusedCount {
        why: why.name().to_owned(),
        count,
    };
    Sanitized {
        hidden: counts.hits.into_iter().map(hidden).collect(),
        registered: counts.registered,
        refused: counts.refused.into_iter().map(refused).collect(),
    }
}

pub(crate) fn clean(
    sanitizer: &Sanitizer,
    tenant: &TenantId,
    origin: Origin,
    signal: Signal,
    payload: Payload,
) -> Result<Clean<Batch>, String> {
    let batch = Batch {
        tenant: tenant.clone(),
        signal,
        origin,
        payload,
    };
    sanitizer.batch(batch).map_err(|error| error.to_string())
}
