//! Delivered segments of chains that are being written go without a look at any other frame: the writer knows what is in them.

use crate::ChainId;
use crate::chain::Live;
use crate::cursor::stored::{StoredCursor, list_cursors};
use crate::error::Error;
use crate::layout::{list_segments, segment_path};
use crate::position::Position;
use crate::retain::remove;
use crate::root::Root;
use crate::trail;
use crate::walk::{Step, Walk};
use sitelog_model::{Signal, TenantId};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What [`crate::Ledger::release`] erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// Segments.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What becomes of delivered segments that only refused records hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinned {
    /// They stay.
    Stay,
    /// They go: nothing else makes room, and whoever comes next must not be refused for them.
    Go,
}

/// The segments of a live chain that are written to no more, oldest first.
pub(crate) struct Rolled {
    segments: VecDeque<(u32, Option<Extent>)>,
    /// Number of the segment that is being written.
    current: u32,
    /// Whether those that another writer wrote are among them.
    is_listed: bool,
}

/// What matters about a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extent {
    /// Its frames.
    pub(crate) first: u64,
    pub(crate) upto: u64,
    /// When the last of them was written, Unix nanoseconds.
    pub(crate) newest: u64,
    /// By signal, the index behind the last frame that cursors want.
    pub(crate) wanted: [u64; 3],
}

impl From<u64> for Extent {
    /// Of a segment that begins with this frame.
    fn from(first: u64) -> Self {
        Self {
            first,
            ..Self::default()
        }
    }
}

impl Extent {
    /// Notes a frame that cursors want.
    pub(crate) fn wants(&mut self, signal: Signal, index: u64) {
        self.wanted[signal as usize - 1] = index + 1;
    }

    fn is_passed_by(&self, cursor: &StoredCursor) -> bool {
        let wanted = match cursor.signal {
            Some(signal) => self.wanted[signal as usize - 1],
            None => self.wanted.into_iter().max().unwrap_or(0),
        };
        cursor.progress.upto >= Position::start(wanted)
    }

    /// Whether it holds a signal that no cursor reads.
    fn is_unread(&self, signal: Signal, cursors: &[StoredCursor]) -> bool {
        let reads = |cursor: &StoredCursor| cursor.signal.is_none_or(|read| read == signal);
        self.wanted[signal as usize - 1] > self.first && !cursors.iter().any(reads)
    }

    /// Its frames.
    fn frames(&self) -> Range<u64> {
        self.first..self.upto
    }
}

impl Rolled {
    /// Of a chain whose writer goes on in this segment.
    pub(crate) fn before(current: u32) -> Self {
        Self {
            segments: VecDeque::new(),
            current,
            is_listed: current <= 1,
        }
    }

    /// The segment being written was sealed; `None` when another writer began it.
    pub(crate) fn push(&mut self, number: u32, extent: Option<Extent>) {
        self.segments.push_back((number, extent));
        self.current = number + 1;
    }
}

/// Erases the segments of a tenant's live chains that every cursor has passed and that are older than `keep`, until `enough`
/// bytes are free.
pub(crate) fn release(
    root: &Root,
    tenant: &TenantId,
    keep: Duration,
    enough: u64,
    pinned: Pinned,
) -> Result<Released, Error> {
    let mut released = Released::default();
    for live in root.lives(tenant) {
        if released.bytes >= enough {
            break;
        }
        release_chain(root, &live, keep, enough, pinned, &mut released)?;
    }
    Ok(released)
}

fn release_chain(
    root: &Root,
    live: &Arc<Live>,
    keep: Duration,
    enough: u64,
    pinned: Pinned,
    released: &mut Released,
) -> Result<(), Error> {
    let mut rolled = live.rolled.lock().unwrap_or_else(PoisonError::into_inner);
    let news = std::mem::take(&mut *live.just_rolled.lock().unwrap_or_else(PoisonError::into_inner));
    for (number, extent) in news {
        rolled.push(number, extent);
    }
    list(root, live, &mut rolled)?;
    if rolled.segments.is_empty() {
        return Ok(());
    }
    let cursors = list_cursors(&*root.disk, &live.folder)?;
    let sizes = list_segments(&*root.disk, &live.folder)?;
    let size = |number: u32| {
        sizes
            .iter()
            .find(|file| file.number == number)
            .map_or(0, |file| file.len)
    };
    // A survey erased them, or somebody else did.
    let is_gone = |number: u32| !sizes.iter().any(|file| file.number == number);
    while rolled.segments.pop_front_if(|(number, _)| is_gone(*number)).is_some() {}
    let now = root.options.clock.now();
    let (mut going, mut bytes, mut upto) = (Vec::new(), 0, 0);
    while let Some((number, extent)) = rolled.segments.get_mut(going.len()) {
        let extent = match extent {
            Some(extent) => extent,
            None => extent.insert(survey(root, &live.id, live, *number)?),
        };
        let is_young = Duration::from_nanos(now.saturating_sub(extent.newest)) < keep;
        let is_done = root.delivers(&cursors) && cursors.iter().all(|cursor| extent.is_passed_by(cursor));
        let refused: u64 = cursors
            .iter()
            .map(|cursor| cursor.refused.records_in(extent.frames()))
            .sum();
        let reaches = |cursor: &StoredCursor| cursor.refused.reaches(extent.frames());
        let is_pinned = pinned == Pinned::Stay && cursors.iter().any(reaches);
        if is_young || !is_done || is_pinned || released.bytes + bytes >= enough {
            break;
        }
        upto = extent.upto;
        bytes += size(*number);
        let is_unread = Signal::ALL.iter().any(|signal| extent.is_unread(*signal, &cursors));
        going.push((*number, refused, is_unread));
    }
    if going.is_empty() {
        return Ok(());
    }
    // What is gone without an entry was taken away by somebody else. On a full disk something has to go first.
    let enter = || trail::erasing_live(root, &live.id, upto);
    let entered = enter();
    for (number, refused, is_unread) in going {
        let path = segment_path(&live.folder, number);
        remove(root.disk.remove(&path)).map_err(Error::io("remove", &path))?;
        rolled.segments.pop_front();
        released.segments += 1;
        released.bytes += size(number);
        root.counters.erased_segments.add(1);
        root.counters.refused_records_erased.add(refused);
        root.counters.erased_unread_segments.add(is_unread.into());
    }
    if entered.is_err() && enter().is_err() {
        root.counters.erasures_not_entered.add(1);
    }
    Ok(())
}

/// Takes in the segments that another writer wrote.
fn list(root: &Root, live: &Live, rolled: &mut Rolled) -> Result<(), Error> {
    if rolled.is_listed {
        return Ok(());
    }
    let first = rolled.segments.front().map_or(rolled.current, |(number, _)| *number);
    for file in list_segments(&*root.disk, &live.folder)?.iter().rev() {
        if file.number < first {
            rolled.segments.push_front((file.number, None));
        }
    }
    rolled.is_listed = true;
    Ok(())
}

/// Reads the headers of one segment.
fn survey(root: &Root, chain: &ChainId, live: &Live, number: u32) -> Result<Extent, Error> {
    let mut walk = Walk::new(root.disk.clone(), chain, live.folder.clone(), number);
    let mut extent = Extent::default();
    let mut is_first = true;
    loop {
        let found = match walk.step()? {
            Step::Frame(found) if found.segment == number => found,
            Step::Damage(damage) if damage.segment == number => continue,
            Step::Segment(_) if is_first => continue,
            _ => return Ok(extent),
        };
        let header = found.header;
        if std::mem::take(&mut is_first) {
            extent.first = header.index;
        }
        (extent.upto, extent.newest) = (header.index + 1, header.time);
        if header.kind.is_exported() {
            extent.wants(header.signal, header.index);
        }
    }
}
