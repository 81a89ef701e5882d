//! What of a job concerns the tools in it: lines of its captured output, signals that it is passed.

use crate::clerk::{CallId, Desk, Happening, Line};
use crate::feeds::lines::Lines;
use sitelog_model::lines::Stream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Looks at what the run captures, for the one tool whose output it is.
pub struct Watch {
    desk: Arc<Desk>,
    /// Most jobs are none: asked before anything is locked.
    busy: AtomicBool,
    reading: Mutex<Option<Watched>>,
}

struct Watched {
    call: CallId,
    out: Lines,
    err: Lines,
}

impl Watch {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            busy: AtomicBool::new(false),
            reading: Mutex::new(None),
        }
    }

    /// From now on what is captured is the output of `call`; false when it is another's.
    pub(crate) fn begin(&self, call: CallId) -> bool {
        let mut reading = self.lock();
        if reading.is_some() {
            return false;
        }
        *reading = Some(Watched {
            call,
            out: Lines::default(),
            err: Lines::default(),
        });
        self.busy.store(true, Ordering::Release);
        true
    }

    /// All of the output of `call` was captured.
    pub(crate) fn end(&self, call: CallId) {
        let mut reading = self.lock();
        if let Some(mut watched) = reading.take_if(|watched| watched.call == call) {
            self.busy.store(false, Ordering::Release);
            let tell = |line: Line| self.desk.tell(Happening::Line { call, line });
            watched.out.finish(&mut |line| tell(Line::Out(line.to_vec())));
            watched.err.finish(&mut |line| tell(Line::Err(line.to_vec())));
        }
    }

    /// Bytes were captured.
    pub(crate) fn took(&self, stream: Stream, bytes: &[u8]) {
        if !self.busy.load(Ordering::Acquire) {
            return;
        }
        if let Some(watched) = self.lock().as_mut() {
            let call = watched.call;
            let tell = |line: Line| self.desk.tell_wait(Happening::Line { call, line });
            match stream {
                Stream::Stdout => watched.out.push(bytes, &mut |line| tell(Line::Out(line.to_vec()))),
                Stream::Stderr => watched.err.push(bytes, &mut |line| tell(Line::Err(line.to_vec()))),
            }
        }
    }

    /// A signal is about to be passed on.
    pub(crate) fn forwarded(&self, signal: &str) {
        self.desk.tell(Happening::Signal(signal.to_owned()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Watched>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
