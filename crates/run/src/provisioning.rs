//! What a run does about the tools in its job: it arms them before the job starts and has recorded them when it ends.

use crate::armory::Armory;
use crate::clerk::{Book, CallId, Desk, Ended, Happening, Setting};
use crate::process::Invocation;
use crate::tools::{self, Shims, Start, Stdout};
use crate::watch::Watch;
use crate::{Outcome, Profile, Recording, calls};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

pub use crate::clerk::Provisioned;

/// What the user wants of it.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The tool the job's command is, whatever its file is called.
    pub tool: Option<String>,
    /// Whether tools that the job starts are intercepted.
    pub intercept: bool,
    /// Whether the job has a terminal of the run's.
    pub on_pty: bool,
    /// More names for its records.
    pub profile: Option<Profile>,
}

/// The names that `--tool` takes.
pub const TOOLS: [&str; 3] = tools::TOOLS;

/// Tools of a run, from before its job starts.
pub struct Provisioning {
    armory: Arc<Armory>,
    shims: Option<Shims>,
    clerk: JoinHandle<Provisioned>,
    door: JoinHandle<()>,
    socket: PathBuf,
    stop: Arc<EventFd>,
    tool: Option<String>,
    direct: Option<CallId>,
}

impl Provisioning {
    /// Makes ready in `folder`, which is private, for a run whose record has begun.
    ///
    /// # Errors
    /// What the system says; the job then runs without.
    pub fn begin(
        recording: &Recording,
        folder: &Path,
        wishes: Wishes,
        var: &dyn Fn(&str) -> Option<OsString>,
    ) -> io::Result<Self> {
        let desk = Arc::new(Desk::new());
        let armory = Arc::new(Armory::open(folder.to_owned(), Arc::clone(&desk), wishes.on_pty)?);
        let socket = folder.join(calls::NAME);
        let listener = UnixListener::bind(&socket)?;
        listener.set_nonblocking(true)?;
        let stop = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let path = var("PATH").unwrap_or_default();
        // Without links the tools that the job starts are recorded where the environment suffices.
        let shims = match wishes.intercept {
            true => Shims::make(&folder.join("bin"), &path).ok().flatten(),
            false => None,
        };
        let setting = Setting {
            run: recording.run(),
            place: recording.place().own,
            user: tools::pulumi_user(&|name| var(name)?.into_string().ok()),
        };
        let book = Book::new(desk, recording.writer(wishes.profile), setting);
        let clerk = std::thread::Builder::new()
            .name("clerk".to_owned())
            .spawn(|| book.keep())?;
        let (asked, stopped) = (Arc::clone(&armory), Arc::clone(&stop));
        let door = std::thread::Builder::new()
            .name("tools".to_owned())
            .spawn(move || calls::serve(&listener, &stopped, &asked))?;
        Ok(Self {
            armory,
            shims,
            clerk,
            door,
            socket,
            stop,
            tool: wishes.tool,
            direct: None,
        })
    }

    /// Arms the job's command, and what it will start.
    pub fn arm(&mut self, invocation: &mut Invocation, var: &dyn Fn(&str) -> Option<OsString>) {
        let path = var("PATH").unwrap_or_default();
        for (name, value) in self.armory.environment() {
            invocation.env.push((name.into(), value.into()));
        }
        if let Some(shims) = &self.shims {
            invocation.env.push(("PATH".into(), shims.before(&path)));
        }
        let Some(start) = self.start(invocation, &path, var) else {
            return;
        };
        if self.shims.is_some() {
            // The job's command itself is no shim: it is ours to see.
            invocation.executable = Some(start.program.clone());
        }
        if let Some((call, answer)) = self.armory.call(&start) {
            self.direct = Some(call);
            if let Some(args) = answer.arms.args {
                // Rewritten as a whole; what is no UTF-8 stays as it was given.
                invocation.rewrite(&start.args, args);
            }
            let env = answer.arms.env.into_iter();
            invocation
                .env
                .extend(env.map(|(name, value)| (name.into(), value.into())));
        }
    }

    /// The job's command as a tool's start, if it is one.
    fn start(&self, invocation: &Invocation, path: &OsStr, var: &dyn Fn(&str) -> Option<OsString>) -> Option<Start> {
        let named = invocation.argv.first()?;
        let found = match Path::new(named).components().count() > 1 {
            true => PathBuf::from(named),
            false => tools::find(&named.to_string_lossy(), path)?,
        };
        let tool = match &self.tool {
            Some(forced) => forced.as_str(),
            None => tools::tool_of(named)?,
        };
        let variable = |name: &&str| Some(((*name).to_owned(), var(name)?.into_string().ok()?));
        Some(Start {
            tool: tool.to_owned(),
            program: found,
            args: invocation
                .argv
                .iter()
                .skip(1)
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect(),
            folder: std::env::current_dir().unwrap_or_default(),
            env: tools::VARIABLES.iter().filter_map(variable).collect(),
            stdout: Stdout::Captured,
        })
    }

    /// Who must see what the run captures.
    pub fn watch(&self) -> &Arc<Watch> {
        self.armory.watch()
    }

    /// The job has ended and all of its output was read: waits until its operations are recorded, which ends each of them.
    pub fn end(self, outcome: &Outcome) -> Provisioned {
        if let Some(call) = self.direct {
            let how = Ended {
                exit_code: outcome.signal().is_none().then(|| outcome.exit_code()),
                signal: outcome.signal(),
                forwarded: Vec::new(),
            };
            let (durable, told) = std::sync::mpsc::sync_channel(1);
            self.armory.ended(call, how, Some(durable));
            let _ = told.recv_timeout(2 * calls::PATIENCE);
        }
        let _ = self.stop.write(1);
        let gone = std::fs::remove_file(&self.socket).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        self.armory.close();
        drop(self.shims);
        self.armory.desk().tell(Happening::Close);
        // A panic was reported by its own hook.
        let _ = self.door.join();
        let mut told = self.clerk.join().unwrap_or_default();
        told.intercept_lost = gone;
        told
    }
}
