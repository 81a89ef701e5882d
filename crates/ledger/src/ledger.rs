//! The ledger of one data folder.

use crate::bundle::{Exported, Selection, export};
use crate::chain::{Chain, ChainId};
use crate::check::{Check, OnProgress, Report, check};
use crate::commit::{Commit, Mark};
use crate::counters::Counters;
use crate::cursor::Cursor;
use crate::disk::{Disk, DiskFile, Open, RealDisk};
use crate::error::Error;
use crate::frame::{Header, Kind};
use crate::frames::Frames;
use crate::key::PublicKey;
use crate::layout::{Layout, Lock, WRITER_LOCK, create_dirs, create_durable_dirs, list_segments, lock};
use crate::options::{Options, Retention};
use crate::recover::{Recovery, recover};
use crate::release::{Pinned, Released, release};
use crate::reserve::put_aside;
use crate::retain::{Reclaimed, reclaim, release_ended};
use crate::root::Root;
use crate::segment::SegmentHeader;
use crate::status::{Status, status};
use crate::trail::settle;
use crate::verify::{Verified, verify};
use crate::witness::{self, CosignerKey, WitnessAnswer, WitnessRequest};
use crate::writer::Writer;
use sitelog_model::{Signal, TenantId, Ulid};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The chains of all tenants below one folder. Any number of processes may use the same folder at the same time.
#[derive(Clone)]
pub struct Ledger {
    root: Arc<Root>,
}

impl Ledger {
    /// Opens a folder on the machine's disk; it is made when missing.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(root: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        Self::with_disk(Arc::new(RealDisk), root, options)
    }

    /// Opens a folder on any disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn with_disk(disk: Arc<dyn Disk>, root: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        let layout = Layout::new(root.into());
        create_durable_dirs(&*disk, layout.root())?;
        Ok(Self {
            root: Arc::new(Root::new(disk, layout, options)),
        })
    }

    /// Begins a chain; this process is its one writer.
    ///
    /// # Errors
    /// [`Error::Locked`] or [`Error::Exists`] when there is one of this id already, [`Error::Key`], and the disk's.
    pub fn create(&self, tenant: &TenantId, id: Ulid) -> Result<Chain, Error> {
        let (root, chain) = (
            &self.root,
            ChainId {
                tenant: tenant.clone(),
                id,
            },
        );
        // Before anything is recorded: a chain that can never be sealed should not begin.
        let key = root.key()?;
        let folder = root.layout.chain(&chain);
        let is_new = create_dirs(&*root.disk, &folder)?;
        if !is_new {
            drop(take_lock(root, &chain, &folder, Open::Create)?);
            return Err(Error::Exists(chain));
        }
        let held = take_lock(root, &chain, &folder, Open::Create)?;
        put_aside(&*root.disk, &folder);
        let commit = Commit::default();
        if root.syncs() {
            // Another process may have made the upper ones an instant ago.
            commit.add_folders(folder.ancestors().skip(1).take(3).map(Path::to_owned));
        }
        let first = SegmentHeader::first(&chain);
        let writer = Writer {
            disk: root.disk.clone(),
            chain,
            folder,
            key,
            segment: None,
            next_segment: 1,
            tree: first.tree,
            previous: first.previous,
            time: 0,
            sealed: None,
        };
        Ok(Chain::new(root.clone(), writer, commit, held))
    }

    /// Takes over a chain whose writer closed it or died, repairs its end, and says what was wrong with it.
    ///
    /// # Errors
    /// [`Error::Locked`] when it is being written, [`Error::Sealed`], [`Error::NoChain`], and the disk's.
    pub fn reopen(&self, id: &ChainId) -> Result<(Chain, Recovery), Error> {
        let folder = self.root.layout.chain(id);
        let held = take_lock(&self.root, id, &folder, Open::Create)?;
        let (writer, recovery) = recover(&self.root, id, folder)?;
        let commit = Commit::at(Mark {
            frames: writer.next(),
            bytes: 0,
        });
        Ok((Chain::new(self.root.clone(), writer, commit, held), recovery))
    }

    /// The chains of all tenants, oldest first.
    ///
    /// # Errors
    /// The disk's.
    pub fn chains(&self) -> Result<Vec<ChainId>, Error> {
        let (disk, layout) = (&*self.root.disk, &self.root.layout);
        let mut chains = Vec::new();
        for tenant in layout.list_tenants(disk)? {
            chains.extend(layout.list_chains(disk, &tenant)?);
        }
        chains.sort_by(|a, b| (a.id, &a.tenant).cmp(&(b.id, &b.tenant)));
        Ok(chains)
    }

    /// How a chain stands.
    ///
    /// # Errors
    /// [`Error::NoChain`] and the disk's.
    pub fn status(&self, id: &ChainId) -> Result<Status, Error> {
        status(&self.root, id)
    }

    /// All readable frames of a chain, in order; a snapshot of one that is being written.
    ///
    /// # Errors
    /// The disk's.
    pub fn frames(&self, id: &ChainId) -> Result<Frames, Error> {
        Frames::new(self.root.clone(), id, 0, |header| header.kind.is_batch())
    }

    /// The readable OTLP logs requests of a chain from a frame on; the payloads between them are not read.
    ///
    /// # Errors
    /// The disk's.
    pub fn records(&self, id: &ChainId, from: u64) -> Result<Frames, Error> {
        let wants = |header: &Header| header.kind == Kind::Otlp && header.signal == Signal::Logs;
        Frames::new(self.root.clone(), id, from, wants)
    }

    /// The notes of a chain alone; the payloads between them are not read.
    ///
    /// # Errors
    /// The disk's.
    pub fn notes(&self, id: &ChainId) -> Result<Frames, Error> {
        Frames::new(self.root.clone(), id, 0, |header| header.kind == Kind::Note)
    }

    /// A named reader of a chain that this process does not write; [`Chain::cursor`] is for one that it does.
    ///
    /// # Errors
    /// [`Error::CursorBusy`] when another one of this name is open, [`Error::NoChain`], and the disk's.
    pub fn cursor(&self, id: &ChainId, name: &str, signal: Option<Signal>) -> Result<Cursor, Error> {
        Cursor::open(self.root.clone(), id, name, signal, None)
    }

    /// Erases what a tenant's retention lets go, and enters in the trail what killed processes could not.
    ///
    /// # Errors
    /// The disk's.
    pub fn reclaim(&self, tenant: &TenantId) -> Result<Reclaimed, Error> {
        // A trail that is broken is `verify`'s to report: it must not keep a full disk full.
        drop(settle(
            &self.root,
            &self.root.layout.list_chains(&*self.root.disk, tenant)?,
        ));
        self.make_room(tenant, 0, true)
    }

    /// [`Ledger::reclaim`], but for the trail, until so many more bytes fit into the budget if that can be. `may_survey`: it may
    /// read the headers of all frames; otherwise only what this ledger writes itself is looked at, which is quick.
    ///
    /// # Errors
    /// The disk's.
    pub fn make_room(&self, tenant: &TenantId, bytes: u64, may_survey: bool) -> Result<Reclaimed, Error> {
        let now = self.root.options.clock.now();
        let reclaimed = reclaim(&self.root, tenant, bytes, now, may_survey)?;
        if !may_survey {
            return Ok(reclaimed);
        }
        let nanos = |age: Duration| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        let since = reclaimed.undelivered_age.map(|age| now.saturating_sub(nanos(age)));
        self.root.set_waiting_since(tenant, since);
        Ok(reclaimed)
    }

    /// What may be erased from now on, of chains that are being written too.
    pub fn retain(&self, retention: Retention) {
        self.root.retain(retention);
    }

    /// Erases the segments of a tenant's chains that this ledger writes that every cursor has passed and that are older than
    /// [`Options::keep_delivered`]; cheap, for no frame is read. Segments with refused records stay until their age is over, and a
    /// chain without a cursor keeps everything. Chains that nobody writes any more are left to [`Ledger::release_ended`].
    ///
    /// # Errors
    /// The disk's.
    pub fn release(&self, tenant: &TenantId) -> Result<Released, Error> {
        match self.root.options.keep_delivered {
            Some(keep) => release(&self.root, tenant, keep, u64::MAX, Pinned::Stay),
            None => Ok(Released::default()),
        }
    }

    /// Erases a chain that nobody writes any more, once every cursor has passed all of it and it is older than
    /// [`Options::keep_delivered`], unless a record of it was refused. Reads the headers of all its frames. Says whether it is gone.
    ///
    /// # Errors
    /// The disk's.
    pub fn release_ended(&self, id: &ChainId) -> Result<bool, Error> {
        match self.root.options.keep_delivered {
            Some(keep) => release_ended(&self.root, id, keep),
            None => Ok(false),
        }
    }

    /// Enters in the trail the beginnings and ends of chains that killed processes could not enter; says how many entries
    /// that took. Chains that are being written are left to their writers.
    ///
    /// # Errors
    /// [`Error::Trail`], [`Error::TrailBusy`] and the disk's.
    pub fn settle(&self) -> Result<u64, Error> {
        settle(&self.root, &self.chains()?)
    }

    /// Checks a chain's checksums, hashes and checkpoints with a public key: [`Ledger::public_key`], or one kept elsewhere.
    ///
    /// # Errors
    /// The disk's. What is wrong with the chain is in the answer.
    pub fn verify(&self, id: &ChainId, key: &PublicKey) -> Result<Verified, Error> {
        verify(self.root.disk.clone(), id, self.root.layout.chain(id), key)
    }

    /// Checks chains, trail and key; reads files only, also while others write them.
    ///
    /// # Errors
    /// [`Error::Key`] when no key is given and none is there, and the disk's. What is wrong is in the answer.
    pub fn check(&self, what: &Check<'_>) -> Result<Report, Error> {
        check(&self.root, what)
    }

    /// Writes a bundle of chosen chains or frames, which [`crate::read_bundle`] verifies with the public key alone. Each chain is
    /// checked before; a chain that goes on is signed as it is now.
    ///
    /// # Errors
    /// [`Error::Unsound`] when a chain is not what was written, [`Error::NoChain`], [`Error::Bundle`] and the disk's.
    pub fn export(
        &self,
        chosen: &[Selection],
        out: &mut dyn Write,
        progress: Option<OnProgress<'_>>,
    ) -> Result<Exported, Error> {
        export(&self.root, chosen, out, progress)
    }

    /// The trail's newest checkpoint as a signed note, durable: it may leave the machine. [`Outside::read`](crate::Outside::read)
    /// reads it again.
    ///
    /// # Errors
    /// [`Error::NoTrail`], [`Error::Unsound`] when the trail is not what was signed, and the disk's.
    pub fn trail_note(&self) -> Result<String, Error> {
        witness::note(&self.root)
    }

    /// Appends [`Ledger::trail_note`] to a file, durably; best one that this machine cannot change afterwards.
    ///
    /// # Errors
    /// As [`Ledger::trail_note`].
    pub fn append_trail_note(&self, file: &Path) -> Result<(), Error> {
        witness::append_note(&self.root, file)
    }

    /// What to `POST` to a witness's `add-checkpoint`; `None` when it has cosigned all there is. `known` is what it said it
    /// knows ([`WitnessAnswer::Knows`]); without that, what it has cosigned.
    ///
    /// # Errors
    /// As [`Ledger::trail_note`].
    pub fn witness_request(&self, witness: &CosignerKey, known: Option<u64>) -> Result<Option<WitnessRequest>, Error> {
        witness::request(&self.root, witness, known)
    }

    /// Takes a witness's answer: HTTP status and body. A cosignature is verified and kept beside the trail.
    ///
    /// # Errors
    /// The disk's.
    pub fn witness_answer(
        &self,
        witness: &CosignerKey,
        request: &WitnessRequest,
        status: u16,
        body: &str,
    ) -> Result<WitnessAnswer, Error> {
        witness::answer(&self.root, witness, request, status, body)
    }

    /// The key that verifies this installation's checkpoints.
    ///
    /// # Errors
    /// [`Error::Key`] and the disk's; there is none before the first chain.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        PublicKey::load(&*self.root.disk, &self.root.layout.keys())
    }

    /// What went wrong so far, counted.
    pub fn counters(&self) -> &Counters {
        &self.root.counters
    }
}

fn take_lock(root: &Root, chain: &ChainId, folder: &Path, how: Open) -> Result<Arc<dyn DiskFile>, Error> {
    match lock(&*root.disk, &folder.join(WRITER_LOCK), how) {
        Ok(Lock::Held(file)) => Ok(file),
        Ok(Lock::Busy(pid)) => Err(Error::Locked {
            chain: chain.clone(),
            pid,
        }),
        Err(error) if error.is_missing() => Err(Error::NoChain(chain.clone())),
        Err(error) => Err(error),
    }
}

/// Whether there is anything of a chain.
pub(crate) fn exists(root: &Root, folder: &Path) -> Result<bool, Error> {
    let has_segments = !list_segments(&*root.disk, folder)?.is_empty();
    Ok(has_segments || root.disk.open(&folder.join(WRITER_LOCK), Open::Read).is_ok())
}
