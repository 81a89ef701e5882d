//! Signals to the wrapper go to the job's process group; the child's own come back as its state.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// What is passed on to the job. SIGKILL and SIGSTOP cannot be caught.
const FORWARDED: [Signal; 6] =
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGUSR2];

/// The wrapper's signals, read from a descriptor so that no handler runs between two instructions of ours.
#[derive(Debug)]
pub(crate) struct Signals(SignalFd);

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
    /// Blocks the signals in this thread, and in those it starts later; the job starts with none blocked (std sees to it).
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn take() -> nix::Result<Self> {
        let mut set: SigSet = FORWARDED.into_iter().collect();
        for signal in [Signal::SIGCHLD, Signal::SIGWINCH, Signal::SIGTTOU, Signal::SIGPIPE] {
            set.add(signal);
        }
        set.thread_block()?;
        // SIGTTOU and SIGPIPE are blocked and never read: they would stop or end us where an error code says enough.
        set.remove(Signal::SIGTTOU);
        set.remove(Signal::SIGPIPE);
        SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Self)
    }

    /// The next waiting signal.
    pub(crate) fn next(&self) -> Option<Event> {
        loop {
            let info = self.0.read_signal().ok()??;
            match Signal::try_from(info.ssi_signo as i32) {
                Ok(Signal::SIGCHLD) => return Some(Event::Child),
                Ok(Signal::SIGWINCH) => return Some(Event::Resized),
                Ok(signal) => return Some(Event::Forward(signal)),
                Err(_) => {}
            }
        }
    }
}

impl std::os::fd::AsFd for Signals {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
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
