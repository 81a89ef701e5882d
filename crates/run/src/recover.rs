//! Finishes the record of a run whose wrapper was killed: the span it could not send, and the seal.

use crate::recorder::Tally;
use crate::recording::clean;
use crate::span::{self, End};
use prost::Message;
use sitelog_ledger::{Chain, ChainId, Frame, Ledger};
use sitelog_model::note::{Note, RunEnded, RunStarted};
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::{Origin, Payload, Signal};
use sitelog_sanitize::Sanitizer;

/// What was found in an unfinished chain.
#[derive(Default)]
struct Found {
    started: Option<(RunStarted, Origin)>,
    ended: bool,
    span: bool,
    lines: u64,
    last: u64,
}

/// Finishes the chain of a run whose writer died, if it is unfinished, and seals it. Says whether it did.
///
/// # Errors
/// What the ledger says; [`sitelog_ledger::Error::Locked`] when its writer lives.
pub fn finish_interrupted(ledger: &Ledger, id: &ChainId, sanitizer: &Sanitizer) -> Result<bool, sitelog_ledger::Error> {
    let (chain, _) = match ledger.reopen(id) {
        Err(sitelog_ledger::Error::Sealed(_)) => return Ok(false),
        other => other?,
    };
    let mut found = Found::default();
    // Damaged frames are the recovery's to report; what can be read is enough here.
    ledger.frames(id)?.flatten().for_each(|frame| found.add(&frame));
    if !found.ended {
        found.finish(&chain, id, sanitizer);
    }
    chain.seal()?;
    Ok(true)
}

impl Found {
    fn add(&mut self, frame: &Frame) {
        self.last = self.last.max(frame.time);
        let batch = frame.batch.get();
        match &batch.payload {
            Payload::Lines(_) => self.lines += batch.payload.records().unwrap_or(0) as u64,
            Payload::Otlp(_) => self.span |= batch.signal == Signal::Traces,
            Payload::Note(note) => match Note::parse(note) {
                Some(Note::RunStarted(started)) => self.started = Some((started, batch.origin)),
                Some(Note::RunEnded(_)) => self.ended = true,
                _ => {}
            },
        }
    }

    fn finish(&self, chain: &Chain, id: &ChainId, sanitizer: &Sanitizer) {
        let Some((started, origin)) = &self.started else { return };
        let write = |payload| {
            let batch = clean(sanitizer, &id.tenant, *origin, Signal::Traces, payload);
            // Refused by a full disk: the chain stays unfinished and the next start tries again.
            batch.is_ok_and(|batch| chain.write_closing(&batch).is_ok())
        };
        let tally = Tally {
            recorded: self.lines,
            ..Tally::default()
        };
        if !self.span
            && let Ok(mut request) = serde_json::from_value::<ExportTraceServiceRequest>(started.span.clone())
        {
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
            write(Payload::Otlp(request.encode_to_vec().into()));
        }
        let ended = RunEnded {
            end: self.last,
            exit_code: -1,
            result: "interrupted".to_owned(),
            records: self.lines,
            dropped: 0,
            sanitized: Default::default(),
        };
        write(Payload::Note(Note::RunEnded(ended).to_bytes()));
    }
}
