//! Runs a job to its end: transparent to whoever started it, recorded line by line.

use crate::Signals;
use crate::capture::{Capture, PassOn};
use crate::process::{Invocation, Output, Started};
use crate::recorder::Recorder;
use crate::signals::{self, Event, State};
use crate::terminal::{self, Foreground, PtyMode, Raw};
use crate::watch::Watch;
use crate::{Outcome, StartError};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::unistd::Pid;
use sitelog_model::lines::Stream;
use sitelog_sanitize::Sanitizer;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a job ended, and what it was told on the way.
#[derive(Debug)]
pub struct Execution {
    /// Its end.
    pub outcome: Outcome,
    /// The signals that were passed on to it, in order.
    pub forwarded: Vec<String>,
}

/// How a job is run.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Whether it gets a pseudo-terminal.
    pub pty: PtyMode,
    /// How long pipes are still read that others hold after the job has ended (JOBS.md 6).
    pub grace: Duration,
    /// Whether the wrapper's own output is redacted too.
    pub redact_output: bool,
}

/// Why a job could not be run at all; nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No pseudo-terminal, or no descriptor.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> RunError {
    move |source| RunError::System {
        what,
        source: source.into(),
    }
}

/// Runs the job and records its output; returns when it has ended and all that it wrote is in the ledger.
///
/// # Errors
/// [`RunError`] when the machine lacks what is needed to run it; a job that cannot be started is an [`Outcome`].
pub fn execute(
    signals: &mut Signals,
    invocation: &Invocation,
    manner: Manner,
    recorder: &Arc<Recorder>,
    sanitizer: &Sanitizer,
    watch: Option<&Arc<Watch>>,
) -> Result<Execution, RunError> {
    let stop = Arc::new(event("make an event")?);
    let done = Arc::new(event("make an event")?);
    let started = match start(invocation, manner.pty)? {
        Ok(started) => started,
        Err(error) => {
            return Ok(Execution {
                outcome: Outcome::NotStarted(error),
                forwarded: Vec::new(),
            });
        }
    };
    let job = Pid::from_raw(started.child.id() as i32);
    let on_pty = matches!(started.output, Output::Pty(_));
    let terminal = match &started.output {
        Output::Pty(master) => Some(master.try_clone().map_err(system("share the terminal"))?),
        Output::Pipes { .. } => None,
    };
    let raw = if on_pty { Raw::stdin() } else { None };
    let foreground = if on_pty { None } else { Foreground::lend(job) };
    // In the background reading a terminal would stop us; what is piped into us may always be read.
    let feeds = raw.is_some() || !nix::unistd::isatty(io::stdin()).unwrap_or(false);
    if let Some(master) = terminal.as_ref().filter(|_| feeds) {
        let master = master.try_clone().map_err(system("share the terminal"))?;
        std::thread::spawn(move || terminal::feed(master));
    }
    let threads = captures(started.output, manner, recorder, sanitizer, watch)?
        .into_iter()
        .map(|capture| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            std::thread::spawn(move || {
                capture.run(stop.as_fd());
                let _ = done.write(1);
            })
        })
        .collect::<Vec<_>>();
    let watch = watch.map(Arc::as_ref);
    let mut wait = Wait::new(job, signals, terminal.as_ref(), foreground.as_ref(), watch);
    let outcome = wait.for_end();
    recorder.job_ended();
    wait.for_streams(done.as_fd(), threads.len(), manner.grace, &done);
    let _ = stop.write(1);
    for thread in threads {
        // A panic was reported by its own hook; the other stream and the outcome are still good.
        let _ = thread.join();
    }
    let forwarded = wait.forwarded();
    drop(raw);
    Ok(Execution { outcome, forwarded })
}

fn event(what: &'static str) -> Result<EventFd, RunError> {
    EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK).map_err(system(what))
}

fn start(invocation: &Invocation, pty: PtyMode) -> Result<Result<Started, StartError>, RunError> {
    if !pty.wanted() {
        return Ok(invocation.start_with_pipes());
    }
    let failed = |error: pty_process::Error| RunError::System {
        what: "open a terminal",
        source: crate::process::io_error(error),
    };
    let (master, slave) = pty_process::blocking::open().map_err(failed)?;
    terminal::resize(master.as_fd());
    if !nix::unistd::isatty(io::stdin()).unwrap_or(false) {
        terminal::no_echo(master.as_fd());
    }
    Ok(invocation.start_on(master, slave))
}

fn captures(
    output: Output,
    manner: Manner,
    recorder: &Arc<Recorder>,
    sanitizer: &Sanitizer,
    watch: Option<&Arc<Watch>>,
) -> Result<Vec<Capture>, RunError> {
    let pass_on = if manner.redact_output {
        PassOn::Redacted
    } else {
        PassOn::Raw
    };
    let live = matches!(output, Output::Pty(_));
    let capture = |stream, input, output| Capture {
        stream,
        input: Arc::new(input),
        output,
        pass_on,
        redactor: if live {
            sanitizer.stream().live()
        } else {
            sanitizer.stream()
        },
        recorder: Arc::clone(recorder),
        watch: watch.cloned(),
    };
    let own = |fd: BorrowedFd<'_>| {
        fd.try_clone_to_owned()
            .map(File::from)
            .map_err(system("share an output"))
    };
    let out = own(io::stdout().as_fd())?;
    Ok(match output {
        Output::Pty(master) => vec![capture(Stream::Stdout, master, out)],
        Output::Pipes { stdout, stderr } => {
            let err = own(io::stderr().as_fd())?;
            vec![
                capture(Stream::Stdout, stdout, out),
                capture(Stream::Stderr, stderr, err),
            ]
        }
    })
}

/// What happens between the start of the job and its end.
pub(crate) struct Wait<'a> {
    job: Pid,
    signals: &'a mut Signals,
    terminal: Option<&'a File>,
    foreground: Option<&'a Foreground>,
    watch: Option<&'a Watch>,
    forwarded: Vec<String>,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(
        job: Pid,
        signals: &'a mut Signals,
        terminal: Option<&'a File>,
        foreground: Option<&'a Foreground>,
        watch: Option<&'a Watch>,
    ) -> Self {
        Self {
            job,
            signals,
            terminal,
            foreground,
            watch,
            forwarded: Vec::new(),
        }
    }

    /// The signals that were passed on so far.
    pub(crate) fn forwarded(&mut self) -> Vec<String> {
        std::mem::take(&mut self.forwarded)
    }

    /// Passes signals on until the job has ended.
    pub(crate) fn for_end(&mut self) -> Outcome {
        loop {
            match signals::state(self.job) {
                State::Exited(code) => return Outcome::Exited(code),
                State::Killed(signal) => return Outcome::Killed(signal),
                State::Stopped => self.foreground.into_iter().for_each(Foreground::stop_with_job),
                State::Unchanged => {}
            }
            let mut fds = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut fds, PollTimeout::NONE);
            self.take_signals();
        }
    }

    /// Waits for the ends of the streams, at most for the grace time; signals still go to the job's group.
    fn for_streams(&mut self, done: BorrowedFd<'_>, streams: usize, grace: Duration, count: &EventFd) {
        let until = Instant::now() + grace;
        let mut ended = 0;
        while ended < streams {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [
                PollFd::new(done, PollFlags::POLLIN),
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            ];
            let _ = poll(&mut fds, timeout);
            ended += count.read().unwrap_or(0) as usize;
            self.take_signals();
        }
    }

    fn take_signals(&mut self) {
        for event in self.signals.take_waiting() {
            match event {
                Event::Child => {}
                Event::Resized => self
                    .terminal
                    .into_iter()
                    .for_each(|master| terminal::resize(master.as_fd())),
                Event::Forward(signal) => {
                    // Told before it is passed on: what comes of it comes after it.
                    self.watch
                        .into_iter()
                        .for_each(|watch| watch.forwarded(signal.as_str()));
                    self.forwarded.push(signal.as_str().to_owned());
                    signals::forward(self.job, signal);
                }
            }
        }
    }
}
