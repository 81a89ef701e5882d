//! Cursors: named readers that remember, durably, what they are done with.

pub(crate) mod log;
pub(crate) mod record;
mod refusals;
mod refused;
pub(crate) mod stored;

pub use refusals::Refusals;
pub use refused::{Refusal, RefusedRange};

use crate::ChainId;
use crate::chain::Live;
use crate::disk::Open;
use crate::error::{Damage, Error};
use crate::frame::Header;
use crate::frames::{Frame, Read, Reader};
use crate::layout::{CURSORS, Lock, WRITER_LOCK, holder, lock};
use crate::position::Progress;
use crate::quarantine;
use crate::root::Root;
use crate::walk::Found;
use log::RecordLog;
use record::{CURSOR_MAGIC, put_progress, signal_tag, take_progress};
use sitelog_model::{Signal, TenantId};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A named reader of one chain. Only one of a name is open at a time, in all processes.
pub struct Cursor {
    root: Arc<Root>,
    chain: ChainId,
    folder: PathBuf,
    signal: Option<Signal>,
    reader: Reader,
    live: Option<Arc<Live>>,
    progress: Progress,
    refusals: Refusals,
    damage: Vec<Damage>,
    log: RecordLog,
    at_end: bool,
    /// Something of the progress may be lost with the power.
    is_noted: bool,
    /// Segment and length up to which the content is known to be durable.
    synced: (u32, u64),
}

impl Cursor {
    pub(crate) fn open(
        root: Arc<Root>,
        chain: &ChainId,
        name: &str,
        signal: Option<Signal>,
        live: Option<Arc<Live>>,
    ) -> Result<Self, Error> {
        // The same alphabet makes a safe folder and a safe file.
        TenantId::new(name).map_err(|_| Error::CursorName(name.to_owned()))?;
        let (disk, folder) = (root.disk.clone(), root.layout.chain(chain));
        let cursors = folder.join(CURSORS);
        match disk.create_dir(&cursors) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Error::NoChain(chain.clone())),
            other => other.map_err(Error::io("create", &cursors))?,
        };
        let held = match lock(&*disk, &cursors.join(format!("{name}.lock")), Open::Create)? {
            Lock::Held(file) => file,
            Lock::Busy(pid) => {
                return Err(Error::CursorBusy {
                    chain: chain.clone(),
                    name: name.to_owned(),
                    pid,
                });
            }
        };
        let syncs = root.syncs();
        let path = cursors.join(format!("{name}.cursor"));
        let (mut log, stored) = RecordLog::open(disk.clone(), path, CURSOR_MAGIC, signal_tag(signal), syncs)?;
        let last = stored.and_then(|stored| stored.records.last().and_then(|body| take_progress(body)));
        let progress = last.unwrap_or_default();
        log.make(&[put_progress(&progress)])?;
        let path = cursors.join(format!("{name}.refused"));
        let refusals = Refusals::open(root.clone(), path, &progress, held)?;
        if syncs && live.is_none() {
            // The writer may have died before it made these entries durable.
            for folder in folder.ancestors().take(2) {
                disk.sync_dir(folder).map_err(Error::io("sync", folder))?;
            }
        }
        let reader = Reader::new(disk, chain, folder.clone(), progress.upto.frame)?;
        let (damage, at_end, synced) = (Vec::new(), false, (0, 0));
        Ok(Self {
            root,
            chain: chain.clone(),
            folder,
            signal,
            reader,
            live,
            progress,
            refusals,
            damage,
            log,
            at_end,
            is_noted: false,
            synced,
        })
    }

    /// The next frame that is not done: `None` when there is nothing further now. Other signals, notes and damaged ranges
    /// are passed over. After a reopen, frames that were read but not committed come again.
    ///
    /// # Errors
    /// The disk's.
    #[expect(clippy::should_implement_trait, reason = "None is not the end: more may follow")]
    pub fn next(&mut self) -> Result<Option<Frame>, Error> {
        if let Some(frame) = self.advance()? {
            return Ok(Some(frame));
        }
        // Whoever ended the chain may have written between the look at its end and this one.
        if self.has_ended()? {
            let last = self.advance()?;
            self.at_end = last.is_none();
            return Ok(last);
        }
        Ok(None)
    }

    /// Whether the last [`Cursor::next`] found nothing, and nothing will ever follow: the chain is sealed, or nobody
    /// writes it any more.
    pub fn at_end(&self) -> bool {
        self.at_end
    }

    /// What is done: where to resume.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Damaged ranges that were passed over since the cursor was opened.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Records, durably, what is done.
    ///
    /// # Errors
    /// [`Error::CursorBack`], and the disk's; what was committed before stays.
    pub fn commit(&mut self, progress: Progress) -> Result<(), Error> {
        self.record(progress, RecordLog::append)?;
        self.is_noted = false;
        Ok(())
    }

    /// Records what is done so that it survives the death of this process. A power loss may take it, and then some of it comes
    /// again: for who delivers many chains and cannot wait for a disk after each request. [`Cursor::settle`] makes it durable.
    ///
    /// # Errors
    /// As [`Cursor::commit`].
    pub fn note(&mut self, progress: Progress) -> Result<(), Error> {
        self.record(progress, RecordLog::append_unsynced)?;
        self.is_noted = true;
        Ok(())
    }

    /// Makes durable what was noted.
    ///
    /// # Errors
    /// The disk's.
    pub fn settle(&mut self) -> Result<(), Error> {
        if self.is_noted {
            self.log.make_durable()?;
            self.is_noted = false;
        }
        Ok(())
    }

    /// Goes back: [`Cursor::next`] reads on behind what is done, and what was read but is not done comes again.
    ///
    /// # Errors
    /// The disk's.
    pub fn rewind(&mut self) -> Result<(), Error> {
        let (disk, from) = (self.root.disk.clone(), self.progress.upto.frame);
        self.reader = Reader::new(disk, &self.chain, self.folder.clone(), from)?;
        self.at_end = false;
        Ok(())
    }

    fn record(
        &mut self,
        mut progress: Progress,
        append: impl FnOnce(&mut RecordLog, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        progress.normalize();
        if progress.upto < self.progress.upto {
            return Err(Error::CursorBack {
                from: self.progress.upto,
                to: progress.upto,
            });
        }
        let body = put_progress(&progress);
        if self.log.is_large() {
            self.log.rewrite(&[body])?
        } else {
            append(&mut self.log, &body)?
        }
        self.progress = progress;
        self.root.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Records, durably, what the destination refused for good: [`Refusals::add`].
    ///
    /// # Errors
    /// The disk's.
    pub fn refuse(&mut self, refusals: &[Refusal]) -> Result<(), Error> {
        self.refusals.add(refusals, &self.progress)
    }

    /// The list of what was refused, which holds the cursor as long as it lives.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// All that was refused for good, in the order of the chain.
    pub fn refused(&self) -> Vec<RefusedRange> {
        self.refusals.ranges()
    }

    fn advance(&mut self) -> Result<Option<Frame>, Error> {
        let limit = self.live.as_ref().map_or(u64::MAX, |live| live.commit.durable());
        loop {
            let (signal, progress) = (self.signal, &self.progress);
            match self.reader.next(limit, |header| is_due(header, signal, progress))? {
                Read::Frame(found, frame) => {
                    self.make_durable(&found)?;
                    return Ok(Some(frame));
                }
                Read::Damage(damage) => self.note_damage(damage),
                Read::End => return Ok(None),
            }
        }
    }

    /// A frame must not be delivered and then be lost, or another one would take its place: what another process wrote is
    /// synced before it is handed out.
    fn make_durable(&mut self, found: &Found) -> Result<(), Error> {
        let end = (found.segment, found.offset + found.header.frame_len());
        if self.live.is_some() || !self.root.syncs() || end <= self.synced {
            return Ok(());
        }
        let Some(file) = self.reader.walk.file() else {
            return Ok(());
        };
        let len = file.len().map_err(Error::io("read", &self.folder))?;
        file.sync_data().map_err(Error::io("sync", &self.folder))?;
        self.synced = (found.segment, len.max(end.1));
        Ok(())
    }

    fn note_damage(&mut self, damage: Damage) {
        self.root.damaged(&self.folder, &damage);
        let path = crate::layout::segment_path(&self.folder, damage.segment);
        if let Ok(file) = self.root.disk.open(&path, Open::Read) {
            // Best effort: the range stays where it is, too.
            drop(quarantine::keep(
                &*self.root.disk,
                &self.folder,
                damage.segment,
                &*file,
                &damage.bytes,
            ));
        }
        self.damage.push(damage);
    }

    fn has_ended(&self) -> Result<bool, Error> {
        match &self.live {
            Some(live) => Ok(live.commit.has_ended()),
            None => Ok(holder(&*self.root.disk, &self.folder.join(WRITER_LOCK))?.is_none()),
        }
    }
}

/// Whether a cursor of this signal has still to deal with a frame.
pub(crate) fn is_due(header: &Header, signal: Option<Signal>, progress: &Progress) -> bool {
    header.kind.is_exported() && signal.is_none_or(|signal| header.signal == signal) && !progress.has(header.index)
}
