//! Retention: which segments may go, and when. What was not delivered is never erased while somebody wants it.

use crate::ChainId;
use crate::budget::{chain_bytes, tenant_bytes};
use crate::cursor::is_due;
use crate::cursor::stored::{StoredCursor, list_cursors};
use crate::disk::Open;
use crate::error::Error;
use crate::frame::Kind;
use crate::layout::{CURSORS, Lock, QUARANTINE, SegmentFile, WRITER_LOCK, list, list_segments, lock, segment_path};
use crate::options::Reclaim;
use crate::release::{Pinned, release};
use crate::reserve::RESERVE;
use crate::root::Root;
use crate::trail;
use crate::walk::{Step, Walk};
use sitelog_model::TenantId;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Duration;

/// An empty folder younger than this may be a chain that is just beginning.
const NEWBORN: Duration = Duration::from_secs(3600);

/// What [`crate::Ledger::reclaim`] did and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Segments erased.
    pub segments: u64,
    /// Bytes freed.
    pub bytes: u64,
    /// Bytes the tenant occupies now.
    pub used: u64,
    /// Age of the oldest frame that a cursor has still to deliver; looked for only when there is an age budget.
    pub undelivered_age: Option<Duration>,
}

/// What matters about one segment.
struct Segment {
    file: SegmentFile,
    /// Time of its newest frame.
    newest: u64,
    /// Time of its oldest frame that some cursor has not done.
    due: Option<u64>,
    /// Records in it that were refused for good, and whether any may be.
    refused: u64,
    is_pinned: bool,
    /// It ends the chain.
    ends: bool,
    /// The walk did not come as far: nothing is known of it, and it stays.
    is_unknown: bool,
    /// Index behind its last frame.
    upto: u64,
}

/// What a chain has, and what of it goes.
struct Surveyed {
    chain: ChainId,
    /// Somebody is meant to get it.
    is_read: bool,
    /// What all cursors have passed is delivered.
    delivers: bool,
    is_sealed: bool,
    was_empty: bool,
    /// What stays.
    segments: VecDeque<Segment>,
    gone: Vec<Segment>,
    /// Nothing is left of it then.
    is_all: bool,
}

impl Surveyed {
    fn look(root: &Root, chain: ChainId) -> Result<Self, Error> {
        let folder = root.layout.chain(&chain);
        let cursors = list_cursors(&*root.disk, &folder)?;
        let segments = survey(root, &chain, &folder, &cursors)?;
        Ok(Self {
            chain,
            is_read: !cursors.is_empty() || !root.retention().cursors.is_empty(),
            delivers: root.delivers(&cursors),
            is_sealed: segments.last().is_some_and(|segment| segment.ends),
            was_empty: segments.is_empty(),
            segments: segments.into(),
            gone: Vec::new(),
            is_all: false,
        })
    }

    /// Decides what goes, from the beginning of the chain.
    fn sweep(
        &mut self,
        root: &Root,
        now: u64,
        pinned: Pinned,
        done: &mut Reclaimed,
        is_over: impl Fn(&Reclaimed) -> bool,
    ) -> Result<(), Error> {
        let is_server = matches!(root.options.reclaim, Reclaim::Elsewhere(_));
        let age_limit = root.retention().budget.age;
        let may_go = |segment: &Segment, done: &Reclaimed| {
            if segment.is_unknown {
                return false;
            }
            let age = Duration::from_nanos(now.saturating_sub(segment.newest));
            let is_old = age_limit.is_some_and(|limit| age > limit);
            match self.is_read {
                // Nobody was ever meant to get it: it goes with age alone, of a server's chain even while that is written.
                false => (self.is_sealed || is_server) && is_old,
                true => {
                    let is_free = !segment.is_pinned || pinned == Pinned::Go;
                    self.delivers && segment.due.is_none() && (is_old || is_over(done) && is_free)
                }
            }
        };
        // The last segment is where the chain goes on; only the end of one that is sealed can go.
        while self.segments.len() > usize::from(!self.is_sealed) {
            let Some(segment) = self.segments.pop_front_if(|segment| may_go(segment, done)) else {
                break;
            };
            done.used = done.used.saturating_sub(segment.file.len);
            self.gone.push(segment);
        }
        let born = Duration::from_millis(self.chain.id.timestamp_ms());
        let is_newborn = Duration::from_nanos(now).saturating_sub(born) < NEWBORN;
        if self.segments.is_empty() && !self.is_all && !(self.was_empty && is_newborn) {
            self.is_all = true;
            let rest = chain_bytes(root, &root.layout.chain(&self.chain))?;
            let rest = rest.saturating_sub(self.gone.iter().map(|segment| segment.file.len).sum());
            done.used = done.used.saturating_sub(rest);
        }
        Ok(())
    }
}

/// Erases what may go: all that is too old, and what is delivered as long as `room` bytes do not fit. Looks into the segments
/// of all chains only if it must, and if it may: that takes long.
pub(crate) fn reclaim(
    root: &Root,
    tenant: &TenantId,
    room: u64,
    now: u64,
    may_survey: bool,
) -> Result<Reclaimed, Error> {
    let budget = root.retention().budget;
    let mut done = Reclaimed {
        used: tenant_bytes(root, tenant)?,
        ..Reclaimed::default()
    };
    let chains = root.layout.list_chains(&*root.disk, tenant)?;
    let is_over = |done: &Reclaimed| budget.bytes.is_some_and(|limit| done.used + room > limit);
    let release_over = |done: &mut Reclaimed, pinned| -> Result<(), Error> {
        if let Some(limit) = budget.bytes.filter(|_| is_over(done)) {
            let released = release(root, tenant, Duration::ZERO, done.used + room - limit, pinned)?;
            done.segments += released.segments;
            done.bytes += released.bytes;
            done.used = done.used.saturating_sub(released.bytes);
        }
        Ok(())
    };
    release_over(&mut done, Pinned::Stay)?;
    if !may_survey {
        release_over(&mut done, Pinned::Go)?;
        return Ok(done);
    }
    if !is_over(&done) && budget.age.is_none() {
        return Ok(done);
    }
    let mut surveyed = Vec::new();
    for chain in chains {
        surveyed.push(Surveyed::look(root, chain)?);
    }
    // What was refused goes last, and only as much of it as there is need for.
    for pinned in [Pinned::Stay, Pinned::Go] {
        for chain in &mut surveyed {
            chain.sweep(root, now, pinned, &mut done, is_over)?;
        }
    }
    let mut leaving = Vec::new();
    for chain in surveyed {
        let dues = chain.segments.iter().filter_map(|segment| segment.due);
        let oldest = dues.map(|due| Duration::from_nanos(now.saturating_sub(due))).max();
        done.undelivered_age = done.undelivered_age.max(oldest);
        if chain.is_all || !chain.gone.is_empty() {
            leaving.push(chain);
        }
    }
    erase(root, &leaving, &mut done)?;
    Ok(done)
}

/// Erases a chain that nobody writes any more, if all of it is delivered and older than `keep`. Says whether it is gone.
pub(crate) fn release_ended(root: &Root, chain: &ChainId, keep: Duration) -> Result<bool, Error> {
    if root.lives(&chain.tenant).iter().any(|live| live.id == *chain) {
        return Ok(false);
    }
    let mut surveyed = Surveyed::look(root, chain.clone())?;
    let now = root.options.clock.now();
    let may_go = |segment: &Segment| {
        let age = Duration::from_nanos(now.saturating_sub(segment.newest));
        !segment.is_unknown && segment.due.is_none() && !segment.is_pinned && age >= keep
    };
    if !surveyed.was_empty {
        if !(surveyed.is_sealed && surveyed.delivers && surveyed.segments.iter().all(may_go)) {
            return Ok(false);
        }
        surveyed.gone = std::mem::take(&mut surveyed.segments).into();
        surveyed.is_all = true;
        erase(root, &[surveyed], &mut Reclaimed::default())?;
    }
    Ok(true)
}

/// Says in the trail what goes, then lets it go: what is gone without an entry was taken away by somebody else.
fn erase(root: &Root, leaving: &[Surveyed], done: &mut Reclaimed) -> Result<(), Error> {
    // One without a sound frame says nothing of how far it goes.
    let last = |leaving: &Surveyed| Some((leaving.chain.clone(), leaving.gone.iter().map(|gone| gone.upto).max()?));
    let entries: Vec<(ChainId, u64)> = leaving.iter().filter_map(last).collect();
    let enter = || match entries.is_empty() {
        true => Ok(()),
        false => trail::erasing(root, &entries),
    };
    let entered = enter();
    for Surveyed {
        chain, gone, is_all, ..
    } in leaving
    {
        let folder = root.layout.chain(chain);
        for segment in gone {
            erase_segment(root, &folder, segment, done)?;
        }
        if *is_all {
            remove_unheld_chain(root, &folder)?;
        }
    }
    // On a full disk there was no room for the entry before something went.
    if entered.is_err() && enter().is_err() {
        root.counters.erasures_not_entered.add(entries.len() as u64);
    }
    Ok(())
}

fn survey(root: &Root, chain: &ChainId, folder: &Path, cursors: &[StoredCursor]) -> Result<Vec<Segment>, Error> {
    let files = list_segments(&*root.disk, folder)?;
    let mut segments: Vec<Segment> = files
        .iter()
        .map(|&file| Segment {
            file,
            newest: 0,
            due: None,
            refused: 0,
            is_pinned: false,
            ends: false,
            is_unknown: true,
            upto: 0,
        })
        .collect();
    let mut walk = Walk::new(root.disk.clone(), chain, folder.to_owned(), 0);
    let mut last = 0;
    loop {
        let found = match walk.step()? {
            Step::Frame(found) => found,
            Step::End { .. } => break,
            Step::Damage(_) | Step::Segment(_) => continue,
        };
        let Some(segment) = segments.iter_mut().find(|segment| segment.file.number == found.segment) else {
            continue;
        };
        let header = &found.header;
        segment.newest = segment.newest.max(header.time);
        segment.ends |= header.kind == Kind::End;
        let begun = if segment.upto == 0 { header.index } else { segment.upto };
        segment.upto = header.index + 1;
        if cursors
            .iter()
            .any(|cursor| is_due(header, cursor.signal, &cursor.progress))
        {
            segment.due.get_or_insert(header.time);
        }
        // From the frame before on: what was refused of frames that are lost is counted too.
        let frames = begun..segment.upto;
        segment.refused += cursors
            .iter()
            .map(|cursor| cursor.refused.records_in(frames.clone()))
            .sum::<u64>();
        segment.is_pinned |= cursors.iter().any(|cursor| cursor.refused.reaches(frames.clone()));
        last = found.segment;
    }
    for segment in &mut segments {
        segment.is_unknown = segment.file.number > last;
    }
    Ok(segments)
}

fn erase_segment(root: &Root, folder: &Path, segment: &Segment, done: &mut Reclaimed) -> Result<(), Error> {
    let path = segment_path(folder, segment.file.number);
    remove(root.disk.remove(&path)).map_err(Error::io("remove", &path))?;
    done.segments += 1;
    done.bytes += segment.file.len;
    root.counters.erased_segments.add(1);
    root.counters.refused_records_erased.add(segment.refused);
    Ok(())
}

/// Removes a chain of which nothing is left, unless somebody has just taken it over.
fn remove_unheld_chain(root: &Root, folder: &Path) -> Result<(), Error> {
    match lock(&*root.disk, &folder.join(WRITER_LOCK), Open::Create)? {
        Lock::Busy(_) => Ok(()),
        Lock::Held(_held) if list_segments(&*root.disk, folder)?.is_empty() => remove_chain(root, folder),
        Lock::Held(_) => Ok(()),
    }
}

/// Removes a chain's folder with all that is in it; the lock goes last. A stranger's file keeps the folder.
pub(crate) fn remove_chain(root: &Root, folder: &Path) -> Result<(), Error> {
    let disk = &*root.disk;
    for inner in [CURSORS, QUARANTINE].map(|name| folder.join(name)) {
        for entry in list(disk, &inner)? {
            let path = inner.join(entry.name);
            remove(disk.remove(&path)).map_err(Error::io("remove", &path))?;
        }
        remove(disk.remove_dir(&inner)).map_err(Error::io("remove", &inner))?;
    }
    for path in [RESERVE, WRITER_LOCK].map(|name| folder.join(name)) {
        remove(disk.remove(&path)).map_err(Error::io("remove", &path))?;
    }
    match remove(disk.remove_dir(folder)) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        other => other.map_err(Error::io("remove", folder)),
    }
}

/// What another process removed meanwhile is removed.
pub(crate) fn remove(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
