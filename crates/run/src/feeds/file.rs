//! Files that tools write their events into, read while they grow.
//!
//! A pipe would stop the tool if this run died. A file has its name only until it was seen: what stands in it was not
//! sanitized, and must not outlive a run that is killed.

use crate::clerk::{CallId, Desk, Happening};
use crate::feeds::lines::Lines;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks at the file: below what a person or a record's deadline (50 ms) would notice.
const PACE: Duration = Duration::from_millis(10);

/// A file that is followed.
pub(crate) struct Following {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Following {
    /// Follows the file that the tool of `call` will make at `path`: messages of one operation (`-json-into`).
    pub(crate) fn begin(path: PathBuf, call: CallId, desk: Arc<Desk>) -> Self {
        Self::with(move |ended| follow(&path, call, &desk, ended))
    }

    /// Follows files in a way of one's own, until it is told that the tool has ended.
    pub(super) fn with(follow: impl FnOnce(&AtomicBool) + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let thread = std::thread::spawn(move || follow(&told));
        Self { ended, thread }
    }

    /// The tool has ended: all that it wrote is handed on when this returns.
    pub(crate) fn finish(self) {
        self.ended.store(true, Ordering::Release);
        let _ = self.thread.join();
    }
}

fn follow(path: &Path, call: CallId, desk: &Desk, ended: &AtomicBool) {
    let mut lines = Lines::default();
    let mut file: Option<File> = None;
    let mut buffer = vec![0; 64 * 1024];
    let mut hand_on = |line: &[u8]| desk.tell_wait(Happening::message(call, line));
    loop {
        // Asked before the file is read: what was written before the end is read after this.
        let last = ended.load(Ordering::Acquire);
        if file.is_none() {
            file = File::open(path).ok();
        }
        while let Some(len) = file
            .as_mut()
            .and_then(|file| file.read(&mut buffer).ok())
            .filter(|len| *len > 0)
        {
            // The writer has it open by now.
            let _ = fs::remove_file(path);
            lines.push(&buffer[..len], &mut hand_on);
        }
        if last {
            lines.finish(&mut hand_on);
            let _ = fs::remove_file(path);
            return;
        }
        std::thread::sleep(PACE);
    }
}
