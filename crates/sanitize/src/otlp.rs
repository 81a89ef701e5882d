//! OTLP export requests: every field that can hold a secret (R20), on the wire.
//!
//! A request is walked once in place ([`look`]). One with nothing to hide is passed on as the same bytes; in any other the
//! records that may hold something are looked at closely ([`detail`]), and only what is hidden is replaced ([`splices`]).

mod detail;
mod groups;
mod invalid;
mod limits;
mod look;
mod next;
mod reader;
mod schema;
mod seen;
mod splices;
mod tree;
mod unknown;

pub use invalid::Invalid;
pub use limits::Limits;
pub use reader::Fault;

use crate::Clean;
use crate::sanitizer::Sanitizer;
use crate::tally::Refusal;
use crate::text;
use sitelog_model::{Batch, Payload};

impl Sanitizer {
    /// A batch, ready for the ledger, within the default [`Limits`].
    ///
    /// # Errors
    /// [`Invalid`] when the payload cannot be read or is too large; nothing of it may be stored then.
    pub fn batch(&self, batch: Batch) -> Result<Clean<Batch>, Invalid> {
        self.batch_within(batch, &Limits::default())
    }

    /// A batch, ready for the ledger.
    ///
    /// # Errors
    /// [`Invalid`] when the payload cannot be read or exceeds a limit; nothing of it may be stored then.
    pub fn batch_within(&self, batch: Batch, limits: &Limits) -> Result<Clean<Batch>, Invalid> {
        let rules = self.rules().0;
        let signal = batch.signal;
        let payload = match batch.payload {
            Payload::Otlp(bytes) => groups::redact(&rules, limits, signal, bytes).map(Payload::Otlp),
            Payload::Note(bytes) => match std::str::from_utf8(&bytes) {
                Err(_) => Err(Invalid::Note),
                Ok(note) => Ok(Payload::Note(match text::redact(&rules, note) {
                    Some(clean) => clean.into(),
                    None => bytes,
                })),
            },
            Payload::Lines(_) => Err(Invalid::Lines),
        };
        let payload = payload.inspect_err(|_| rules.tally.refuse(Refusal::Batch))?;
        Ok(Clean::made(Batch { payload, ..batch }))
    }
}
