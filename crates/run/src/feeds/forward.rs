//! The same events to whom the caller of a tool wanted to have them: its own `--event-log`, a gRPC target or a file.
//!
//! As with the engine itself, a target that is not there costs its events and nothing else.

use super::grpc::{EventRequest, Sending};
use bytes::Bytes;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic_prost::ProstCodec;

/// The engine waits for its server's answer without end; a server that gives none for so long is not waited for.
const ANSWER: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);

/// Where the events of an operation go besides.
#[derive(Debug)]
pub(crate) enum Target {
    /// A gRPC server's address in tonic's spelling.
    Server(String),
    /// A file, truncated by the first stream; the engine's own truncates it with each, which loses the preview.
    File { path: PathBuf, begun: AtomicBool },
}

impl Target {
    /// Reads the value of `--event-log`; a relative file is below `folder`.
    pub(crate) fn parse(text: &str, folder: &Path) -> Self {
        let Some(address) = text.strip_prefix("tcp://") else {
            return Self::File {
                path: folder.join(text),
                begun: AtomicBool::new(false),
            };
        };
        // gRPC's name syntax: https://github.com/grpc/grpc/blob/master/doc/naming.md
        let plain = ["dns:///", "passthrough:///", "ipv4:", "dns:"];
        let host = plain
            .iter()
            .find_map(|scheme| address.strip_prefix(scheme))
            .unwrap_or(address);
        Self::Server(match host.strip_prefix("unix:") {
            Some(path) => format!("unix://{}", path.strip_prefix("//").unwrap_or(path)),
            None => format!("http://{host}"),
        })
    }
}

/// One stream on its way.
pub(crate) struct Forward {
    events: mpsc::UnboundedSender<Bytes>,
    done: oneshot::Receiver<()>,
}

impl Forward {
    /// Begins a stream to `target`. What it does not take at once waits in memory: the caller's reader must not hold up the
    /// record.
    pub(crate) fn open(target: &Target) -> Self {
        let (events, queue) = mpsc::unbounded_channel();
        let (finished, done) = oneshot::channel();
        match target {
            Target::Server(address) => {
                let address = address.clone();
                tokio::spawn(async move {
                    // As the engine: no server, no events, no word.
                    let _ = stream(address, queue).await;
                    let _ = finished.send(());
                });
            }
            Target::File { path, begun } => {
                let (path, first) = (path.clone(), !begun.swap(true, Ordering::Relaxed));
                // A thread: a FIFO blocks who opens it.
                std::thread::spawn(move || {
                    let _ = append(&path, first, queue);
                    let _ = finished.send(());
                });
            }
        }
        Self { events, done }
    }

    /// One event.
    pub(crate) fn send(&mut self, event: Bytes) {
        let _ = self.events.send(event);
    }

    /// Waits until the target has all of it: whoever reads it stops when the tool has ended.
    pub(crate) async fn finish(self) {
        drop(self.events);
        let _ = tokio::time::timeout(ANSWER, self.done).await;
    }

    /// The same for a thread of its own.
    pub(crate) fn finish_blocking(mut self) {
        drop(self.events);
        let until = Instant::now() + ANSWER;
        while self.done.try_recv() == Err(oneshot::error::TryRecvError::Empty) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn stream(
    address: String,
    queue: mpsc::UnboundedReceiver<Bytes>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let channel = Endpoint::from_shared(address)?
        .connect_timeout(CONNECT)
        .connect()
        .await?;
    let mut client = Grpc::new(channel).max_encoding_message_size(usize::MAX);
    client.ready().await?;
    let path = PathAndQuery::from_static("/pulumirpc.Events/StreamEvents");
    let codec: ProstCodec<EventRequest, ()> = ProstCodec::default();
    client
        .client_streaming(tonic::Request::new(Sending(queue)), path, codec)
        .await?;
    Ok(())
}

fn append(path: &Path, first: bool, mut queue: mpsc::UnboundedReceiver<Bytes>) -> std::io::Result<()> {
    let mut file: File = match first {
        true => OpenOptions::new().create(true).write(true).truncate(true).open(path)?,
        false => OpenOptions::new().append(true).open(path)?,
    };
    while let Some(event) = queue.blocking_recv() {
        file.write_all(&event)?;
        if !event.ends_with(b"\n") {
            file.write_all(b"\n")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_target_is_read() {
        let server = |text: &str| match Target::parse(text, Path::new("/src")) {
            Target::Server(address) => address,
            Target::File { path, .. } => path.display().to_string(),
        };
        assert_eq!(server("tcp://127.0.0.1:9"), "http://127.0.0.1:9");
        assert_eq!(server("tcp://dns:///localhost:9"), "http://localhost:9");
        assert_eq!(server("tcp://unix:/run/e"), "unix:///run/e");
        assert_eq!(server("tcp://unix:///run/e"), "unix:///run/e");
        assert_eq!(server("events.log"), "/src/events.log");
        assert_eq!(server("/tmp/e"), "/tmp/e");
    }
}
