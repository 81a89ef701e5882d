//! What sitelog moves: batches, tenants, names; no I/O.
//!
//! A [`Batch`] is one OTLP export request, or a [`lines`] block that becomes one when somebody reads it.

pub mod attributes;
pub mod batch;
pub mod key_value;
pub mod lines;
pub mod note;
pub mod request;
pub mod tenant;
pub mod trace;
pub mod wire;

pub use batch::{Batch, Origin, Payload, Signal, Source};
pub use bytes::Bytes;
pub use opentelemetry_proto::tonic as otlp;
pub use tenant::TenantId;
pub use trace::{SpanId, TraceContext, TraceId};
pub use ulid::Ulid;
