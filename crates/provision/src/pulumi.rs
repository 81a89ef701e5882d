//! Pulumi's engine events (`sdk/go/common/apitype/events.go`), and the document of `preview --json`.
//!
//! Of a resource's state only what tells whether it changed is looked at; inputs, outputs and configuration values are
//! skipped as bytes, or compared as bytes, and never taken over.

mod colour;
mod content;
mod document;
mod events;
mod keys;
mod metadata;
mod op;
mod urn;

pub use document::Document;
pub use events::Events;
pub(crate) use op::action;
pub use urn::Urn;
