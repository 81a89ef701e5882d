//! The tool under its shim: a process group of its own and every signal passed on, so that whoever holds the shim for the
//! tool gets what the tool would have given, down to the signal it died of.

use super::protocol::{self, Answer, Exited, Frame, Spawned};
use crate::capture;
use crate::job::Wait;
use crate::process;
use crate::terminal::Foreground;
use crate::{Outcome, Signals, StartError};
use nix::unistd::{Pid, isatty};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A run that takes nothing for so long is told no more; the tool's output goes on.
const PATIENCE: Duration = Duration::from_secs(2);
/// After the tool's end its pipes are read for so long when others hold them.
const GRACE: Duration = Duration::from_secs(2);

pub(super) fn run(program: &Path, argv: &[OsString], answer: &Answer, run: UnixStream) -> Result<i32, (i32, String)> {
    let failed = |error: io::Error| (126, error.to_string());
    let mut signals = Signals::take().map_err(failed)?;
    let _ = run.set_write_timeout(Some(PATIENCE));
    let run = Arc::new(Run(Mutex::new(Some(run))));
    let (mut command, copies) = command(program, argv, answer).map_err(failed)?;
    let child = match command.spawn() {
        Ok(child) => child,
        Err(source) => {
            let program = program.display().to_string();
            let error = StartError::NotExecutable { program, source };
            let code = Some(error.exit_code());
            run.tell(&Frame::Exited(Exited {
                code,
                ..Exited::default()
            }));
            return Err((error.exit_code(), error.to_string()));
        }
    };
    // Our ends of the pipes that the tool writes to.
    drop(command);
    let pid = Pid::from_raw(child.id() as i32);
    run.tell(&Frame::Spawned(Spawned { pid: pid.as_raw() }));
    let copied = copy(copies, &run);
    let (outcome, forwarded) = wait(&child, pid, &mut signals);
    while copied.recv_timeout(GRACE).is_ok() {}
    let code = match &outcome {
        Outcome::Exited(code) => Some(*code),
        _ => None,
    };
    run.tell(&Frame::Exited(Exited {
        code,
        signal: outcome.signal(),
        forwarded,
    }));
    run.wait_done();
    if let Outcome::Killed(signal) = outcome {
        process::die(signal);
    }
    Ok(outcome.exit_code())
}

fn wait(_child: &Child, pid: Pid, signals: &mut Signals) -> (Outcome, Vec<String>) {
    let foreground = Foreground::lend(pid);
    let mut wait = Wait::new(pid, signals, None, foreground.as_ref(), None);
    let outcome = wait.for_end();
    let forwarded = wait.forwarded();
    (outcome, forwarded)
}

/// A stream of the tool's, and ours that it goes to.
struct Copy {
    from: PipeReader,
    to: File,
    is_err: bool,
}

/// The tool's start. Its output goes through us only where the run wants it and no terminal would be missed.
fn command(program: &Path, argv: &[OsString], answer: &Answer) -> io::Result<(Command, Vec<Copy>)> {
    let mut command = Command::new(program);
    command.process_group(0);
    if let Some(arg0) = argv.first() {
        command.arg0(arg0);
    }
    match &answer.arms.args {
        Some(args) => {
            let given = argv.iter().skip(1).cloned().collect::<Vec<_>>();
            let lossy: Vec<String> = given.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
            command.args(process::rewritten(given, &lossy, args.clone()))
        }
        None => command.args(argv.iter().skip(1)),
    };
    command.envs(answer.arms.env.iter().map(|(name, value)| (name, value)));
    let mut copies = Vec::new();
    if !answer.wants_output || isatty(io::stdout()).unwrap_or(false) {
        return Ok((command, copies));
    }
    let own = |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned().map(File::from);
    let (out, err) = (own(io::stdout().as_fd())?, own(io::stderr().as_fd())?);
    let together = is_same(&out, &err);
    let (from, pipe) = io::pipe()?;
    if together {
        // One pipe for both, so that they stay in order.
        command.stderr(Stdio::from(OwnedFd::from(pipe.try_clone()?)));
    }
    command.stdout(Stdio::from(OwnedFd::from(pipe)));
    copies.push(Copy {
        from,
        to: out,
        is_err: false,
    });
    if !together && !isatty(&err).unwrap_or(false) {
        let (from, pipe) = io::pipe()?;
        command.stderr(Stdio::from(OwnedFd::from(pipe)));
        copies.push(Copy {
            from,
            to: err,
            is_err: true,
        });
    }
    Ok((command, copies))
}

fn is_same(one: &File, other: &File) -> bool {
    let id = |file: &File| file.metadata().map(|about| (about.dev(), about.ino())).ok();
    id(one).is_some() && id(one) == id(other)
}

/// Copies each stream on a thread; the receiver closes when all are done.
fn copy(copies: Vec<Copy>, run: &Arc<Run>) -> Receiver<()> {
    let (done, copied) = mpsc::channel();
    for mut copy in copies {
        let (run, done) = (Arc::clone(run), done.clone());
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let len = match copy.from.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(len) => len,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                let passed = capture::pass(&mut copy.to, &buffer[..len]);
                let bytes = buffer[..len].to_vec();
                run.tell(&if copy.is_err {
                    Frame::Err(bytes)
                } else {
                    Frame::Out(bytes)
                });
                if passed.is_err() {
                    // Whoever read it is gone. Closing our end tells the tool so.
                    break;
                }
            }
            let _ = done.send(());
        });
    }
    copied
}

/// The connection, until it fails.
struct Run(Mutex<Option<UnixStream>>);

impl Run {
    fn tell(&self, frame: &Frame) {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stream
            .as_ref()
            .is_some_and(|stream| protocol::write_frame(stream, frame).is_err())
        {
            *stream = None;
        }
    }

    /// Waits until the run has the record, or gives it up.
    fn wait_done(&self) {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut stream) = stream.as_ref() {
            let _ = stream.set_read_timeout(Some(super::PATIENCE + Duration::from_millis(500)));
            let _ = stream.read(&mut [0; 8]);
        }
    }
}
