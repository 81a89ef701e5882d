//! A shim: this program under a tool's name, first in a job's `PATH`.

use super::protocol::{self, Answer};
use super::{NAME, supervise};
use crate::socket;
use crate::tools::{self, Start, Stdout};
use nix::unistd::isatty;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A run that does not say within this time how its tool is to be started is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Stands for the tool `name`: starts the next program of this name in `PATH`, and tells the run if it is an operation.
/// Comes back only with the exit status to end with.
///
/// # Errors
/// The line a shell would say when there is no such program, or it cannot be executed, and its exit status.
pub fn shim(name: &str) -> Result<i32, (i32, String)> {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let not_found = || (127, format!("{name}: command not found"));
    let program = tools::find(name, &path).ok_or_else(not_found)?;
    let start = start(name, &program, &argv);
    let asks = tools::ask(&start).is_some();
    match asks.then(|| ask(&start)).flatten() {
        Some((run, answer)) => supervise::run(&program, &argv, &answer, run),
        None => Err(execute(&program, &argv)),
    }
}

fn start(name: &str, program: &Path, argv: &[OsString]) -> Start {
    let lossy = |text: &OsString| text.to_string_lossy().into_owned();
    let var = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
    Start {
        tool: name.to_owned(),
        program: program.to_owned(),
        args: argv.iter().skip(1).map(lossy).collect(),
        folder: std::env::current_dir().unwrap_or_default(),
        env: tools::VARIABLES.iter().filter_map(var).collect(),
        stdout: match isatty(io::stdout()) {
            Ok(true) => Stdout::Terminal,
            _ => Stdout::Other,
        },
    }
}

/// Asks the run; `None` when there is none that records this.
fn ask(start: &Start) -> Option<(UnixStream, Answer)> {
    let socket = PathBuf::from(std::env::var_os(socket::VARIABLE)?);
    let stream = UnixStream::connect(socket.parent()?.join(NAME)).ok()?;
    let talk = || -> io::Result<Answer> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        protocol::write_line(&stream, start)?;
        protocol::read_line(&mut BufReader::new(&stream))
    };
    let answer = talk().ok().filter(|answer| answer.recorded)?;
    Some((stream, answer))
}

/// Becomes the tool.
fn execute(program: &Path, argv: &[OsString]) -> (i32, String) {
    let arg0 = argv.first().map_or(OsStr::new(""), OsString::as_os_str);
    let mut error = Command::new(program).arg0(arg0).args(argv.iter().skip(1)).exec();
    if error.raw_os_error() == Some(nix::libc::ENOEXEC) {
        // A script without `#!`, as execvp(3) does.
        error = Command::new("/bin/sh").arg(program).args(argv.iter().skip(1)).exec();
    }
    (126, format!("{}: cannot be executed: {error}", program.display()))
}
