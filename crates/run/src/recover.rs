//! Finishes the record of a run whose wrapper was killed: its operations, the span it could not send, and the seal.

mod operations;

use crate::recorder::Tally;
use crate::recording::clean;
use crate::span::{self, End};
use operations::Operations;
use prost::Message;
use sitelog_ledger::{Chain, ChainId, Frame, Ledger, Refused};
use sitelog_model::note::{Note, RunEnded, RunStarted};
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::{Bytes, Origin, Payload, Signal, TraceContext};
use sitelog_sanitize::Sanitizer;

/// Why the record of a killed run stays unfinished; the next start tries again.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// What the ledger says; [`sitelog_ledger::Error::Locked`] when its writer lives.
    #[error(transparent)]
    Ledger(#[from] sitelog_ledger::Error),
    /// The disk takes nothing more.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What was found in an unfinished chain.
#[derive(Default)]
struct Found {
    started: Option<(RunStarted, Origin)>,
    /// The run's own span.
    place: Option<TraceContext>,
    ended: bool,
    span: bool,
    operations: Operations,
    lines: u64,
    last: u64,
}

/// Finishes the chain of a run whose writer died, if it is unfinished, and seals it. Says whether it did. Killed on the way,
/// it is taken up by the next: each part is written whole, and none that is there already.
///
/// # Errors
/// [`Unfinished`].
pub fn finish_interrupted(ledger: &Ledger, id: &ChainId, sanitizer: &Sanitizer) -> Result<bool, Unfinished> {
    let (chain, _) = match ledger.reopen(id) {
        Err(sitelog_ledger::Error::Sealed(_)) => return Ok(false),
        other => other?,
    };
    let mut found = Found::default();
    // Damaged frames are the recovery's to report; what can be read is enough here.
    ledger.frames(id)?.flatten().for_each(|frame| found.add(&frame));
    found.finish(&Ending {
        chain: &chain,
        id,
        sanitizer,
    })?;
    chain.seal()?;
    Ok(true)
}

/// Where the rest is written.
struct Ending<'a> {
    chain: &'a Chain,
    id: &'a ChainId,
    sanitizer: &'a Sanitizer,
}

impl Ending<'_> {
    fn write(&self, origin: Origin, signal: Signal, payload: Payload) -> Result<(), Refused> {
        // What is made here is well-formed.
        match clean(self.sanitizer, &self.id.tenant, origin, signal, payload) {
            Ok(batch) => self.chain.write_closing(&batch).map(|_| ()),
            Err(_) => Ok(()),
        }
    }
}

impl Found {
    fn add(&mut self, frame: &Frame) {
        self.last = self.last.max(frame.time);
        let batch = frame.batch.get();
        match &batch.payload {
            Payload::Lines(_) => self.lines += batch.payload.records().unwrap_or(0) as u64,
            Payload::Otlp(request) => self.add_request(batch.signal, request),
            Payload::Note(note) => match (Note::parse(note), self.place) {
                (Some(Note::RunStarted(started)), _) => {
                    self.place = TraceContext::parse(&started.traceparent);
                    self.started = Some((started, batch.origin));
                }
                (Some(Note::RunEnded(_)), _) => self.ended = true,
                (Some(Note::OperationStarted(started)), Some(place)) => {
                    self.operations.started(started, batch.origin.id, place);
                }
                _ => {}
            },
        }
    }

    fn add_request(&mut self, signal: Signal, request: &Bytes) {
        match signal {
            Signal::Logs => self.operations.logs(request),
            Signal::Traces => {
                let request = ExportTraceServiceRequest::decode(request.clone()).unwrap_or_default();
                let spans = request
                    .resource_spans
                    .iter()
                    .flat_map(|of| &of.scope_spans)
                    .flat_map(|of| &of.spans);
                for span in spans {
                    let is_runs = self.place.is_some_and(|place| span.span_id == place.span.0);
                    self.span |= is_runs;
                    if !is_runs {
                        self.operations.span(span);
                    }
                }
            }
            Signal::Metrics => {}
        }
    }

    fn finish(self, ending: &Ending<'_>) -> Result<(), Refused> {
        let Some((started, origin)) = self.started else {
            return Ok(());
        };
        let write = |signal, payload| ending.write(origin, signal, payload);
        let span = serde_json::from_value::<ExportTraceServiceRequest>(started.span);
        let resource = span
            .as_ref()
            .ok()
            .and_then(|span| span.resource_spans.first()?.resource.clone());
        for rest in self.operations.end(&resource.unwrap_or_default(), self.last) {
            if let Some(spans) = rest.spans {
                write(Signal::Traces, Payload::Otlp(spans.encode_to_vec().into()))?;
            }
            write(Signal::Logs, Payload::Otlp(rest.logs.encode_to_vec().into()))?;
        }
        let tally = Tally {
            recorded: self.lines,
            ..Tally::default()
        };
        if let (false, false, Ok(mut request)) = (self.ended, self.span, span) {
            let end = End {
                time: self.last,
                result: "error",
                exit_code: None,
                error_type: Some("interrupted".to_owned()),
                signal: None,
                message: "sitelog was killed before the job ended".to_owned(),
                tally: &tally,
            };
            span::end(&mut request, &end);
            write(Signal::Traces, Payload::Otlp(request.encode_to_vec().into()))?;
        }
        if self.ended {
            return Ok(());
        }
        let ended = RunEnded {
            end: self.last,
            exit_code: -1,
            result: "interrupted".to_owned(),
            records: self.lines,
            dropped: 0,
            sanitized: Default::default(),
            // What the dead process counted died with it.
            operations: Default::default(),
        };
        write(Signal::Traces, Payload::Note(Note::RunEnded(ended).to_bytes()))
    }
}
