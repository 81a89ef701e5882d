//! One stream of the job: read, redact, record, pass on, in this order (JOBS.md 1, 2, 7).

use crate::clock::unix_nanos;
use crate::recorder::Recorder;
use crate::watch::Watch;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sitelog_model::lines::Stream;
use sitelog_sanitize::StreamRedactor;
use sitelog_sanitize::lines::{Arrival, Splitter};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Read at once; a pipe holds at most as much when it was widened.
const CHUNK: usize = 256 * 1024;
/// An unfinished line that has been idle for so long goes out in parts, ms (JOBS.md 3).
const IDLE: u16 = 1000;
/// Small reads closer together than this are gathered: a job that writes line by line must not cost a frame a line.
const PACE: Duration = Duration::from_micros(500);
/// A read of this size needs no gathering.
const SMALL: usize = 16 * 1024;
/// What is still taken from a pipe that others hold when the time for it is over: all that it can have held then.
const LAST: usize = 1 << 20;

/// What the wrapper's own stream gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassOn {
    /// What is recorded.
    Redacted,
    /// What the job wrote (`--no-redact-output`).
    Raw,
}

pub(crate) struct Capture {
    pub(crate) stream: Stream,
    pub(crate) input: Arc<File>,
    pub(crate) output: File,
    pub(crate) pass_on: PassOn,
    pub(crate) redactor: StreamRedactor,
    pub(crate) recorder: Arc<Recorder>,
    /// Who else reads the stream, before anything is hidden in it.
    pub(crate) watch: Option<Arc<Watch>>,
}

/// What a wait for input ended with.
enum Ready {
    Input,
    /// Input that was waiting when the stop came.
    Last,
    Idle,
    Stop,
}

impl Capture {
    /// Runs until the stream ends, or until `stop` becomes readable and nothing more is waiting.
    pub(crate) fn run(mut self, stop: BorrowedFd<'_>) {
        if let Some(watch) = self.watch_of_stdout() {
            watch.reads(&self.input);
        }
        let mut splitter = Splitter::new(self.stream);
        let mut buffer = vec![0; CHUNK];
        let mut held_since = 0;
        let mut left = LAST;
        let mut last = Instant::now().checked_sub(PACE).unwrap_or_else(Instant::now);
        loop {
            match self.wait(stop, splitter.is_pending()) {
                Ready::Stop => break,
                Ready::Idle => {
                    self.recorder.idle(&mut splitter, unix_nanos());
                    continue;
                }
                Ready::Input => {}
                Ready::Last if left == 0 => break,
                Ready::Last => left = left.saturating_sub(CHUNK),
            }
            if let Some(early) = PACE.checked_sub(last.elapsed()) {
                std::thread::sleep(early);
            }
            let len = match (&*self.input).read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // EIO is how a terminal says that the job's side is closed.
                Err(_) => break,
            };
            if len < SMALL {
                last = Instant::now();
            }
            let now = unix_nanos();
            let first = if self.redactor.held() > 0 { held_since } else { now };
            let clean = self.redactor.push(&buffer[..len]);
            self.recorder.record(&mut splitter, clean, Arrival { first, now });
            let passed = match self.pass_on {
                PassOn::Redacted => pass(&mut self.output, clean.get()),
                PassOn::Raw => pass(&mut self.output, &buffer[..len]),
            };
            if let Some(watch) = &self.watch {
                watch.took(self.stream, &buffer[..len]);
            }
            held_since = now;
            if passed.is_err() {
                // Whoever read our output is gone. Closing our end tells the job so, as it would have been told without us.
                break;
            }
        }
        let now = unix_nanos();
        let rest = self.redactor.finish();
        self.recorder
            .finish(&mut splitter, rest, Arrival { first: held_since, now });
        if self.pass_on == PassOn::Redacted {
            let _ = pass(&mut self.output, rest.get());
        }
    }

    fn watch_of_stdout(&self) -> Option<&Watch> {
        self.watch.as_deref().filter(|_| self.stream == Stream::Stdout)
    }

    fn wait(&self, stop: BorrowedFd<'_>, pending: bool) -> Ready {
        let mut fds = [
            PollFd::new(self.input.as_fd(), PollFlags::POLLIN),
            PollFd::new(stop, PollFlags::POLLIN),
        ];
        let timeout = if pending {
            PollTimeout::from(IDLE)
        } else {
            PollTimeout::NONE
        };
        let watch = self.watch_of_stdout();
        watch.into_iter().for_each(|watch| watch.idles(true));
        let ready = poll(&mut fds, timeout);
        watch.into_iter().for_each(|watch| watch.idles(false));
        match ready {
            Ok(0) => Ready::Idle,
            Ok(_) => match (fds[0].any() == Some(true), fds[1].any() == Some(true)) {
                (true, false) => Ready::Input,
                (true, true) => Ready::Last,
                (false, _) => Ready::Stop,
            },
            Err(_) => Ready::Input,
        }
    }
}

/// Writes all of it, also to a descriptor that somebody made non-blocking.
pub(crate) fn pass(output: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => bytes = &bytes[len..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut fds = [PollFd::new(output.as_fd(), PollFlags::POLLOUT)];
                let _ = poll(&mut fds, PollTimeout::NONE);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
