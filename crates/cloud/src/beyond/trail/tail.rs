//! What stands at the end of a chain: whoever was killed there may have written it and not said so.

use crate::beyond::rendered::{record_key, span_key};
use prost::Message;
use sitelog_ledger::{ChainId, Error, Ledger};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::{Payload, Signal};
use std::collections::HashSet;

/// The ids of what stands at the end of a chain.
pub(super) fn tail(ledger: &Ledger, id: &ChainId, from: u64) -> Result<HashSet<String>, Error> {
    let mut known = HashSet::new();
    let frames = match ledger.frames(id) {
        Err(Error::NoChain(_)) => return Ok(known),
        frames => frames?,
    };
    // A damaged frame is the check's to report: what it held is recorded again.
    for frame in frames.flatten().filter(|frame| frame.position.frame >= from) {
        let batch = frame.batch.get();
        let Payload::Otlp(bytes) = &batch.payload else { continue };
        match batch.signal {
            Signal::Logs => {
                let request = ExportLogsServiceRequest::decode(bytes.clone()).unwrap_or_default();
                let scopes = request.resource_logs.iter().flat_map(|of| &of.scope_logs);
                known.extend(scopes.flat_map(|of| &of.log_records).map(record_key));
            }
            Signal::Traces => {
                let request = ExportTraceServiceRequest::decode(bytes.clone()).unwrap_or_default();
                let scopes = request.resource_spans.iter().flat_map(|of| &of.scope_spans);
                known.extend(scopes.flat_map(|of| &of.spans).map(span_key));
            }
            Signal::Metrics => {}
        }
    }
    Ok(known)
}
