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
    /// Whether the job gets one.
    pub fn wanted(self) -> bool {
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
    /// `None` when stdin is no terminal, or not ours now: from the background it may not be changed.
    pub(crate) fn stdin() -> Option<Self> {
        if !in_foreground(io::stdin()) {
            return None;
        }
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
    let mut unfinished = false;
    loop {
        match stdin.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) if master.write_all(&buffer[..len]).is_err() => return,
            Ok(len) => unfinished = buffer[len - 1] != b'\n',
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    // After an unfinished line the first end-of-file character only pushes the line.
    let ends = if unfinished { 2 } else { 1 };
    let end = tcgetattr(&master).map_or(4, |settings| {
        settings.control_chars[SpecialCharacterIndices::VEOF as usize]
    });
    let _ = master.write_all(&[end; 2][..ends]);
}

/// Whether a descriptor is a terminal on which our process group is in the foreground.
pub(crate) fn in_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
}

/// The terminal's foreground, lent to a job that reads the terminal directly, as its stdin or as `/dev/tty`.
#[derive(Debug)]
pub(crate) struct Foreground {
    terminal: File,
    job: Pid,
}

impl Foreground {
    /// Lends it when there is a terminal and it is ours to lend.
    pub(crate) fn lend(job: Pid) -> Option<Self> {
        let terminal = File::open("/dev/tty").ok().filter(|terminal| in_foreground(terminal))?;
        let lent = Self { terminal, job };
        lent.give(job).ok()?;
        // Had the job read before this, it was stopped for it.
        let _ = killpg(job, Signal::SIGCONT);
        Some(lent)
    }

    /// The job was stopped from the keyboard: stop with all of our group, so that the shell takes over; go on when it says so.
    pub(crate) fn stop_with_job(&self) {
        let _ = self.give(getpgrp());
        let _ = killpg(getpgrp(), Signal::SIGTSTP);
        let _ = self.give(self.job);
        let _ = killpg(self.job, Signal::SIGCONT);
    }

    /// Makes a group the terminal's foreground. From the background this raises SIGTTOU, which would stop us if it got through.
    fn give(&self, group: Pid) -> nix::Result<()> {
        let ttou: SigSet = [Signal::SIGTTOU].into_iter().collect();
        let before = ttou.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let given = tcsetpgrp(&self.terminal, group);
        before.thread_set_mask()?;
        given
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let _ = self.give(getpgrp());
    }
}
