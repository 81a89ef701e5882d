//! What of a job concerns the tools in it: lines of its captured output, signals that it is passed.

use crate::clerk::{CallId, Desk, Happening, Line};
use crate::feeds::lines::Lines;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sitelog_model::lines::Stream;
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Looks at what the run captures, for the one tool whose output it is.
pub struct Watch {
    desk: Arc<Desk>,
    /// Most jobs are none: asked before anything is locked.
    busy: AtomicBool,
    reading: Mutex<Option<Watched>>,
    /// The job's stdout, or its terminal, as long as it is read.
    input: OnceLock<Weak<File>>,
    /// Whether all that was read of it has been looked at.
    idle: AtomicBool,
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
            input: OnceLock::new(),
            idle: AtomicBool::new(false),
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

    /// The job's stdout is read from here.
    pub(crate) fn reads(&self, input: &Arc<File>) {
        let _ = self.input.set(Arc::downgrade(input));
    }

    /// Whether its reader waits for more.
    pub(crate) fn idles(&self, idle: bool) {
        self.idle.store(idle, Ordering::SeqCst);
    }

    /// Waits, no longer than `bound`, until all that the job's stdout holds has been looked at.
    pub(crate) fn catch_up(&self, bound: Duration) {
        let until = Instant::now() + bound;
        while self.is_behind() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn is_behind(&self) -> bool {
        let Some(input) = self.input.get().and_then(Weak::upgrade) else {
            return false;
        };
        let mut fds = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        let holds = poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
        // In this order: what is not there any more was read by one who did not wait then.
        holds || !self.idle.load(Ordering::SeqCst)
    }

    /// A signal is about to be passed on.
    pub(crate) fn forwarded(&self, signal: &str) {
        self.desk.tell(Happening::Signal(signal.to_owned()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Watched>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;

    #[test]
    fn a_reader_is_behind_until_it_waits_with_nothing_left() {
        let watch = Watch::new(Arc::new(Desk::new()));
        assert!(!watch.is_behind(), "there is no reader yet");
        let (from, mut to) = std::io::pipe().unwrap();
        let input = Arc::new(File::from(OwnedFd::from(from)));
        watch.reads(&input);
        assert!(watch.is_behind(), "it has not begun to wait");
        watch.idles(true);
        assert!(!watch.is_behind());
        to.write_all(b"x").unwrap();
        assert!(watch.is_behind(), "it has not noticed");
        watch.idles(false);
        (&*input).read_exact(&mut [0]).unwrap();
        assert!(watch.is_behind(), "it has not looked");
        watch.idles(true);
        watch.catch_up(Duration::from_secs(60));
        watch.idles(false);
        drop(input);
        assert!(!watch.is_behind(), "it has ended");
    }
}
