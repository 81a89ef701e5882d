//! Append-only, hash-chained, crash-safe log with durable cursors.
//!
//! A [`Ledger`] holds chains; a [`Chain`] has one writer and is a sequence of frames; a [`Cursor`] is a named reader that
//! remembers what it is done with. The files are described in `FORMAT.md` beside this crate's README.

mod budget;
mod bundle;
mod chain;
mod check;
mod checkpoint;
mod commit;
mod counters;
mod cursor;
pub mod disk;
mod encode;
mod error;
mod frame;
mod frames;
mod histogram;
mod key;
mod layout;
mod ledger;
mod note;
mod options;
mod position;
mod quarantine;
mod recover;
mod release;
mod reserve;
mod retain;
mod root;
mod segment;
mod status;
mod trail;
mod tree;
mod verify;
mod walk;
mod witness;
mod writer;

pub use bundle::{BundleChain, BundleError, BundleReport, Exported, Selection, read_bundle};
pub use chain::{Chain, ChainId, Receipt};
pub use check::{
    ChainReport, Check, Finding, Memory, OnProgress, Outside, Place, Remark, Remarkable, Report, Scope, Wrong,
};
pub use checkpoint::Checkpoint;
pub use commit::{Commits, Committer};
pub use counters::{Counter, Counters};
pub use cursor::{Cursor, Refusal, Refusals, RefusedRange};
pub use disk::Disk;
pub use error::{Damage, Error, Refused};
pub use frame::{Encoding, HEADER, Header, Kind, MAX_PLAIN, MAX_STORED, Parsed, parse_frame};
pub use frames::{Frame, Frames};
pub use histogram::Histogram;
pub use key::{PublicKey, SigningKey};
pub use ledger::Ledger;
pub use note::Head;
pub use options::{Budget, Clock, Durability, NeedsRoom, Options, Reclaim, Retention};
pub use position::{Position, Progress};
pub use recover::Recovery;
pub use release::Released;
pub use retain::Reclaimed;
pub use segment::SegmentHeader;
pub use status::{CursorStatus, State, Status};
pub use trail::Entry;
pub use tree::{Consistency, Hash, Inclusion, Tree};
pub use verify::{Bad, Verified};
pub use witness::{CosignerKey, WitnessAnswer, WitnessRequest};
