//! What the engine says and does when it is interrupted and the recording is not: as other recordings have it.

use crate::event_log::EventLog;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The engine waits for a resource, until `REPLAY_STALL_UNTIL` is there. True when it was interrupted twice meanwhile;
/// after the first time it says so and goes on waiting.
pub(crate) fn stall(log: &mut EventLog, interrupted: &AtomicBool, next: u64) -> bool {
    let until = std::env::var_os("REPLAY_STALL_UNTIL").map(PathBuf::from);
    let mut told = false;
    while !until.as_ref().is_some_and(|until| until.exists()) {
        if interrupted.swap(false, Ordering::Relaxed) {
            if told {
                return true;
            }
            told = true;
            say(log, next);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

/// The end after one SIGINT, when nothing is under way; `next` is the number of the next event.
pub(crate) fn after_one(mut log: EventLog, next: u64) -> ExitCode {
    say(&mut log, next);
    end(log, next + 1, "failed");
    ExitCode::from(1)
}

/// The end after the second SIGINT.
pub(crate) fn after_two(log: EventLog, next: u64) -> ExitCode {
    end(log, next, "canceled");
    ExitCode::from(8)
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
