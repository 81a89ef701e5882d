//! Starting the job: two pipes, or a pseudo-terminal.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// The command as the user gave it.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Program and arguments; at least the program.
    pub argv: Vec<OsString>,
    /// Variables set for the job beside those it inherits.
    pub env: Vec<(OsString, OsString)>,
}

/// A job that has started, and what its output is read from.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) output: Output,
}

/// Where the output of a job is read.
#[derive(Debug)]
pub(crate) enum Output {
    /// One pipe a stream.
    Pipes { stdout: File, stderr: File },
    /// The master side of a pseudo-terminal, which carries both streams.
    Pty(File),
}

/// Why a job did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No such program: exit status 127.
    #[error("{program}: command not found")]
    NotFound {
        /// The program as it was given.
        program: String,
    },
    /// It exists and cannot be executed: exit status 126.
    #[error("{program}: cannot be executed: {source}")]
    NotExecutable {
        /// The program as it was given.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl StartError {
    /// The exit status a shell gives in this case.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotExecutable { .. } => 126,
        }
    }
}

impl Invocation {
    /// The program's name for messages.
    pub fn program(&self) -> String {
        self.argv
            .first()
            .map(|program| program.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// Starts the job in a process group of its own with a pipe for each stream; it inherits stdin.
    pub(crate) fn start_with_pipes(&self) -> Result<Started, StartError> {
        let mut child = self.spawn(|argv| {
            let mut command = command(argv, &self.env);
            command
                .stdin(Stdio::inherit())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .process_group(0);
            command.spawn()
        })?;
        let stdout = child.stdout.take().map(OwnedFd::from);
        let stderr = child.stderr.take().map(OwnedFd::from);
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            unreachable!("both streams were asked to be piped");
        };
        let output = Output::Pipes {
            stdout: widen(stdout),
            stderr: widen(stderr),
        };
        Ok(Started { child, output })
    }

    /// Starts the job as the leader of a new session on a pseudo-terminal.
    pub(crate) fn start_on(
        &self,
        pty: pty_process::blocking::Pty,
        pts: pty_process::blocking::Pts,
    ) -> Result<Started, StartError> {
        let child = self.spawn(|argv| {
            let mut on_pty = pty_process::blocking::Command::new(&argv[0]).args(&argv[1..]);
            for (name, value) in &self.env {
                on_pty = on_pty.env(name, value);
            }
            on_pty.spawn_borrowed(&pts).map_err(io_error)
        })?;
        Ok(Started {
            child,
            output: Output::Pty(File::from(OwnedFd::from(pty))),
        })
    }

    /// Runs `start`, and once more through the shell for a script without `#!`, as execvp(3) does.
    fn spawn(&self, mut start: impl FnMut(&[OsString]) -> io::Result<Child>) -> Result<Child, StartError> {
        let result = match start(&self.argv) {
            Err(error) if error.raw_os_error() == Some(nix::libc::ENOEXEC) => {
                let shell = [OsString::from("/bin/sh")]
                    .into_iter()
                    .chain(self.argv.iter().cloned())
                    .collect::<Vec<_>>();
                start(&shell)
            }
            other => other,
        };
        result.map_err(|source| {
            let program = self.program();
            // A script whose interpreter is missing also gives "not found", but it is there: 126, as a shell says.
            let is_there = program.contains('/') && std::path::Path::new(&program).exists();
            match source.kind() {
                io::ErrorKind::NotFound if !is_there => StartError::NotFound { program },
                _ => StartError::NotExecutable { program, source },
            }
        })
    }
}

fn command(argv: &[OsString], env: &[(OsString, OsString)]) -> Command {
    let mut command = Command::new(&argv[0]);
    command
        .args(&argv[1..])
        .envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// Makes a pipe as large as an unprivileged user may, so that a burst seldom has to wait for us.
fn widen(pipe: OwnedFd) -> File {
    // Refused when the user has too many pipes already; then it stays as it is.
    let _ = nix::fcntl::fcntl(&pipe, nix::fcntl::FcntlArg::F_SETPIPE_SZ(1 << 20));
    File::from(pipe)
}

/// Keeps the system's error number, which says whether the program was found.
pub(crate) fn io_error(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(errno) => errno.into(),
    }
}
