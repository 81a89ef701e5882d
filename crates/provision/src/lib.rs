//! What provisioning engines say, as the audit records and spans of `docs/records`: pure, no I/O.
//!
//! An engine's reader turns the bytes of one event into [`Fact`]s; an operation turns facts, whichever engine they came
//! from, into numbered records, spans and exactly one `completed`.

pub mod engine;
pub mod fact;
pub mod operation;
pub mod pulumi;
pub mod terraform;
mod words;

pub use engine::{Malformed, Reader};
pub use fact::{Action, Begin, Diagnostic, Fact, Level, Policy, Step, Summary, Verb, What};
pub use operation::{Context, End, HISTORY, Operation, Output, Tool};
pub use words::Outcome;
