//! What the engine says and does when it is interrupted and the recording is not: as other recordings have it.

use crate::event_log::EventLog;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between two looks while nothing happens: an engine that waits costs nothing.
pub(crate) const PACE: Duration = Duration::from_millis(5);

/// The engine waits for a resource, until `REPLAY_STALL_UNTIL` is there, or the folder it would be in is gone. Says how often
/// it was interrupted meanwhile; after the first time it says so and goes on waiting, after the second it waits no more.
pub(crate) fn stall(log: &mut EventLog, interrupted: &AtomicBool, next: u64) -> u64 {
    let until = std::env::var_os("REPLAY_STALL_UNTIL").map(PathBuf::from);
    let mut interrupts = 0;
    while interrupts < 2 && !until.as_deref().is_some_and(is_over) {
        if interrupted.swap(false, Ordering::Relaxed) {
            interrupts += 1;
            if interrupts == 1 {
                say(log, next);
            }
        }
        std::thread::sleep(PACE);
    }
    interrupts
}

fn is_over(until: &Path) -> bool {
    until.exists() || until.parent().is_some_and(|folder| !folder.exists())
}

/// The end after one SIGINT, when nothing is under way; `next` is the number of the next event.
pub(crate) fn at_once(mut log: EventLog, next: u64) -> ExitCode {
    say(&mut log, next);
    after(1, log, next + 1)
}

/// The end after so many SIGINTs.
pub(crate) fn after(interrupts: u64, log: EventLog, next: u64) -> ExitCode {
    let (result, status) = if interrupts == 1 {
        ("failed", 1)
    } else {
        ("canceled", 8)
    };
    end(log, next, result);
    ExitCode::from(status)
}

fn say(log: &mut EventLog, number: u64) {
    println!("^C received; cancelling. If you would like to terminate immediately, press ^C again.");
    let said = r#""stdoutEvent":{"message":"^C received; cancelling.\n","color":"never"}"#;
    write(log, number, said);
}

fn end(mut log: EventLog, number: u64, result: &str) {
    let summary = r#""summaryEvent":{"maybeCorrupt":false,"durationSeconds":1,"resourceChanges":{},"PolicyPacks":{},"isPreview":false,"result":"RESULT"}"#;
    write(&mut log, number, &summary.replace("RESULT", result));
    write(&mut log, number + 1, r#""cancelEvent":{}"#);
    log.close();
}

fn write(log: &mut EventLog, number: u64, event: &str) {
    log.write(&format!("{{\"sequence\":{number},\"timestamp\":1795250760,{event}}}\n"));
}
