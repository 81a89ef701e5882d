//! A capture folder: `run.json`, the streams and the events, as the fixtures' README describes them.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// One recorded run.
pub(crate) struct Capture {
    folder: PathBuf,
    /// Its `run.json`.
    pub(crate) run: Run,
}

#[derive(Deserialize)]
pub(crate) struct Run {
    argv: Vec<String>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) term_signal: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) signals_sent: Vec<Sent>,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    pub(crate) t_ms: f64,
}

/// Bytes on one of the two streams.
pub(crate) struct Chunk {
    pub(crate) t_ms: f64,
    pub(crate) stderr: bool,
    pub(crate) bytes: Vec<u8>,
}

/// One engine event, as the line it was.
pub(crate) struct Event {
    pub(crate) t_ms: f64,
    /// 1 for the first stream of the run, 2 for the second.
    pub(crate) stream: u32,
    pub(crate) line: String,
}

#[derive(Deserialize)]
struct Timed {
    t_ms: f64,
    s: String,
    d: String,
}

#[derive(Deserialize)]
struct Arrival<'a> {
    t_ms: f64,
    stream: u32,
    #[serde(borrow)]
    event: &'a serde_json::value::RawValue,
}

impl Capture {
    /// Opens a folder; a broken one is a broken test.
    pub(crate) fn open(folder: &str) -> Self {
        let folder = PathBuf::from(folder);
        let text = read(&folder.join("run.json")).unwrap_or_else(|| panic!("{} has no run.json", folder.display()));
        let run = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self { folder, run }
    }

    /// The program that ran.
    pub(crate) fn tool(&self) -> &str {
        let path = self.run.argv.first().map_or("", String::as_str);
        path.rsplit('/').next().unwrap_or(path)
    }

    /// What it was told to do.
    pub(crate) fn subcommand(&self) -> &str {
        let words = self.run.argv.iter().skip(1);
        words
            .map(String::as_str)
            .find(|word| !word.starts_with('-'))
            .unwrap_or("")
    }

    /// The output, in order. Without times all of it is at the start.
    pub(crate) fn output(&self) -> Vec<Chunk> {
        if let Some(timed) = self.file("output.timed.ndjson") {
            let chunks = timed.lines().map(|line| {
                let Timed { t_ms, s, d } = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
                Chunk {
                    t_ms,
                    stderr: s == "err",
                    bytes: d.into_bytes(),
                }
            });
            return chunks.collect();
        }
        let whole = |name, stderr| {
            self.bytes(name).map(|bytes| Chunk {
                t_ms: 0.0,
                stderr,
                bytes,
            })
        };
        [whole("stdout.txt", false), whole("stderr.txt", true)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The events, in order, and of which stream. Where only the lines are known their times are spread over the output's.
    pub(crate) fn events(&self) -> Vec<Event> {
        if let Some(arrivals) = self.file("events.arrival.ndjson") {
            let events = arrivals.lines().map(|line| {
                let Arrival { t_ms, stream, event } =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
                // A string is what no engine should send: it goes out as it stands there.
                let broken = serde_json::from_str::<String>(event.get());
                let line = broken.unwrap_or_else(|_| format!("{}\n", event.get()));
                Event { t_ms, stream, line }
            });
            return events.collect();
        }
        let Some(lines) = self.file("events.ndjson").or_else(|| self.file("tofu-events.ndjson")) else {
            return Vec::new();
        };
        let (count, end) = (
            lines.lines().count().max(1),
            self.output().last().map_or(0.0, |chunk| chunk.t_ms),
        );
        let at = |number: usize| end * number as f64 / count as f64;
        let events = lines.lines().enumerate();
        events
            .map(|(number, line)| Event {
                t_ms: at(number),
                stream: 1,
                line: format!("{line}\n"),
            })
            .collect()
    }

    fn file(&self, name: &str) -> Option<String> {
        self.bytes(name)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let plain = std::fs::read(self.folder.join(name)).ok();
        plain.or_else(|| {
            let packed = std::fs::read(self.folder.join(format!("{name}.zst"))).ok()?;
            Some(zstd::decode_all(packed.as_slice()).unwrap_or_else(|error| panic!("{name}.zst: {error}")))
        })
    }
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}
