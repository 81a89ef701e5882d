//! Starting the job: two pipes, or a pseudo-terminal.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The command as the user gave it.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Program and arguments; at least the program.
    pub argv: Vec<OsString>,
    /// The program itself, when it is not what `PATH` leads to.
    pub executable: Option<PathBuf>,
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

    /// Replaces the arguments behind the program by `new`, which came of `old`, their lossy form: words that are in both are
    /// kept as they were given.
    pub(crate) fn rewrite(&mut self, old: &[String], new: Vec<String>) {
        let given = self.argv.split_off(1);
        self.argv.extend(rewritten(given, old, new));
    }

    /// Starts the job in a process group of its own with a pipe for each stream; it inherits stdin.
    pub(crate) fn start_with_pipes(&self) -> Result<Started, StartError> {
        let mut child = self.spawn(|argv| {
            let mut command = command(argv, self.executable(argv), &self.env);
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
            let mut on_pty = pty_process::blocking::Command::new(self.executable(argv)).args(&argv[1..]);
            on_pty = on_pty.arg0(&argv[0]);
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

    /// What is executed for an argument list: not the shell's when it stands for a script.
    fn executable<'a>(&'a self, argv: &'a [OsString]) -> &'a OsStr {
        let own = self.executable.as_ref().filter(|_| argv.len() == self.argv.len());
        own.map_or(&argv[0], |path| path.as_os_str())
    }

    /// Runs `start`, and once more through the shell for a script without `#!`, as execvp(3) does.
    fn spawn(&self, mut start: impl FnMut(&[OsString]) -> io::Result<Child>) -> Result<Child, StartError> {
        let result = match start(&self.argv) {
            Err(error) if error.raw_os_error() == Some(nix::libc::ENOEXEC) => {
                let script = self
                    .executable
                    .clone()
                    .map_or_else(|| self.argv[0].clone(), PathBuf::into_os_string);
                let shell = [OsString::from("/bin/sh"), script]
                    .into_iter()
                    .chain(self.argv[1..].iter().cloned())
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

/// `new` arguments that came of `old`, the lossy form of `given`: those that are in both as they were given.
pub(crate) fn rewritten(given: Vec<OsString>, old: &[String], new: Vec<String>) -> Vec<OsString> {
    let mut unused: Vec<(&String, OsString)> = old.iter().zip(given).collect();
    let mut kept = |word: String| match unused.iter().position(|(lossy, _)| **lossy == word) {
        Some(at) => unused.remove(at).1,
        None => word.into(),
    };
    new.into_iter().map(&mut kept).collect()
}

fn command(argv: &[OsString], executable: &OsStr, env: &[(OsString, OsString)]) -> Command {
    let mut command = Command::new(executable);
    command
        .arg0(&argv[0])
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

/// Dies by a signal, as another process did of which we tell: without a core of our own.
pub(crate) fn die(signal: i32) -> ! {
    use nix::sys::resource::{Resource, setrlimit};
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    if let Ok(known) = nix::sys::signal::Signal::try_from(signal) {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
        // SIGKILL has no handler that could be emulated.
        let _ = nix::sys::signal::raise(known);
    }
    std::process::exit(128 + signal)
}
