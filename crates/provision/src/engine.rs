//! How an engine's bytes become facts.

use crate::Fact;

/// Reads what one engine says, one event (or line) at a time.
pub trait Reader: Send {
    /// Appends the facts of one event to `out`: none, one, or several.
    ///
    /// # Errors
    /// [`Malformed`] for bytes that are no event. Nothing was appended; the caller counts it
    /// ([`Operation::malformed`](crate::Operation::malformed)) and goes on with the next event.
    fn read(&mut self, event: &[u8], out: &mut Vec<Fact>) -> Result<(), Malformed>;

    /// The engine will say nothing more: appends what the reader still holds.
    fn finish(&mut self, _out: &mut Vec<Fact>) {}
}

/// Bytes that are not what the engine's format says. The message names places and types, never what stood there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is malformed at line {line}, column {column}: {why}")]
pub struct Malformed {
    /// What was read.
    pub what: &'static str,
    /// The line within the event, from 1.
    pub line: usize,
    /// The column in bytes, from 1; 0 when the event is empty.
    pub column: usize,
    /// What kind of fault it is.
    pub why: &'static str,
}

impl Malformed {
    /// What serde found; its own message is left out, for it may quote a value.
    pub fn of(what: &'static str, error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let why = match error.classify() {
            Category::Io => "it cannot be read",
            Category::Syntax => "no JSON",
            Category::Data => "not the type that stands there",
            Category::Eof => "it is cut off",
        };
        Self {
            what,
            line: error.line(),
            column: error.column(),
            why,
        }
    }
}
