//! The event log of a Pulumi that knows files only (before 3.206): one file for all phases of an operation.
//!
//! Each phase truncates the file of its name. Without its name the file of the phase before stays whole, and the next phase
//! makes another: nothing is lost of a phase that went on for longer than [`PACE`].

use super::file::Following;
use super::forward::{Forward, Target};
use super::lines::Lines;
use crate::clerk::{CallId, Desk, FeedId, Happening};
use bytes::Bytes;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

/// Between two looks for a new file: no phase of an engine that starts plugins is as short.
const PACE: Duration = Duration::from_millis(1);

/// Follows the event log that the engine of `call` will make at `path`. A caller's own file gets every event too; a server
/// gets none, as from the engine.
pub(crate) fn follow(path: PathBuf, call: CallId, desk: Arc<Desk>, forward: Option<Target>) -> Following {
    let forward = forward.filter(|target| matches!(target, Target::File { .. }));
    Following::with(move |ended| {
        let mut phase: Option<Phase> = None;
        loop {
            // Asked before the files are read: what was written before the end is read after this.
            let last = ended.load(Ordering::Acquire);
            if let Ok(file) = File::open(&path) {
                let _ = fs::remove_file(&path);
                // The engine has closed the file before.
                phase.into_iter().for_each(|phase| phase.end(&desk));
                phase = Some(Phase::begin(file, call, &desk, forward.as_ref()));
            }
            if let Some(phase) = &mut phase {
                phase.read(&desk);
            }
            if last {
                phase.into_iter().for_each(|phase| phase.end(&desk));
                return;
            }
            std::thread::sleep(PACE);
        }
    })
}

/// One file, from its first event to its last.
struct Phase {
    feed: FeedId,
    file: File,
    lines: Lines,
    forward: Option<Forward>,
    buffer: Vec<u8>,
}

impl Phase {
    fn begin(file: File, call: CallId, desk: &Desk, forward: Option<&Target>) -> Self {
        let feed = desk.next_feed();
        desk.tell(Happening::StreamBegun {
            feed,
            call: Some(call),
            way: "file",
        });
        Self {
            feed,
            file,
            lines: Lines::default(),
            forward: forward.map(Forward::open),
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Hands on what has come.
    fn read(&mut self, desk: &Desk) {
        while let Some(len) = self.file.read(&mut self.buffer).ok().filter(|len| *len > 0) {
            let (feed, forward) = (self.feed, &mut self.forward);
            self.lines
                .push(&self.buffer[..len], &mut |line| hand_on(desk, feed, forward, line));
        }
    }

    fn end(mut self, desk: &Desk) {
        self.read(desk);
        let (feed, forward) = (self.feed, &mut self.forward);
        self.lines.finish(&mut |line| hand_on(desk, feed, forward, line));
        // Nobody waits for it: the engine is not held up by a file.
        let (durable, _) = oneshot::channel();
        desk.tell(Happening::StreamEnded {
            feed,
            broken: false,
            durable,
        });
        self.forward.into_iter().for_each(Forward::finish_blocking);
    }
}

fn hand_on(desk: &Desk, feed: FeedId, forward: &mut Option<Forward>, line: &[u8]) {
    let event = Bytes::copy_from_slice(line);
    if let Some(forward) = forward {
        forward.send(event.clone());
    }
    desk.tell_wait(Happening::Event { feed, event });
}
