//! What can go wrong with an index.

use std::path::PathBuf;

/// An error of the index or of the ledger below it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index.
    #[error("the index cannot be used: {0}")]
    Index(#[from] rusqlite::Error),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] sitelog_ledger::Error),
    /// A damaged index could not be taken away.
    #[error("the index {path} is damaged and cannot be removed: {error}", path = path.display())]
    Remove {
        /// Its file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The ledger no longer holds what the index knows of.
    #[error("the records of operation {0} are no longer in the ledger")]
    Gone(String),
}
