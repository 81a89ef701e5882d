//! Signals to the wrapper go to the job's process group; the child's own come back as its state.

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// What is passed on to the job. SIGKILL and SIGSTOP cannot be caught.
const FORWARDED: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// The wrapper's signals. They are caught by handlers, not blocked: a blocked signal would stay blocked in the job.
#[derive(Debug)]
pub struct Signals(SignalDelivery<UnixStream, SignalOnly>);

/// What a signal asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A child changed its state.
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
            .chain([Signal::SIGCHLD, Signal::SIGWINCH])
            .map(|signal| signal as i32);
        let wanted: Vec<i32> = wanted.filter(|number| ignored & 1 << (number - 1) == 0).collect();
        let (read, write) = UnixStream::pair()?;
        SignalDelivery::with_pipe(read, write, SignalOnly, wanted).map(Self)
    }

    /// The signals that have come.
    pub(crate) fn take_waiting(&mut self) -> Vec<Event> {
        let event = |number| match Signal::try_from(number) {
            Ok(Signal::SIGCHLD) => Some(Event::Child),
            Ok(Signal::SIGWINCH) => Some(Event::Resized),
            Ok(signal) => Some(Event::Forward(signal)),
            Err(_) => None,
        };
        self.0.pending().filter_map(event).collect()
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
    Killed(Signal),
    Stopped,
    Unchanged,
}

/// Asks for the child's state without waiting.
pub(crate) fn state(child: Pid) -> State {
    match waitpid(child, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
        Ok(WaitStatus::Exited(_, code)) => State::Exited(code),
        Ok(WaitStatus::Signaled(_, signal, _)) => State::Killed(signal),
        Ok(WaitStatus::Stopped(..)) => State::Stopped,
        // Nobody else waits for this child, so ECHILD means its state was lost to us: as if it had vanished.
        Err(Errno::ECHILD) => State::Exited(255),
        _ => State::Unchanged,
    }
}
