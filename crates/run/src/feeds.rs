//! Where the bytes of engines come in. Each feed hands its events to the one queue, in its own order; whoever reads from a
//! tool is never held up by more than the queue's bound.

pub(crate) mod file;
pub(crate) mod forward;
pub(crate) mod grpc;
pub(crate) mod lines;
pub(crate) mod phases;
mod queue;

pub(crate) use queue::{Queue, Weight};
