//! One operation of one tool: facts in, numbered records and spans out, exactly one `completed`.

mod context;

use crate::Fact;
pub use context::{Context, End, Output, Tool};
use sitelog_model::otlp::common::v1::KeyValue;

/// An operation that has begun and not ended.
#[derive(Debug)]
pub struct Operation {
    context: Context,
    at: u64,
}

impl Operation {
    /// Begins an operation at `at` (Unix nanoseconds, our clock). Nothing is recorded yet.
    pub fn begin(context: Context, at: u64) -> Self {
        Self { context, at }
    }

    /// Records `started` now, where it was not recorded yet; the first fact does it otherwise.
    pub fn start(&mut self, at: u64, out: &mut Output) {
        let _ = (at, out, &self.context, self.at);
    }

    /// Takes one fact, which arrived at `at`.
    pub fn tell(&mut self, fact: Fact, at: u64, out: &mut Output) {
        let _ = (fact, at, out);
    }

    /// Counts an event that the reader could not read, or that was cut off.
    pub fn malformed(&mut self) {}

    /// Whether the engine closed the operation's stream in order: what comes next is another operation.
    pub fn is_over(&self) -> bool {
        false
    }

    /// Ends the operation: closes what is open and records its one `completed`.
    pub fn end(self, end: &End, at: u64, out: &mut Output) {
        let _ = (end, at, out);
    }

    /// What the resource of its records says about it, beyond the run's own.
    pub fn attributes(&self) -> Vec<KeyValue> {
        Vec::new()
    }
}
