//! Which updates of a stack are counted now: each once, with its final result, whenever it ends and however many there are.
//!
//! Pure. The service lists a stack's updates newest first, in pages. Versions count up from 1; those up to [`Cursor::upto`]
//! were counted, or never will be, except those in [`Cursor::open`], which were seen before they had ended.

mod about;
mod reading;

pub use about::About;
pub use reading::{Counted, Reading};

use std::collections::BTreeSet;

/// How far a stack's updates are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The newest version that was seen.
    pub upto: u64,
    /// Versions that had not ended when they were seen last.
    pub open: BTreeSet<u64>,
    /// When the last update ended, of those that have; Unix seconds.
    pub ended: Option<i64>,
}

/// An update of a stack (`UpdateInfo` of the OpenAPI document).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Its number in the stack's history, from 1.
    pub version: u64,
    /// `update`, `refresh`, `destroy`, … as the service says.
    pub kind: String,
    /// `not-started`, `in-progress`, `succeeded`, `failed`, … as the service says.
    pub result: String,
    /// Unix seconds.
    pub start: i64,
    /// Unix seconds; 0 while it runs.
    pub end: i64,
    /// Resources by operation (`create`, `same`, …).
    pub changes: Vec<(String, i64)>,
    /// What its engine events are asked for by, where the service tells it.
    pub id: Option<String>,
    /// What is recorded of it, where updates are.
    pub about: Option<Box<About>>,
}

impl Update {
    /// Whether its result will not change any more. A result that is not known yet counts as final: it is no word for waiting.
    pub fn is_final(&self) -> bool {
        !matches!(self.result.as_str(), "" | "not-started" | "in-progress")
    }

    /// How long it took, in seconds; never negative.
    pub fn seconds(&self) -> f64 {
        self.end.saturating_sub(self.start).max(0) as f64
    }
}

/// From where on a stack's updates count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// From where its cursor stands. A stack that came into being since then has an empty one.
    Cursor,
    /// It was never read: what began after the one time, or ended at the other or later; Unix seconds.
    Since {
        /// The start of what was its newest update when it was first listed.
        began: i64,
        /// When it is observed from.
        ended: i64,
    },
    /// It was never read: all of its history.
    Beginning,
}
