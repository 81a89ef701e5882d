//! How a chain stands: for people, and for whoever decides what to deliver.

use crate::ChainId;
use crate::cursor::is_due;
use crate::cursor::stored::{StoredCursor, list_cursors};
use crate::error::Error;
use crate::frame::Kind;
use crate::layout::{WRITER_LOCK, holder, list_segments};
use crate::ledger::exists;
use crate::position::Progress;
use crate::root::Root;
use crate::walk::{Step, Walk};
use sitelog_model::Signal;

/// Who writes a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A process writes it.
    Writing {
        /// That process, if the lock file names it.
        pid: Option<u32>,
    },
    /// Its writer closed it or died without sealing it.
    Orphaned,
    /// It ends with a signed checkpoint.
    Sealed,
}

/// How a chain stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// Who writes it.
    pub state: State,
    /// Batches in it, without checkpoints.
    pub frames: u64,
    /// Bytes of its segments.
    pub bytes: u64,
    /// Time of the oldest batch, Unix nanoseconds.
    pub oldest: Option<u64>,
    /// Time of the newest batch, Unix nanoseconds.
    pub newest: Option<u64>,
    /// Its cursors, by name.
    pub cursors: Vec<CursorStatus>,
}

/// How a cursor stands.
#[derive(Clone, Debug)]
pub struct CursorStatus {
    /// Its name.
    pub name: String,
    /// The signal it reads; all when `None`.
    pub signal: Option<Signal>,
    /// What it is done with.
    pub progress: Progress,
    /// Frames it has still to deal with.
    pub lag_frames: u64,
    /// Bytes of those frames.
    pub lag_bytes: u64,
    /// Time of the oldest of those frames, Unix nanoseconds.
    pub lag_since: Option<u64>,
    /// Records its destination refused for good.
    pub refused: u64,
}

pub(crate) fn status(root: &Root, id: &ChainId) -> Result<Status, Error> {
    let folder = root.layout.chain(id);
    if !exists(root, &folder)? {
        return Err(Error::NoChain(id.clone()));
    }
    let writer = holder(&*root.disk, &folder.join(WRITER_LOCK))?;
    let state = writer.map_or(State::Orphaned, |pid| State::Writing { pid });
    let cursors = list_cursors(&*root.disk, &folder)?
        .into_iter()
        .map(cursor_status)
        .collect();
    let bytes = list_segments(&*root.disk, &folder)?
        .iter()
        .map(|segment| segment.len)
        .sum();
    let mut status = Status {
        state,
        frames: 0,
        bytes,
        oldest: None,
        newest: None,
        cursors,
    };
    let mut walk = Walk::new(root.disk.clone(), id, folder, 0);
    loop {
        let header = match walk.step()? {
            Step::Frame(found) => found.header,
            Step::End { .. } => return Ok(status),
            Step::Damage(_) | Step::Segment(_) => continue,
        };
        if header.kind == Kind::End {
            status.state = State::Sealed;
        }
        if !header.kind.is_batch() {
            continue;
        }
        status.frames += 1;
        status.oldest.get_or_insert(header.time);
        status.newest = Some(header.time);
        for cursor in status
            .cursors
            .iter_mut()
            .filter(|cursor| is_due(&header, cursor.signal, &cursor.progress))
        {
            cursor.lag_frames += 1;
            cursor.lag_bytes += header.frame_len();
            cursor.lag_since.get_or_insert(header.time);
        }
    }
}

fn cursor_status(stored: StoredCursor) -> CursorStatus {
    let StoredCursor {
        name,
        signal,
        progress,
        refused,
    } = stored;
    let refused = refused.records();
    CursorStatus {
        name,
        signal,
        progress,
        lag_frames: 0,
        lag_bytes: 0,
        lag_since: None,
        refused,
    }
}
