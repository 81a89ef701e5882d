//! Where events go: a file, or a gRPC server (`pulumirpc.Events/StreamEvents`).

use hyper_util::rt::TokioIo;
use std::io::Write;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::net::UnixStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;

/// `pulumirpc.EventRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EventRequest {
    /// One event as JSON, with its line break.
    #[prost(string, tag = "1")]
    pub(crate) event: String,
}

/// One phase's event log. What cannot be delivered is dropped without a word, as the engine does.
pub(crate) enum EventLog {
    None,
    File(std::fs::File),
    Stream {
        events: mpsc::Sender<String>,
        sender: JoinHandle<()>,
    },
}

impl EventLog {
    /// Opens the log anew: a file loses what the phase before wrote.
    pub(crate) fn open(target: Option<&str>, append: bool) -> Self {
        let Some(target) = target else { return Self::None };
        if let Some(address) = target.strip_prefix("tcp://") {
            return Self::stream(address.to_owned());
        }
        let mut options = std::fs::OpenOptions::new();
        let file = match append {
            true => options.create(true).append(true).open(target),
            false => std::fs::File::create(target),
        };
        file.map_or(Self::None, Self::File)
    }

    fn stream(address: String) -> Self {
        let (events, queue) = mpsc::channel::<String>();
        let sender = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            // The answer is a barrier: the thread, and with it the engine, ends when the server has answered or is gone.
            let _ = runtime.block_on(send(&address, queue));
        });
        Self::Stream { events, sender }
    }

    /// Hands over one event; never blocks on the server.
    pub(crate) fn write(&mut self, line: &str) {
        match self {
            Self::None => (),
            Self::File(file) => {
                let _ = file.write_all(line.as_bytes());
            }
            Self::Stream { events, .. } => {
                let _ = events.send(line.to_owned());
            }
        }
    }

    /// Ends the phase: waits until the server has answered.
    pub(crate) fn close(self) {
        if let Self::Stream { events, sender } = self {
            drop(events);
            let _ = sender.join();
        }
    }
}

async fn send(address: &str, queue: mpsc::Receiver<String>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let channel = match address.strip_prefix("unix:") {
        Some(path) => unix(path.trim_start_matches("//").to_owned()).await?,
        None => Endpoint::from_shared(format!("http://{address}"))?.connect().await?,
    };
    let mut client = Grpc::new(channel);
    client.ready().await?;
    let (feed, events) = tokio::sync::mpsc::channel(16);
    let pump = tokio::task::spawn_blocking(move || {
        for event in queue {
            if feed.blocking_send(EventRequest { event }).is_err() {
                break;
            }
        }
    });
    let path = PathAndQuery::from_static("/pulumirpc.Events/StreamEvents");
    let request = tonic::Request::new(Received(events));
    let codec: ProstCodec<EventRequest, ()> = ProstCodec::default();
    let answer = client.client_streaming(request, path, codec).await;
    pump.await?;
    answer.map(|_| ()).map_err(Into::into)
}

async fn unix(path: String) -> Result<Channel, tonic::transport::Error> {
    let connect = tower::service_fn(move |_: Uri| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://unix")
        .connect_with_connector(connect)
        .await
}

/// A channel's receiving end as the stream that tonic sends.
struct Received(tokio::sync::mpsc::Receiver<EventRequest>);

impl tonic::codegen::tokio_stream::Stream for Received {
    type Item = EventRequest;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
