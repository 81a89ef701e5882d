//! Plays a recorded run of a provisioning engine.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is the recorded engine's"
)]

mod answers;
mod cancel;
mod capture;
mod event_log;
mod invocation;
mod leash;
mod play;

use capture::Capture;
use invocation::Invocation;
use std::process::ExitCode;

fn main() -> ExitCode {
    leash::hold();
    let invocation = match Invocation::read() {
        Ok(invocation) => invocation,
        Err(wrong) => {
            eprintln!("error: {wrong}");
            return ExitCode::from(1);
        }
    };
    let folders = std::env::var("REPLAY").unwrap_or_default();
    let captures = folders.split(':').filter(|folder| !folder.is_empty());
    match captures.map(Capture::open).find(|capture| invocation.is_of(capture)) {
        Some(capture) => play::play(&capture, &invocation),
        None => answers::answer(&invocation),
    }
}
