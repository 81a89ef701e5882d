//! The socket on which a job talks to the run that wraps it (`SITELOG_SOCKET`).
//!
//! It lives in a folder that only this user can enter, and as long as the run. The folder is locked while its run lives, so
//! that a later run can tell what one that was killed left behind.

mod client;
mod protocol;
mod server;

pub use client::{ClientError, send};
pub use protocol::{Answer, BODY_MAX, Request};
pub use server::SocketCounts;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::eventfd::{EfdFlags, EventFd};
use server::Counters;
use sitelog_model::Ulid;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The variable that tells a job where the socket is.
pub const VARIABLE: &str = "SITELOG_SOCKET";

/// What the folders of sockets are called before the ULID.
const PREFIX: &str = "sitelog-";
const NAME: &str = "socket";
/// The longest path that fits into a socket's address (unix(7)), without the zero at its end.
const PATH_MAX: usize = 107;
/// So many entries of a folder are looked through for what other runs left behind.
const SWEPT: usize = 10_000;
/// A sweeper may take a folder away before it is locked; then another one is made.
const TRIES: usize = 3;

/// The socket of one run.
pub struct Socket {
    folder: Option<Flock<File>>,
    path: PathBuf,
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Socket {
    /// Opens the socket in the first of `places` that can hold one, and answers what arrives with `handle`.
    ///
    /// # Errors
    /// What the system says of the last of the places.
    pub fn open(
        places: &[PathBuf],
        handle: impl Fn(Request, Vec<u8>) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for place in places {
            match Self::bind(place) {
                Ok((folder, path, listener)) => return Self::serve(place, folder, path, listener, handle),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the socket away; nothing is answered any more. Says what was asked of it.
    pub fn close(mut self) -> SocketCounts {
        self.end();
        self.counters.read()
    }

    fn bind(place: &Path) -> io::Result<(Flock<File>, PathBuf, UnixListener)> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for _ in 0..TRIES {
            let folder = place.join(format!("{PREFIX}{}", Ulid::generate()));
            let path = folder.join(NAME);
            if path.as_os_str().len() > PATH_MAX {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "its path is too long for a socket",
                ));
            }
            DirBuilder::new().mode(0o700).create(&folder)?;
            let bound = lock(&folder).and_then(|locked| Ok((locked, UnixListener::bind(&path)?)));
            match bound {
                Ok((locked, listener)) => {
                    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
                    listener.set_nonblocking(true)?;
                    return Ok((locked, path, listener));
                }
                Err(error) => {
                    let _ = fs::remove_dir(&folder);
                    failed = error;
                }
            }
        }
        Err(failed)
    }

    fn serve(
        place: &Path,
        folder: Flock<File>,
        path: PathBuf,
        listener: UnixListener,
        handle: impl Fn(Request, Vec<u8>) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let stop = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let counters = Arc::new(Counters::default());
        let (stopped, counted, place) = (Arc::clone(&stop), Arc::clone(&counters), place.to_owned());
        let thread = std::thread::Builder::new().name("socket".to_owned()).spawn(move || {
            sweep(&place);
            server::run(&listener, &stopped, &counted, &Arc::new(handle));
        })?;
        Ok(Self {
            folder: Some(folder),
            path,
            stop,
            thread: Some(thread),
            counters,
        })
    }

    fn end(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = self.path.parent().map(fs::remove_dir);
        self.folder = None;
        let _ = self.stop.write(1);
        // A panic was reported by its own hook.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
        }
    }
}

/// Where sockets may be, best first: a user's own folder for such things, else one for temporary files. A folder for
/// temporary files may have a path that is too long.
pub fn places(var: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let named = ["XDG_RUNTIME_DIR", "TMPDIR"].into_iter().filter_map(var);
    let usable = named.filter(|path| path.is_absolute());
    usable.chain([PathBuf::from("/tmp")]).collect()
}

fn lock(folder: &Path) -> io::Result<Flock<File>> {
    Flock::lock(File::open(folder)?, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno.into())
}

/// Takes away what runs left behind that were killed: folders of ours that nobody locks.
fn sweep(place: &Path) {
    let user = nix::unistd::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries
        .take(SWEPT)
        .flatten()
        .filter(|entry| is_ours(&entry.file_name()))
    {
        let mine = entry
            .metadata()
            .is_ok_and(|about| about.is_dir() && about.uid() == user);
        if let Some(locked) = mine.then(|| lock(&entry.path())).and_then(Result::ok) {
            // With what else that run had there: sockets of its tools, links, their messages.
            let _ = fs::remove_dir_all(entry.path());
            drop(locked);
        }
    }
}

/// Whether a name is one that this module gives.
fn is_ours(name: &OsStr) -> bool {
    let id = name.as_bytes().strip_prefix(PREFIX.as_bytes());
    id.and_then(|id| std::str::from_utf8(id).ok())
        .is_some_and(|id| Ulid::from_string(id).is_ok())
}

#[cfg(test)]
mod tests;
