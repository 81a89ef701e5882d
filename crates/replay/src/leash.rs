//! A replayer does not outlive the test it plays for, however that ends: nobody else would end an engine that waits.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The status with which it ends when the test is gone; nobody is there to see it.
const ABANDONED: i32 = 254;

/// Ends this process when the process that `REPLAY_FOR` names has ended. Not its parent: an engine lives on when the program
/// that started it dies, and that is what some tests are about.
pub(crate) fn hold() {
    let named = std::env::var("REPLAY_FOR").ok();
    let Some(test) = named.and_then(|pid| Pid::from_raw(pid.parse().ok()?)) else {
        return;
    };
    let Ok(test) = pidfd_open(test, PidfdFlags::empty()) else {
        std::process::exit(ABANDONED)
    };
    std::thread::spawn(move || {
        // Readable once it has ended; an interrupted wait is none.
        while poll(&mut [PollFd::new(&test, PollFlags::IN)], None).is_err() {}
        std::process::exit(ABANDONED)
    });
}
