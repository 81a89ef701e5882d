//! Signals to the wrapper go to the job's process group; the child's own come back as its state.

use nix::sys::signal::{SigSet, Signal, killpg};
use nix::unistd::Pid;
use rustix::process::{WaitOptions, waitpid};
use signal_hook::consts::SIGXFSZ;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// What is passed on to the job. SIGKILL and SIGSTOP cannot be caught.
const FORWARDED: [Signal; 11] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGIO,
    Signal::SIGURG,
];

/// The wrapper's signals. They are caught by handlers, not blocked: a blocked signal would stay blocked in the job.
#[derive(Debug)]
pub struct Signals(SignalDelivery<UnixStream, SignalOnly>);

/// What a signal asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A child changed its state, or nothing that concerns us.
    Child,
    /// The terminal has a new size.
    Resized,
    /// To be passed on to the job.
    Forward(Signal),
}

impl Signals {
    /// Begins to catch signals. One that is ignored (`nohup`) stays so, for us and for the job.
    ///
    /// # Errors
    /// What the system says.
    pub fn take() -> io::Result<Self> {
        let ignored = ignored();
        let wanted = FORWARDED
            .into_iter()
            .chain([Signal::SIGWINCH])
            .map(|signal| signal as i32);
        let mut wanted: Vec<i32> = wanted.filter(|number| ignored & 1 << (number - 1) == 0).collect();
        // Whoever started us may have blocked or ignored SIGCHLD; then the job's end would never be known. And a file that
        // may not grow is an error to be told, not a death.
        wanted.extend([Signal::SIGCHLD as i32, SIGXFSZ]);
        let (read, write) = UnixStream::pair()?;
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, wanted)?;
        [Signal::SIGCHLD].into_iter().collect::<SigSet>().thread_unblock()?;
        Ok(Self(delivery))
    }

    /// The signals that have come.
    pub(crate) fn take_waiting(&mut self) -> Vec<Event> {
        let event = |number| match Signal::try_from(number) {
            Ok(Signal::SIGCHLD | Signal::SIGXFSZ) => Some(Event::Child),
            Ok(Signal::SIGWINCH) => Some(Event::Resized),
            Ok(signal) => Some(Event::Forward(signal)),
            Err(_) => None,
        };
        self.0.pending().filter_map(event).collect()
    }

    /// From now on a signal that would have ended us ends the process with `code`: the job has ended and all of it is
    /// recorded, so that only the wait for a destination is cut short.
    pub fn end_with(mut self, code: i32) {
        std::thread::spawn(move || {
            loop {
                let mut fds = [nix::poll::PollFd::new(self.as_fd(), nix::poll::PollFlags::POLLIN)];
                let _ = nix::poll::poll(&mut fds, nix::poll::PollTimeout::NONE);
                let ends = |event: &Event| matches!(event, Event::Forward(signal) if *signal != Signal::SIGURG);
                if self.take_waiting().iter().any(ends) {
                    std::process::exit(code);
                }
            }
        });
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}

/// The signals this process was started to ignore, as a bit mask (proc_pid_status(5)); none where that cannot be read.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Passes a signal on to the job's process group.
pub(crate) fn forward(group: Pid, signal: Signal) {
    // ESRCH: everybody in it has ended already.
    let _ = killpg(group, signal);
}

/// A change of the child's state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    Exited(i32),
    /// By a signal's number: a real-time signal has no name.
    Killed(i32),
    Stopped,
    Unchanged,
}

/// Asks for the child's state without waiting.
pub(crate) fn state(child: Pid) -> State {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    match waitpid(rustix::process::Pid::from_raw(child.as_raw()), options) {
        Ok(Some((_, status))) => match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => State::Exited(code),
            (None, Some(signal)) => State::Killed(signal),
            (None, None) => State::Stopped,
        },
        // Nobody else waits for this child, so ECHILD means its state was lost to us: as if it had vanished.
        Err(rustix::io::Errno::CHILD) => State::Exited(255),
        Ok(None) | Err(_) => State::Unchanged,
    }
}
