//! What tools do, recorded: one thread takes everything that happens, in one order, and turns it into audit records.
//!
//! One operation is one stream of Pulumi's events, or one process of Terraform's. Each gets exactly one `completed`, from
//! whatever ends it: its stream, its process, or the run.

mod book;
mod call;
mod open;
mod write;

pub use book::Provisioned;
pub(crate) use book::{Book, Setting};
pub(crate) use write::Writer;

use crate::clock::unix_nanos;
use crate::feeds::forward::Target;
use crate::feeds::{Queue, Weight};
use crate::tools::{Asked, Start};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// One start of a tool.
pub(crate) type CallId = u64;
/// One stream of events.
pub(crate) type FeedId = u64;

/// So much may wait to be recorded, bytes: all of a large operation, so that a slow disk holds up no engine.
const AHEAD: usize = 64 << 20;

/// Who comes to a socket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The tool's start it was made for; none for the job's own, which whoever inherits its name uses.
    pub(crate) call: Option<CallId>,
    /// Who else gets the events.
    pub(crate) forward: Option<Arc<Target>>,
}

/// Something that concerns a tool's operations.
pub(crate) enum Happening {
    /// A tool was started.
    Called {
        call: CallId,
        start: Start,
        asked: Asked,
        read: Read,
    },
    /// A stream of events began; `way` is its `sitelog.feed`.
    StreamBegun {
        feed: FeedId,
        call: Option<CallId>,
        way: &'static str,
    },
    /// An event came.
    Event { feed: FeedId, event: Bytes },
    /// A stream ended; `durable` is told when all of it is.
    StreamEnded {
        feed: FeedId,
        broken: bool,
        durable: oneshot::Sender<()>,
    },
    /// A tool wrote a line.
    Line { call: CallId, line: Line },
    /// The run passed a signal on to its job.
    Signal(String),
    /// A tool ended; `durable` is told when its record is.
    Ended {
        call: CallId,
        how: Ended,
        durable: Option<SyncSender<()>>,
    },
    /// The run is over.
    Close,
}

/// What is read of a tool besides its event streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Nothing.
    Nothing,
    /// What it writes to stdout (and stderr).
    Output,
    /// The messages that it writes into a file.
    Messages,
}

/// A line that a tool wrote.
pub(crate) enum Line {
    Message(Vec<u8>),
    Out(Vec<u8>),
    Err(Vec<u8>),
}

/// How a tool ended, as its parent process saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<String>,
    /// Signals that its shim alone passed on.
    pub(crate) forwarded: Vec<String>,
}

impl Happening {
    pub(crate) fn message(call: CallId, line: &[u8]) -> Self {
        let line = Line::Message(line.to_vec());
        Self::Line { call, line }
    }
}

/// A happening and when it happened, Unix nanoseconds.
pub(crate) struct At(pub(crate) u64, pub(crate) Happening);

impl Weight for At {
    fn weight(&self) -> usize {
        match &self.1 {
            Happening::Event { event, .. } => event.len(),
            Happening::Line {
                line: Line::Message(line) | Line::Out(line) | Line::Err(line),
                ..
            } => line.len(),
            _ => 0,
        }
    }
}

/// Where everybody tells what happened.
pub(crate) struct Desk {
    queue: Queue<At>,
    numbers: AtomicU64,
    answered_early: AtomicU64,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            queue: Queue::new(AHEAD),
            numbers: AtomicU64::new(0),
            answered_early: AtomicU64::new(0),
        }
    }

    pub(crate) fn next_feed(&self) -> FeedId {
        self.numbers.fetch_add(1, Relaxed)
    }

    pub(crate) fn next_call(&self) -> CallId {
        self.numbers.fetch_add(1, Relaxed)
    }

    /// Whether an event of this size would be taken without exceeding the bound.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.queue.has_room(bytes)
    }

    /// Tells without waiting.
    pub(crate) fn tell(&self, happening: Happening) {
        self.queue.push(At(unix_nanos(), happening));
    }

    /// Tells, waiting for room.
    pub(crate) fn tell_wait(&self, happening: Happening) {
        self.queue.push_wait(At(unix_nanos(), happening));
    }

    /// A stream was answered before all of it was durable (`sitelog.run.streams.answered.early`).
    pub(crate) fn answered_early(&self) {
        self.answered_early.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_answered_early(&self) -> u64 {
        self.answered_early.load(Relaxed)
    }
}
