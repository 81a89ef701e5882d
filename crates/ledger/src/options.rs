//! How a ledger behaves: durability, budgets, sizes and the clock.

use crate::commit::Committer;
use sitelog_model::TenantId;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a frame counts as durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the disk has it: it survives a power loss.
    #[default]
    Fsync,
    /// When the operating system has it: it survives the death of the process, not a power loss.
    Os,
}

/// What one tenant may occupy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Budget {
    /// Bytes of all files in the tenant's folder.
    pub bytes: Option<u64>,
    /// How long frames are kept once they are delivered, and how old an undelivered one may get before input is refused.
    pub age: Option<Duration>,
}

/// Is told whose budget is full, and how many bytes did not fit.
pub type NeedsRoom = dyn Fn(&TenantId, u64) + Send + Sync;

/// Who makes room when a tenant's budget is full: looking for what may go, and erasing it, takes as long as there are frames.
#[derive(Clone, Default)]
pub enum Reclaim {
    /// The writer that needs it, before its batch is written or refused.
    #[default]
    Writer,
    /// Somebody else: the batch is refused, and this is called with its bytes, at once and maybe often. It must return at once and
    /// have [`crate::Ledger::make_room`] called soon; nothing is erased otherwise.
    Elsewhere(Arc<NeedsRoom>),
}

impl fmt::Debug for Reclaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Writer => "Writer",
            Self::Elsewhere(_) => "Elsewhere",
        })
    }
}

/// What may be erased, and when. It can change while chains are written ([`crate::Ledger::retain`]).
#[derive(Clone, Debug, Default)]
pub struct Retention {
    /// What each tenant may occupy.
    pub budget: Budget,
    /// Names of cursors that must have passed a frame before it counts as delivered, even those that have not been opened yet.
    /// Cursors that are not named here count too once there are any.
    pub cursors: Vec<String>,
}

/// How a [`crate::Ledger`] behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// When a frame counts as durable.
    pub durability: Durability,
    /// What each tenant may occupy; where [`crate::Ledger::retain`] begins.
    pub budget: Budget,
    /// Who makes room.
    pub reclaim: Reclaim,
    /// A segment that would grow beyond this many bytes, or an eighth of the budget, is sealed and the next one begun.
    pub segment_bytes: u64,
    /// How many written bytes may wait for durability before a writer has to wait.
    pub ahead_bytes: u64,
    /// Frames are compressed (zstd, level 1) where it pays.
    pub compress: bool,
    /// How long written frames may stay undurable while nobody waits for them; groups the commits of a steady stream.
    pub linger: Duration,
    /// How long [`crate::Ledger::release`] keeps what every cursor has passed. `None`: until the room is needed.
    pub keep_delivered: Option<Duration>,
    /// Makes the chains durable, together with those of other ledgers that have the same one. `None`: a thread a chain, from its
    /// first frame on.
    pub committer: Option<Committer>,
    /// The wall clock.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            budget: Budget::default(),
            reclaim: Reclaim::default(),
            segment_bytes: 16 << 20,
            ahead_bytes: 8 << 20,
            compress: false,
            linger: Duration::from_millis(5),
            keep_delivered: None,
            committer: None,
            clock: Clock::system(),
        }
    }
}

/// A wall clock in Unix nanoseconds; tests bring their own, so that a clock set back can be tested.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        })
    }

    /// A clock that says what `now` returns.
    pub fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Now, in Unix nanoseconds.
    pub fn now(&self) -> u64 {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
