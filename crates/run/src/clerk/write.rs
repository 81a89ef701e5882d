//! Audit records into the run's chain: sanitized, with the run's resource, and counted when they cannot be kept.

use crate::Tally;
use crate::profile::Profile;
use crate::span::scope;
use crate::writing::{Waited, Writing};
use prost::Message;
use sitelog_ledger::Receipt;
use sitelog_model::note::Note;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::otlp::trace::v1::{ResourceSpans, ScopeSpans, Span};
use sitelog_model::{Batch, Bytes, Payload, Signal, TenantId};
use sitelog_provision::Output;
use sitelog_sanitize::{Clean, Sanitizer};
use std::sync::Arc;

/// Writes what operations say.
pub(crate) struct Writer {
    pub(crate) writing: Arc<Writing>,
    pub(crate) sanitizer: Sanitizer,
    pub(crate) tenant: TenantId,
    pub(crate) origin: sitelog_model::Origin,
    /// The run's resource.
    pub(crate) resource: Vec<KeyValue>,
    pub(crate) profile: Option<Profile>,
    /// What was and was not written (records, not lines).
    pub(crate) tally: Tally,
    waited: Waited,
    last: Option<Receipt>,
}

impl Writer {
    pub(crate) fn new(
        writing: Arc<Writing>,
        sanitizer: Sanitizer,
        (tenant, origin): (TenantId, sitelog_model::Origin),
        resource: Vec<KeyValue>,
        profile: Option<Profile>,
    ) -> Self {
        Self {
            writing,
            sanitizer,
            tenant,
            origin,
            resource,
            profile,
            tally: Tally::default(),
            waited: Waited::default(),
            last: None,
        }
    }

    /// Writes a note, beyond the budget: it costs little and recovery needs it.
    pub(crate) fn note(&mut self, note: &Note) {
        if let (Some(batch), Some(chain)) = (
            self.clean(Signal::Logs, Payload::Note(note.to_bytes())),
            self.writing.chain(),
        ) {
            // Refused by a failed disk, which refuses the records as well, and they are counted.
            self.last = chain.write_closing(&batch).ok().or(self.last.take());
        }
    }

    /// Writes what an operation has made. `last` is an operation's end, which is taken beyond the budget.
    pub(crate) fn output(&mut self, own: &[KeyValue], user: Option<&str>, output: Output, last: bool) {
        let Output { mut logs, spans } = output;
        let resource = self.resource(own, user);
        if let Some(profile) = &self.profile {
            let common = profile.record(own);
            logs.iter_mut()
                .for_each(|record| record.attributes.extend_from_slice(&common));
        }
        if last {
            // The end comes last: whoever finds it finds its span too, and recovery needs to look for neither.
            let completed = logs.pop();
            self.logs(&resource, logs, false);
            self.spans(&resource, spans, true);
            self.logs(&resource, completed.into_iter().collect(), true);
        } else {
            self.logs(&resource, logs, false);
            self.spans(&resource, spans, false);
        }
    }

    fn spans(&mut self, resource: &Resource, spans: Vec<Span>, closing: bool) {
        if spans.is_empty() {
            return;
        }
        let count = spans.len() as u64;
        let scope_spans = ScopeSpans {
            scope: Some(scope()),
            spans,
            ..ScopeSpans::default()
        };
        let spans = ResourceSpans {
            resource: Some(resource.clone()),
            scope_spans: vec![scope_spans],
            ..ResourceSpans::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![spans],
        };
        self.request(Signal::Traces, request.encode_to_vec().into(), count, closing);
    }

    /// Waits until all that was written is durable.
    pub(crate) fn settle(&mut self) {
        if let (Some(receipt), Some(chain)) = (self.last.take(), self.writing.chain()) {
            // A disk that fails here fails the run's own end, which says so.
            let _ = chain.wait_durable(&receipt);
        }
    }

    fn logs(&mut self, resource: &Resource, log_records: Vec<LogRecord>, closing: bool) {
        if log_records.is_empty() {
            return;
        }
        let count = log_records.len() as u64;
        let scope_logs = ScopeLogs {
            scope: Some(scope()),
            log_records,
            ..ScopeLogs::default()
        };
        let logs = ResourceLogs {
            resource: Some(resource.clone()),
            scope_logs: vec![scope_logs],
            ..ResourceLogs::default()
        };
        let request = ExportLogsServiceRequest {
            resource_logs: vec![logs],
        };
        self.request(Signal::Logs, request.encode_to_vec().into(), count, closing);
    }

    fn request(&mut self, signal: Signal, request: Bytes, count: u64, closing: bool) {
        let Some(batch) = self.clean(signal, Payload::Otlp(request)) else {
            self.tally.dropped += count;
            return;
        };
        let mut written = self.writing.write(&mut self.waited, &batch);
        if let (Err(_), true, Some(chain)) = (&written, closing, self.writing.chain()) {
            written = chain.write_closing(&batch).map_err(|refused| refused.to_string());
        }
        match written {
            Ok(receipt) => {
                self.tally.recorded += count;
                self.last = Some(receipt);
            }
            Err(why) => {
                self.tally.dropped += count;
                self.tally.why = Some(why);
            }
        }
        self.tally.blocked = self.waited.time;
    }

    /// `None` never happens for what is made here: it is well-formed.
    fn clean(&self, signal: Signal, payload: Payload) -> Option<Clean<Batch>> {
        crate::recording::clean(&self.sanitizer, &self.tenant, self.origin, signal, payload).ok()
    }

    /// The run's resource, and what is known of the operation, which replaces what the run said under the same names.
    fn resource(&self, own: &[KeyValue], user: Option<&str>) -> Resource {
        let mut attributes = self.resource.clone();
        let extra = self.profile.iter().flat_map(|profile| profile.resource(own));
        for attribute in own.iter().cloned().chain(extra) {
            put(&mut attributes, attribute);
        }
        crate::identity::tools_user(&mut attributes, user);
        Resource {
            attributes,
            ..Resource::default()
        }
    }
}

fn put(attributes: &mut Vec<KeyValue>, attribute: KeyValue) {
    match attributes.iter_mut().find(|known| known.key == attribute.key) {
        Some(known) => *known = attribute,
        None => attributes.push(attribute),
    }
}
