//! A stack as it is known.

use crate::counting::Cursor;
use crate::state::{Mark, StackRow};
use std::sync::Arc;

/// Organization, project and stack.
pub(crate) type Place = [Arc<str>; 3];

/// Versions that have not ended are asked for in each of so many cycles, then in every [`SELDOM`]th, then only by the sweep.
const OFTEN: u32 = 10;
const SELDOM: u32 = 10;
const LONG: u32 = 200;
/// An update that began so shortly before it was listed, seconds: another may follow within the same one, unseen.
const UNSETTLED: i64 = 5;
/// A mark that no list shows.
const NO_MARK: i64 = -1;

/// A stack.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    /// What the list said when it was counted last.
    pub(crate) mark: Mark,
    /// What the list says now.
    pub(crate) listed: Mark,
    pub(crate) cursor: Cursor,
    /// When it was read last, Unix nanoseconds; 0 while it never was.
    pub(crate) checked: u64,
    /// Since when it is gone, Unix nanoseconds.
    pub(crate) gone: u64,
    /// It was there when its organization was first observed and was not read since.
    pub(crate) is_first: bool,
    /// The listing that has seen it last.
    pub(crate) seen: u32,
    /// The cycle in which it was tried to be read last.
    pub(crate) tried: u32,
    /// It waits to be read, or is being read or counted.
    pub(crate) is_queued: bool,
    /// Somebody called for it while it was being read.
    pub(crate) is_called: bool,
    /// How often its open versions were asked for in vain.
    pub(crate) asked: u32,
}

impl Entry {
    pub(crate) fn row(&self, id: &Arc<str>) -> StackRow {
        StackRow {
            id: Arc::clone(id),
            labels: self.place.clone(),
            mark: self.mark,
            cursor: self.cursor.clone(),
            checked: self.checked,
            gone: self.gone,
        }
    }

    /// Whether the list tells of something that was not read.
    pub(super) fn is_behind(&self) -> bool {
        !self.has_nothing() && (self.is_first || self.checked == 0 || self.mark != self.listed)
    }

    /// Whether an update has not ended, and it is time to ask.
    pub(super) fn is_waited_for(&self, cycle: u32) -> bool {
        let asks = self.asked < OFTEN || self.asked < LONG && cycle.is_multiple_of(SELDOM);
        !self.cursor.open.is_empty() && asks
    }

    /// Whether it was never updated.
    pub(crate) fn has_nothing(&self) -> bool {
        self.listed.last_update == 0 && self.cursor.upto == 0
    }
}

/// What is kept of the list's word when a stack was counted: nothing, while it may yet say the same after another update.
pub(crate) fn settled(listed: Mark, now: u64) -> Mark {
    let seconds = i64::try_from(now / 1_000_000_000).unwrap_or(i64::MAX);
    match listed.last_update >= seconds.saturating_sub(UNSETTLED) {
        true => Mark {
            last_update: NO_MARK,
            ..listed
        },
        false => listed,
    }
}
