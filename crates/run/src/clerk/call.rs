//! One start of a tool, from its shim or the run itself: which operations came of it.

use super::open::{Open, Reading};
use super::{Ended, FeedId, Line, Read};
use crate::tools::{Asked, Names, Says};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

/// After a tool's end its streams are waited for so long: what they hold then is what a killed engine had sent.
const STREAMS: Duration = Duration::from_secs(2);
/// Lines of a terminal are all read when none came for so long after the tool's end; and a stream that was opened just
/// before it is known.
const QUIET: Duration = Duration::from_millis(30);
/// What is kept of a Pulumi's `--json` output until it is known whether its stream came, bytes.
const SPOOL_MAX: usize = 64 << 20;

pub(super) struct Call {
    pub(super) asked: Asked,
    pub(super) names: Names,
    pub(super) begun: u64,
    pub(super) signals_before: usize,
    /// Whether its output, or what it writes into a file, is read.
    pub(super) is_read: bool,
    /// Streams that are open.
    pub(super) feeds: Vec<FeedId>,
    /// Streams there were.
    pub(super) streams: u64,
    pub(super) work: Work,
    pub(super) end: Option<Closing>,
    last_line: Instant,
}

/// What comes of a call.
pub(super) enum Work {
    /// An operation for each of its streams. The last one ends with the process, for its exit status.
    Streams { last: Option<Box<Open>>, spool: Vec<u8> },
    /// One operation, read from its lines.
    Lines(Box<Open>),
    /// None any more.
    Done,
}

/// A call whose process has ended.
pub(super) struct Closing {
    pub(super) how: Ended,
    pub(super) at: u64,
    pub(super) durable: Option<SyncSender<()>>,
    since: Instant,
}

impl Call {
    pub(super) fn new(asked: Asked, names: Names, work: Work, (begun, signals_before): (u64, usize)) -> Self {
        Self {
            asked,
            names,
            begun,
            signals_before,
            is_read: true,
            feeds: Vec::new(),
            streams: 0,
            work,
            end: None,
            last_line: Instant::now(),
        }
    }

    /// How the lines of a process are read.
    pub(super) fn reading(asked: &Asked, read: Read) -> Reading {
        match (read, asked.says) {
            (Read::Messages, _) | (_, Says::Messages) => Reading::messages(),
            _ => Reading::text(),
        }
    }

    /// A line came; false when it was malformed or there is no room for it.
    pub(super) fn line(&mut self, line: &Line, at: u64) -> bool {
        self.last_line = Instant::now();
        match (&mut self.work, line) {
            (Work::Lines(open), Line::Message(line) | Line::Out(line)) => open.read(line, false, at),
            (Work::Lines(open), Line::Err(line)) => open.read(line, true, at),
            (Work::Streams { spool, .. }, Line::Out(line)) if self.streams == 0 => {
                if spool.len() + line.len() > SPOOL_MAX {
                    return false;
                }
                spool.extend_from_slice(line);
                spool.push(b'\n');
                true
            }
            _ => true,
        }
    }

    /// The process has ended.
    pub(super) fn close(&mut self, how: Ended, at: u64, durable: Option<SyncSender<()>>) {
        self.end = Some(Closing {
            how,
            at,
            durable,
            since: Instant::now(),
        });
    }

    /// Until when its rest is waited for; `None` while it runs.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let closing = self.end.as_ref()?;
        Some(match &self.work {
            Work::Streams { .. } if self.streams == 0 => closing.since + QUIET,
            Work::Streams { .. } if self.feeds.is_empty() => closing.since,
            Work::Streams { .. } => closing.since + STREAMS,
            Work::Lines(_) => self.last_line + QUIET,
            Work::Done => closing.since,
        })
    }
}
