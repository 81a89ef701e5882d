//! Job output on its way from a redacted stream into a block: what goes in is clean, so what comes out is.
//!
//! [`Splitter`] cuts a clean byte stream into lines and parts; [`BlockBuilder`] puts them into a block. Neither makes
//! bytes of its own, which is why they may hand out `Clean` values.

mod split;

pub use split::{Arrival, Splitter};

use crate::Clean;
use prost::Message;
use sitelog_model::lines::{Header, Line, Writer};
use sitelog_model::otlp::common::v1::{InstrumentationScope, KeyValue};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_model::{Batch, Origin, Payload, Signal, TenantId, TraceContext, wire};

/// What all lines of a run share; `context` names the span that they belong to.
pub fn header(
    resource: &Clean<Vec<KeyValue>>,
    attributes: &Clean<Vec<KeyValue>>,
    scope: InstrumentationScope,
    context: TraceContext,
) -> Clean<Header> {
    let resource = Resource {
        attributes: resource.get().clone(),
        ..Resource::default()
    }
    .encode_to_vec();
    let mut encoded = Vec::new();
    for attribute in attributes.get() {
        // `LogRecord.attributes` is field 6.
        wire::put_bytes(&mut encoded, 6, &attribute.encode_to_vec());
    }
    Clean::made(Header {
        resource,
        scope: scope.encode_to_vec(),
        attributes: encoded,
        trace: context.trace,
        span: context.span,
        trace_flags: context.flags,
    })
}

/// A lines block under construction, from clean parts only.
#[derive(Debug)]
pub struct BlockBuilder(Writer);

impl BlockBuilder {
    /// Starts a block; `capacity` is the size expected, in bytes.
    pub fn new(header: &Clean<Header>, first_seq: u64, capacity: usize) -> Self {
        Self(Writer::new(header, first_seq, capacity))
    }

    /// Adds a line.
    #[inline]
    pub fn push(&mut self, line: &Clean<Line<'_>>) {
        self.0.push(line);
    }

    /// Lines so far.
    pub fn count(&self) -> u32 {
        self.0.count()
    }

    /// Bytes so far.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// Ends the block.
    pub fn finish(self, tenant: TenantId, origin: Origin) -> Clean<Batch> {
        let payload = Payload::Lines(self.0.finish());
        Clean::made(Batch {
            tenant,
            signal: Signal::Logs,
            origin,
            payload,
        })
    }
}
