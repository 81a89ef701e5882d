//! A chain: one writer's sequence of frames.

use crate::budget::Gauge;
use crate::checkpoint::Checkpoint;
use crate::commit::{Commit, Committer};
use crate::cursor::Cursor;
use crate::disk::{DiskFile, FileSystem};
use crate::encode::encode;
use crate::error::{Error, Refused};
use crate::frame::{HEADER, Kind, MAX_PLAIN, MAX_STORED};
use crate::position::Position;
use crate::release::{Extent, Rolled};
use crate::reserve::give_back;
use crate::root::Root;
use crate::trail::{News, enter_begun};
use crate::writer::{Content, Fault, Writer};
use sitelog_model::{Batch, Payload, Signal, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a new segment costs, generously: the old one's checkpoint and its own header.
const ROLL: u64 = 1024;
/// So that a clock can say when it is over.
const LONGEST_LINGER: Duration = Duration::from_secs(86_400);

/// A chain's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChainId {
    /// Whose it is.
    pub tenant: TenantId,
    /// The run, client or poller that writes it.
    pub id: Ulid,
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.id)
    }
}

/// A frame that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it is.
    pub position: Position,
    /// When it was written, Unix nanoseconds.
    pub time: u64,
}

/// The one writer of a chain. Clones write the same chain; when the last one goes, what was written is made durable,
/// and the chain can be reopened.
#[derive(Clone)]
pub struct Chain {
    live: Arc<Live>,
    _closer: Arc<Closer>,
}

/// A chain that this process writes.
pub(crate) struct Live {
    pub(crate) root: Arc<Root>,
    pub(crate) id: ChainId,
    pub(crate) folder: PathBuf,
    pub(crate) commit: Commit,
    writer: Mutex<Inner>,
    lock: Mutex<Option<Arc<dyn DiskFile>>>,
    /// Makes what is written durable: the ledger's, or one of its own from the first frame on.
    committer: Mutex<Option<Committer>>,
    /// The folder's file system, if its committer may sync that as a whole.
    pub(crate) system: Option<Arc<dyn FileSystem>>,
    /// Segments that may be erased once they are delivered.
    pub(crate) rolled: Mutex<Rolled>,
    /// Those that came since: who erases keeps the lock above while the disk works, and a writer does not wait for that.
    pub(crate) just_rolled: Mutex<Vec<(u32, Option<Extent>)>>,
    pub(crate) news: News,
}

struct Inner {
    writer: Writer,
    gauge: Gauge,
    /// What is in the segment being written; `None` when another writer began it.
    extent: Option<Extent>,
    /// Sealed without a frame: the folder is gone.
    removed: bool,
}

/// Waits for durability and gives the lock back when the last [`Chain`] is gone.
struct Closer(Arc<Live>);

/// Whether a batch has to fit into the budget.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Budgeted {
    Yes,
    No,
}

impl Chain {
    pub(crate) fn new(root: Arc<Root>, writer: Writer, commit: Commit, lock: Arc<dyn DiskFile>) -> Self {
        let (id, folder) = (writer.chain.clone(), writer.folder.clone());
        let is_begun = writer.segment.is_some();
        let current = writer.next_segment - u32::from(is_begun);
        let inner = Inner {
            extent: (!is_begun).then(|| Extent::from(writer.next())),
            writer,
            gauge: Gauge::default(),
            removed: false,
        };
        let (writer, lock) = (Mutex::new(inner), Mutex::new(Some(lock)));
        let committer = root.options.committer.clone();
        let system = committer
            .as_ref()
            .and_then(|committer| committer.system(&*root.disk, &folder));
        let live = Arc::new(Live {
            root,
            id,
            folder,
            commit,
            writer,
            lock,
            committer: Mutex::new(committer),
            system,
            rolled: Mutex::new(Rolled::before(current)),
            just_rolled: Mutex::default(),
            news: News::default(),
        });
        live.root.add_live(&live);
        Self {
            _closer: Arc::new(Closer(live.clone())),
            live,
        }
    }

    /// Whose chain it is, and which.
    pub fn id(&self) -> &ChainId {
        &self.live.id
    }

    /// Puts a batch into the operating system's hands: it survives the death of this process, and becomes durable soon
    /// after. Waits while more than `ahead_bytes` wait for durability.
    ///
    /// # Errors
    /// [`Refused`]; nothing of the batch is in the ledger then.
    pub fn write(&self, batch: &Clean<Batch>) -> Result<Receipt, Refused> {
        self.counted(self.live.write(batch.get(), Budgeted::Yes))
    }

    /// [`Chain::write`] for the few small batches that say how a chain ended and what it lacks: they are taken beyond the
    /// budget, and on a full disk from the room that was put aside: neither may cost the truth about what it cost.
    ///
    /// # Errors
    /// [`Refused`], but for the budget's.
    pub fn write_closing(&self, batch: &Clean<Batch>) -> Result<Receipt, Refused> {
        let mut written = self.live.write(batch.get(), Budgeted::No);
        if matches!(written, Err(Refused::DiskFull(_))) && give_back(&*self.live.root.disk, &self.live.folder) {
            written = self.live.write(batch.get(), Budgeted::No);
        }
        self.counted(written)
    }

    fn counted(&self, written: Result<Receipt, Refused>) -> Result<Receipt, Refused> {
        if let Err(refused) = &written {
            self.live.count(refused);
        }
        written
    }

    /// Waits until a written batch is as durable as the options ask.
    ///
    /// # Errors
    /// [`Error::NotDurable`] when the disk failed; the batch may be lost.
    pub fn wait_durable(&self, receipt: &Receipt) -> Result<(), Error> {
        self.live.wait(receipt.position.frame + 1)
    }

    /// [`Chain::write`], then [`Chain::wait_durable`].
    ///
    /// # Errors
    /// [`Refused`]; after [`Refused::Failed`] the batch may or may not be in the ledger.
    pub fn append(&self, batch: &Clean<Batch>) -> Result<Receipt, Refused> {
        let receipt = self.write(batch)?;
        self.wait_durable(&receipt)
            .map_err(|error| Refused::Failed { why: error.to_string() })?;
        Ok(receipt)
    }

    /// Whether a written batch is as durable as the options ask; does not wait.
    ///
    /// # Errors
    /// [`Error::NotDurable`] when the disk failed; the batch may be lost.
    pub fn is_durable(&self, receipt: &Receipt) -> Result<bool, Error> {
        if self.durable() > receipt.position.frame {
            return Ok(true);
        }
        match self.live.commit.failure() {
            Some(why) => Err(Error::NotDurable(why)),
            None => Ok(false),
        }
    }

    /// Number of frames written.
    pub fn written(&self) -> u64 {
        self.live.commit.written()
    }

    /// Number of frames that are durable.
    pub fn durable(&self) -> u64 {
        self.live.commit.durable()
    }

    /// Bytes that are written and not yet durable. [`Chain::write`] waits while they are more than `ahead_bytes`: who must not
    /// wait looks here first.
    pub fn ahead(&self) -> u64 {
        self.live.commit.ahead()
    }

    /// Why nothing more can be written or become durable; `None` as long as all is well.
    pub fn failure(&self) -> Option<String> {
        self.live.commit.failure()
    }

    /// Has a function called whenever [`Chain::durable`] grows, when the chain is sealed or closed, and when it fails.
    /// It must return at once and must not write to the chain.
    pub fn subscribe(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.live.commit.subscribe(wake.into());
    }

    /// A named reader that follows this chain while it is written; it sees durable frames only.
    ///
    /// # Errors
    /// [`Error::CursorBusy`] when another one of this name is open, and the disk's.
    pub fn cursor(&self, name: &str, signal: Option<Signal>) -> Result<Cursor, Error> {
        Cursor::open(
            self.live.root.clone(),
            &self.live.id,
            name,
            signal,
            Some(self.live.clone()),
        )
    }

    /// Signs and ends the chain, durably. Again, it says the same again. A chain without a frame disappears.
    ///
    /// # Errors
    /// The disk's; the chain can then be reopened and sealed later.
    pub fn seal(&self) -> Result<Option<Checkpoint>, Error> {
        self.live.seal()
    }
}

impl Live {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // The writer changes its state only after the disk has taken the bytes, so a panic leaves it whole.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(self: &Arc<Self>, batch: &Batch, budgeted: Budgeted) -> Result<Receipt, Refused> {
        if batch.tenant != self.id.tenant {
            return Err(Refused::OtherTenant);
        }
        let (kind, plain) = match &batch.payload {
            Payload::Otlp(bytes) => (Kind::Otlp, bytes),
            Payload::Lines(bytes) => (Kind::Lines, bytes),
            Payload::Note(bytes) => (Kind::Note, bytes),
        };
        if plain.len() > MAX_PLAIN {
            return Err(Refused::TooLarge { max: MAX_STORED });
        }
        let (encoding, payload) = encode(plain, self.root.options.compress);
        if payload.len() > MAX_STORED {
            return Err(Refused::TooLarge { max: MAX_STORED });
        }
        let options = &self.root.options;
        self.commit
            .wait_for_room(options.ahead_bytes, || self.urge())
            .map_err(|why| Refused::Failed { why })?;
        let mut inner = self.inner();
        if inner.writer.sealed.is_some() || inner.removed {
            return Err(Refused::Sealed);
        }
        if let Some(why) = self.commit.failure() {
            return Err(Refused::Failed { why });
        }
        let now = options.clock.now();
        if now < inner.writer.time {
            self.root.counters.clock_set_back.add(1);
        }
        let size = (HEADER + payload.len()) as u64;
        let rolls = inner.writer.is_full(size, self.root.segment_bytes());
        let cost = if rolls { size + ROLL } else { size };
        if budgeted == Budgeted::Yes {
            inner.gauge.admit(&self.root, &self.id.tenant, cost, rolls, now)?;
        }
        if rolls {
            let (_, file, bytes) = inner
                .writer
                .checkpoint(now, false)
                .map_err(|fault| self.refused(fault))?;
            self.wrote(bytes, &file);
            let (number, next, newest) = (inner.writer.next_segment - 1, inner.writer.next(), inner.writer.time);
            let extent = inner.extent.replace(Extent::from(next));
            let extent = extent.map(|extent| Extent {
                upto: next,
                newest,
                ..extent
            });
            let mut rolled = self.just_rolled.lock().unwrap_or_else(PoisonError::into_inner);
            rolled.push((number, extent));
        }
        let (signal, origin) = (batch.signal, batch.origin);
        let content = Content {
            kind,
            signal,
            origin,
            encoding,
            payload: &payload,
            plain: plain.len(),
        };
        self.put(&mut inner.writer, &content, now)?;
        inner.gauge.wrote(cost);
        let index = inner.writer.next() - 1;
        if let Some(extent) = inner.extent.as_mut().filter(|_| kind.is_exported()) {
            extent.wants(signal, index);
        }
        Ok(Receipt {
            position: Position::start(inner.writer.next() - 1),
            time: inner.writer.time,
        })
    }

    fn put(self: &Arc<Self>, writer: &mut Writer, content: &Content<'_>, now: u64) -> Result<(), Refused> {
        let is_new = writer.segment.as_ref().is_none_or(|segment| segment.len == 0);
        let bytes = writer.put(content, now).map_err(|fault| self.refused(fault))?;
        let Some(segment) = &writer.segment else { return Ok(()) };
        let is_first = writer.tree.size() == 1;
        if is_first {
            self.news.first(writer.previous);
        }
        if is_new && self.root.syncs() {
            self.commit.add_folders([self.folder.clone()]);
        }
        self.wrote(bytes, &segment.file);
        if is_first && !self.root.syncs() {
            // There is no committer that could do it off the job's path.
            enter_begun([&**self]);
        }
        Ok(())
    }

    fn seal(self: &Arc<Self>) -> Result<Option<Checkpoint>, Error> {
        let mut inner = self.inner();
        if inner.removed {
            return Ok(None);
        }
        self.news.ending();
        let writer = &mut inner.writer;
        let was_sealed = writer.sealed.is_some();
        if !was_sealed {
            if let Some(why) = self.commit.failure() {
                return Err(Error::NotDurable(why));
            }
            if writer.next() == 0 {
                inner.removed = true;
                drop(inner);
                self.commit.end();
                return crate::retain::remove_chain(&self.root, &self.folder).map(|()| None);
            }
            let is_new = writer.segment.as_ref().is_none_or(|segment| segment.len == 0);
            give_back(&*self.root.disk, &self.folder);
            let put = writer.checkpoint(self.root.options.clock.now(), true);
            let (_, file, bytes) = put.map_err(|fault| match fault {
                Fault::Refused(error) => Error::io("seal", &self.folder)(error),
                Fault::Stuck(error) => {
                    self.fail(&error);
                    Error::io("seal", &self.folder)(error)
                }
            })?;
            if is_new && self.root.syncs() {
                self.commit.add_folders([self.folder.clone()]);
            }
            self.wrote(bytes, &file);
        }
        let (checkpoint, frames, last) = (writer.sealed.clone(), writer.next(), writer.previous);
        drop(inner);
        self.wait(frames)?;
        self.commit.end();
        if let Some(checkpoint) = checkpoint.as_ref().filter(|_| !was_sealed) {
            // While the chain's lock is held nobody else enters it.
            self.news.ended(&self.root, &self.id, checkpoint, last);
            self.release();
        }
        Ok(checkpoint)
    }

    fn refused(&self, fault: Fault) -> Refused {
        match fault {
            Fault::Refused(error) => error.into(),
            Fault::Stuck(error) => {
                self.fail(&error);
                Refused::Failed { why: error.to_string() }
            }
        }
    }

    fn fail(&self, error: &std::io::Error) {
        self.commit.fail(format!("half a frame cannot be removed: {error}"));
        self.root.counters.failed_chains.add(1);
    }

    fn count(&self, refused: &Refused) {
        let counters = &self.root.counters;
        match refused {
            Refused::Full { .. } => counters.refused_full.add(1),
            Refused::TooOld { .. } => counters.refused_too_old.add(1),
            Refused::TooLarge { .. } => counters.refused_too_large.add(1),
            Refused::DiskFull(_) => counters.refused_disk_full.add(1),
            Refused::Io(_) | Refused::Failed { .. } => counters.refused_io.add(1),
            Refused::OtherTenant | Refused::Sealed => {}
        }
    }

    fn wait(&self, frames: u64) -> Result<(), Error> {
        self.commit.wait(frames, || self.urge())
    }

    /// Notes a frame in a file.
    fn wrote(self: &Arc<Self>, bytes: u64, file: &Arc<dyn DiskFile>) {
        if !self.root.syncs() {
            return self.commit.wrote_unsynced(bytes);
        }
        let mut enlisted = Ok(());
        self.commit.wrote(bytes, file, || {
            let due = Instant::now() + self.root.options.linger.min(LONGEST_LINGER);
            let committer = self.committer().get_or_insert_with(Committer::start).clone();
            enlisted = committer.enlist(self.clone(), due);
        });
        if let Err(error) = enlisted {
            self.commit.fail(format!("cannot start the sync thread: {error}"));
        }
    }

    fn committer(&self) -> MutexGuard<'_, Option<Committer>> {
        self.committer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn urge(&self) {
        if let Some(committer) = &*self.committer() {
            committer.urge();
        }
    }

    fn release(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        let live = &self.0;
        let committer = live.committer().take();
        // A function that was subscribed may hold the last clone: the committer cannot wait for itself.
        if let Some(committer) = committer.filter(|committer| !committer.is_current()) {
            live.commit.wait_idle(|| committer.urge());
        }
        live.commit.end();
        live.release();
    }
}
