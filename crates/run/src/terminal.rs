//! The terminal the wrapper stands on: raw while the job has its own, the job's when it reads it directly.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, isatty, tcgetpgrp, tcsetpgrp};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// Whether the job gets a pseudo-terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PtyMode {
    /// When stdin and stdout are both a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl PtyMode {
    pub(crate) fn wanted(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => [io::stdin().as_fd(), io::stdout().as_fd()]
                .iter()
                .all(|fd| isatty(fd).unwrap_or(false)),
        }
    }
}

/// The real terminal in raw mode; put back as it was when dropped.
#[derive(Debug)]
pub(crate) struct Raw(Termios);

impl Raw {
    /// `None` when stdin is no terminal.
    pub(crate) fn stdin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that has gone away needs no restoring.
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.0);
    }
}

/// The size of the real terminal, rows and columns; the usual 24 × 80 where there is none.
pub(crate) fn size() -> (u16, u16) {
    let known = [io::stdout().as_fd(), io::stdin().as_fd(), io::stderr().as_fd()]
        .into_iter()
        .find_map(|fd| rustix::termios::tcgetwinsize(fd).ok());
    known
        .filter(|size| size.ws_row > 0 && size.ws_col > 0)
        .map_or((24, 80), |size| (size.ws_row, size.ws_col))
}

/// Tells the job's terminal its size; its foreground processes get SIGWINCH from the kernel.
pub(crate) fn resize(master: BorrowedFd<'_>) {
    let (ws_row, ws_col) = size();
    // Fails only when the job's side is closed already.
    let _ = rustix::termios::tcsetwinsize(
        master,
        rustix::termios::Winsize {
            ws_row,
            ws_col,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    );
}

/// Turns echo off: what is piped into a job on a terminal would otherwise come back in its output.
pub(crate) fn no_echo(slave: BorrowedFd<'_>) {
    if let Ok(mut settings) = tcgetattr(slave) {
        settings.local_flags.remove(LocalFlags::ECHO);
        let _ = tcsetattr(slave, SetArg::TCSANOW, &settings);
    }
}

/// Copies stdin to the job's terminal until it ends, then types the end-of-file character.
pub(crate) fn feed(mut master: File) {
    let mut buffer = vec![0; 16 * 1024];
    let mut stdin = io::stdin().lock();
    loop {
        match stdin.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) if master.write_all(&buffer[..len]).is_err() => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let end = tcgetattr(&master).map_or(4, |settings| {
        settings.control_chars[SpecialCharacterIndices::VEOF as usize]
    });
    let _ = master.write_all(&[end]);
}

/// The terminal's foreground, lent to a job that reads the terminal directly.
#[derive(Debug)]
pub(crate) struct Foreground {
    job: Pid,
}

impl Foreground {
    /// Lends it when stdin is a terminal and ours to lend.
    pub(crate) fn lend(job: Pid) -> Option<Self> {
        if tcgetpgrp(io::stdin()).ok()? != getpgrp() {
            return None;
        }
        give(job).ok()?;
        // Had the job read before this, it was stopped for it.
        let _ = killpg(job, Signal::SIGCONT);
        Some(Self { job })
    }

    /// The job was stopped from the keyboard: stop as well, so that the shell takes over; go on when the shell says so.
    pub(crate) fn stop_with_job(&self) {
        let _ = give(getpgrp());
        let _ = nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGSTOP);
        let _ = give(self.job);
        let _ = killpg(self.job, Signal::SIGCONT);
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let _ = give(getpgrp());
    }
}

/// Makes a group the terminal's foreground. From the background this raises SIGTTOU, which would stop us if it got through.
fn give(group: Pid) -> nix::Result<()> {
    let ttou: SigSet = [Signal::SIGTTOU].into_iter().collect();
    let before = ttou.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let given = tcsetpgrp(io::stdin(), group);
    before.thread_set_mask()?;
    given
}
