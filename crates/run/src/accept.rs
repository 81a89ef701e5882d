//! Connections to a socket of the run's, one after another, until the run is over.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// Gives each connection to `each`, until `stop` becomes readable.
pub(crate) fn until(listener: &UnixListener, stop: &EventFd, mut each: impl FnMut(UnixStream)) {
    loop {
        let mut fds = [
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(stop.as_fd(), PollFlags::POLLIN),
        ];
        let _ = poll(&mut fds, PollTimeout::NONE);
        if fds[1].any() == Some(true) {
            return;
        }
        match listener.accept() {
            Ok((stream, _)) => each(stream),
            // Out of descriptors, perhaps: nothing is gained by asking again at once.
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
