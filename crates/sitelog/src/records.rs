//! `--records FILE`: every record of a run as OTLP/JSON, one export request a line, read from the ledger like any other
//! destination.

use sitelog_export::json;
use sitelog_ledger::{Chain, Frames, Ledger};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// The file, open before the job starts so that a mistake is told before anything runs.
pub(crate) struct RecordsFile(Box<dyn Write + Send>);

/// The thread that writes it.
pub(crate) struct Following {
    thread: JoinHandle<Result<(), String>>,
    bell: Arc<Bell>,
}

/// Wakes the thread when the chain has grown, and tells it when that was the end.
#[derive(Default)]
struct Bell {
    state: Mutex<Rung>,
    heard: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Rung {
    #[default]
    Quiet,
    Grown,
    Ended,
}

impl Bell {
    fn ring(&self, how: Rung) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state != Rung::Ended {
            *state = how;
        }
        self.heard.notify_one();
    }

    fn wait(&self) -> Rung {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self
            .heard
            .wait_while(state, |state| *state == Rung::Quiet)
            .unwrap_or_else(PoisonError::into_inner);
        let how = *state;
        if how == Rung::Grown {
            *state = Rung::Quiet;
        }
        how
    }
}

impl RecordsFile {
    /// Creates the file; `-` is stdout.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        if path.as_os_str() == "-" {
            return Ok(Self(Box::new(io::stdout())));
        }
        let file =
            File::create(path).map_err(|error| format!("--records {}: cannot be written: {error}", path.display()))?;
        Ok(Self(Box::new(BufWriter::new(file))))
    }

    /// Writes what the chain takes, until [`Following::finish`].
    pub(crate) fn follow(self, ledger: &Ledger, chain: &Chain) -> Result<Following, sitelog_ledger::Error> {
        let frames = ledger.frames(chain.id())?;
        let bell = Arc::new(Bell::default());
        let (ringer, listener) = (Arc::clone(&bell), Arc::clone(&bell));
        chain.subscribe(Box::new(move || ringer.ring(Rung::Grown)));
        Ok(Following {
            thread: std::thread::spawn(move || write(frames, &listener, self.0)),
            bell,
        })
    }
}

impl Following {
    /// The chain is sealed: waits until all of it is written.
    pub(crate) fn finish(self) -> Result<(), String> {
        self.bell.ring(Rung::Ended);
        self.thread
            .join()
            .unwrap_or_else(|_| Err("the writer panicked".to_owned()))
    }
}

fn write(mut frames: Frames, bell: &Bell, mut out: Box<dyn Write + Send>) -> Result<(), String> {
    loop {
        let how = bell.wait();
        for frame in frames.by_ref() {
            let frame = frame.map_err(|error| error.to_string())?;
            let batch = frame.batch.get();
            let Some(request) = batch.payload.to_otlp().map_err(|error| error.to_string())? else {
                continue;
            };
            let mut line = json::from_protobuf(batch.signal, &request)?;
            line.push(b'\n');
            out.write_all(&line).map_err(|error| error.to_string())?;
        }
        out.flush().map_err(|error| error.to_string())?;
        if how == Rung::Ended {
            return Ok(());
        }
    }
}
