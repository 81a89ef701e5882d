//! The run's side of the socket: one thread takes connections, each is answered on a thread of its own.

use super::protocol::{self, Answer, BadFrame, Request};
use crate::accept;
use nix::sys::eventfd::EventFd;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use std::io::{self, BufReader, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A client has so long to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many are answered at the same time; the others wait to be let in.
const AT_ONCE: usize = 16;

/// What was asked of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketCounts {
    /// Requests that were done.
    pub done: u64,
    /// Requests of other users.
    pub foreign: u64,
    /// Connections that broke or took too long.
    pub broken: u64,
    /// Requests that were malformed, unknown or too large.
    pub bad: u64,
    /// Requests that were understood and refused.
    pub refused: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    done: AtomicU64,
    foreign: AtomicU64,
    broken: AtomicU64,
    bad: AtomicU64,
    refused: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> SocketCounts {
        SocketCounts {
            done: self.done.load(Relaxed),
            foreign: self.foreign.load(Relaxed),
            broken: self.broken.load(Relaxed),
            bad: self.bad.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }
}

/// How many connections are open.
#[derive(Default)]
struct Slots {
    taken: Mutex<usize>,
    freed: Condvar,
}

/// A place among those that are answered.
struct Slot(Arc<Slots>);

impl Slots {
    /// Waits for a free place; no longer than a client may take, for one of them must then go.
    fn take(self: &Arc<Self>) -> Slot {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, _) = self
            .freed
            .wait_timeout_while(taken, PATIENCE, |taken| *taken >= AT_ONCE)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Slot(Arc::clone(self))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.freed.notify_one();
    }
}

/// Answers until `stop` becomes readable.
pub(super) fn run<H>(listener: &UnixListener, stop: &EventFd, counters: &Arc<Counters>, handle: &Arc<H>)
where
    H: Fn(Request, Vec<u8>) -> Answer + Send + Sync + 'static,
{
    let slots = Arc::new(Slots::default());
    accept::until(listener, stop, |stream| {
        let slot = slots.take();
        let (counters, handle) = (Arc::clone(counters), Arc::clone(handle));
        std::thread::spawn(move || {
            talk(&stream, &counters, handle.as_ref());
            drop(slot);
        });
    });
}

fn talk(stream: &UnixStream, counters: &Counters, handle: &impl Fn(Request, Vec<u8>) -> Answer) {
    let refused = |why: String| Answer::Refused { why };
    let (answer, counter) = if !is_same_user(stream) {
        (refused("another user's run".to_owned()), &counters.foreign)
    } else {
        match receive(stream) {
            Ok((request, body)) => match handle(request, body) {
                answer @ Answer::Refused { .. } => (answer, &counters.refused),
                answer => (answer, &counters.done),
            },
            Err(error @ BadFrame::Io(_)) => (refused(error.to_string()), &counters.broken),
            Err(error) => (refused(error.to_string()), &counters.bad),
        }
    };
    counter.fetch_add(1, Relaxed);
    // Whoever asked may have gone; what was asked for is done all the same.
    let _ = stream
        .set_write_timeout(Some(PATIENCE))
        .and_then(|()| protocol::answer(stream, &answer));
}

fn receive(stream: &UnixStream) -> Result<(Request, Vec<u8>), BadFrame> {
    stream.set_nonblocking(false)?;
    let until = Instant::now() + PATIENCE;
    protocol::read(BufReader::new(Deadline { stream, until }))
}

/// The folder keeps others out already. Root, who may read everything, is let in: a job's `sudo` has secrets too.
fn is_same_user(stream: &UnixStream) -> bool {
    let peer = getsockopt(stream, PeerCredentials).map(|peer| peer.uid());
    peer.is_ok_and(|uid| uid == nix::unistd::geteuid().as_raw() || uid == 0)
}

/// Reads until a moment, however little comes at a time.
struct Deadline<'s> {
    stream: &'s UnixStream,
    until: Instant,
}

impl Read for Deadline<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        (&mut &*self.stream).read(buffer)
    }
}
