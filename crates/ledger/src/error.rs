//! What can go wrong, and why an append is refused.

use crate::{ChainId, Position};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why an operation on the ledger failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk refused an operation.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another writer holds the chain.
    #[error("chain {chain} is being written by {}", process(*pid))]
    Locked {
        /// The chain.
        chain: ChainId,
        /// The writer's process, if its lock file names it.
        pid: Option<u32>,
    },
    /// Another reader holds the cursor.
    #[error("cursor {name} of chain {chain} is held by {}", process(*pid))]
    CursorBusy {
        /// The chain.
        chain: ChainId,
        /// The cursor.
        name: String,
        /// The holder's process, if its lock file names it.
        pid: Option<u32>,
    },
    /// A cursor's name is no safe file name.
    #[error("cursor name {0:?} is not 1 to 64 of a-z A-Z 0-9 . _ - without a leading dot")]
    CursorName(String),
    /// A commit would take a cursor back behind what it has already acknowledged.
    #[error("cursor cannot go back from {from} to {to}")]
    CursorBack {
        /// Where it stands.
        from: Position,
        /// Where it was told to go.
        to: Position,
    },
    /// There is no such chain.
    #[error("no chain {0}")]
    NoChain(ChainId),
    /// A chain of this id exists already.
    #[error("chain {0} exists already")]
    Exists(ChainId),
    /// The chain was sealed: nothing can be appended any more.
    #[error("chain {0} is sealed")]
    Sealed(ChainId),
    /// The disk failed to make frames durable; none after them is, either.
    #[error("the ledger's disk failed: {0}")]
    NotDurable(String),
    /// Bytes that are no frame.
    #[error("{0}")]
    Damage(Damage),
    /// The trail cannot be continued.
    #[error("the trail {} cannot be continued: {why}; `verify` says more", path.display())]
    Trail {
        /// The trail's file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A bundle cannot be written.
    #[error("cannot write the bundle: {0}")]
    Bundle(io::Error),
    /// What was to be exported is not what was written.
    #[error("nothing is exported: {0}")]
    Unsound(Box<crate::Finding>),
    /// There is nothing to show to a witness.
    #[error("nothing is entered in the trail yet")]
    NoTrail,
    /// Other processes hold the trail's lock for too long.
    #[error("the trail is locked by another process")]
    TrailBusy,
    /// The installation's key cannot be used.
    #[error("signing key {} cannot be used: {why}", path.display())]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    /// Whether a file or folder was not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Why a batch was not appended. Nothing of it is in the ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The tenant's bytes are used up, and nothing that was delivered is left to erase.
    #[error("the tenant's ledger budget is full ({used} of {budget} bytes)")]
    Full {
        /// Bytes in use.
        used: u64,
        /// Bytes allowed.
        budget: u64,
        /// When to try again.
        retry_after: Duration,
    },
    /// The oldest undelivered frame is older than the age budget.
    #[error("undelivered records are {} s old, the tenant's budget is {} s", age.as_secs(), budget.as_secs())]
    TooOld {
        /// Age of the oldest undelivered frame.
        age: Duration,
        /// Age allowed.
        budget: Duration,
        /// When to try again.
        retry_after: Duration,
    },
    /// The batch is larger than a frame may be.
    #[error("the batch is larger than {max} bytes")]
    TooLarge {
        /// Largest size of a batch in bytes.
        max: usize,
    },
    /// The batch belongs to another tenant than the chain.
    #[error("the batch belongs to another tenant than its chain")]
    OtherTenant,
    /// No room on the disk. The chain goes on when there is room again.
    #[error("the disk is full: {0}")]
    DiskFull(io::Error),
    /// The disk refused the write. The chain goes on when the disk does.
    #[error("cannot write to the ledger: {0}")]
    Io(io::Error),
    /// The chain has failed for good: the disk lost what it had accepted.
    #[error("the ledger's disk failed: {why}")]
    Failed {
        /// What happened.
        why: String,
    },
    /// The chain was sealed.
    #[error("the chain is sealed")]
    Sealed,
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(error),
            _ => Self::Io(error),
        }
    }
}

/// A range of a segment that holds no readable frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment's number.
    pub segment: u32,
    /// Byte range within the segment's file; empty when frames are missing without a trace.
    pub bytes: Range<u64>,
    /// Frames that were there; empty when only the segment's header is damaged.
    pub frames: Range<u64>,
    /// What is wrong.
    pub why: &'static str,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            segment,
            bytes,
            frames,
            why,
        } = self;
        let (from, to) = (bytes.start, bytes.end);
        write!(
            f,
            "segment {segment:08} is damaged at bytes {from}..{to} (frames {}..{}): {why}",
            frames.start, frames.end
        )
    }
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
