//! What waits in the outbox for its place in the ledger. No secret is in it: it is on the disk.

use super::entry::Entry;
use super::finished::Finished;
use serde::{Deserialize, Serialize};

/// Something that is to be recorded.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Waiting {
    /// An update that has ended.
    Update(Box<Finished>),
    /// An entry of an audit log.
    Entry(Box<Entry>),
}

impl Waiting {
    pub(super) fn read(row: &[u8]) -> Option<Self> {
        serde_json::from_slice(row).ok()
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        // Strings and numbers always can be.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
