//! `pulumirpc.Events/StreamEvents`, on sockets in the run's private folder.
//!
//! The message limit is far above what engines send: with the usual 4 MiB one large resource would cost all later events.

use super::forward::Forward;
use crate::clerk::{Desk, Happening, Origin};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::future::Future;
use std::os::unix::net::UnixListener as Bound;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tonic::body::Body;
use tonic::server::{ClientStreamingService, Grpc};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// The largest message, bytes.
const MESSAGE_MAX: usize = 256 << 20;
/// Flow-control windows, bytes: an engine's display waits for its event stream.
const WINDOW: u32 = 4 << 20;
/// The engine exits when its stream is answered, and the answer says that all is durable; but it is not held up longer.
const ANSWER: Duration = Duration::from_secs(2);
/// While the queue is full it is asked again so often.
const FULL: Duration = Duration::from_millis(1);
const METHOD: &str = "/pulumirpc.Events/StreamEvents";

/// `pulumirpc.EventRequest` (proto/pulumi/events.proto). Bytes where it has a string: one that is no UTF-8 costs itself only.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EventRequest {
    /// One engine event, JSON, with a line break at its end.
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) event: bytes::Bytes,
}

/// The server, on a thread of its own; it ends when this is dropped.
pub(crate) struct Server {
    listeners: mpsc::UnboundedSender<(Bound, Origin)>,
}

impl Server {
    /// Starts it; it listens where [`Server::listen`] says.
    ///
    /// # Errors
    /// What the system says of the thread.
    pub(crate) fn start(desk: Arc<Desk>) -> std::io::Result<Self> {
        let (listeners, commands) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("events".to_owned()).spawn(move || {
            // No runtime, no events: each operation will say that no stream came.
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                runtime.block_on(take_listeners(commands, desk));
            }
        })?;
        Ok(Self { listeners })
    }

    /// Takes connections on a bound socket; whoever comes there is of `origin`.
    pub(crate) fn listen(&self, listener: Bound, origin: Origin) {
        let _ = self.listeners.send((listener, origin));
    }
}

async fn take_listeners(mut commands: mpsc::UnboundedReceiver<(Bound, Origin)>, desk: Arc<Desk>) {
    while let Some((listener, origin)) = commands.recv().await {
        let listener = listener
            .set_nonblocking(true)
            .and_then(|()| UnixListener::from_std(listener));
        if let Ok(listener) = listener {
            tokio::spawn(accept(listener, origin, Arc::clone(&desk)));
        }
    }
}

async fn accept(listener: UnixListener, origin: Origin, desk: Arc<Desk>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, origin.clone(), Arc::clone(&desk)))),
            // Out of descriptors, perhaps: nothing is gained by asking again at once.
            Err(_) => tokio::time::sleep(FULL).await,
        }
    }
}

async fn serve(stream: UnixStream, origin: Origin, desk: Arc<Desk>) {
    let answer = service_fn(move |request| {
        let (origin, desk) = (origin.clone(), Arc::clone(&desk));
        async move { Ok::<_, Infallible>(call(request, origin, desk).await) }
    });
    let mut http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    http2
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(2 * WINDOW);
    // Whatever ends a connection ends its streams, which say so themselves.
    let _ = http2.serve_connection(TokioIo::new(stream), answer).await;
}

async fn call(request: hyper::Request<Incoming>, origin: Origin, desk: Arc<Desk>) -> hyper::Response<Body> {
    if request.uri().path() != METHOD {
        return Status::unimplemented("only pulumirpc.Events/StreamEvents is served here").into_http();
    }
    Grpc::new(ProstCodec::<(), EventRequest>::default())
        .max_decoding_message_size(MESSAGE_MAX)
        .client_streaming(Receiver { origin, desk }, request)
        .await
}

/// Receives one stream.
struct Receiver {
    origin: Origin,
    desk: Arc<Desk>,
}

impl ClientStreamingService<EventRequest> for Receiver {
    type Response = ();
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, Status>> + Send>>;

    fn call(&mut self, request: Request<Streaming<EventRequest>>) -> Self::Future {
        let (origin, desk) = (self.origin.clone(), Arc::clone(&self.desk));
        Box::pin(async move {
            // A task of its own: it goes on to the stream's end when the connection and with it this answer is dropped.
            let received = tokio::spawn(receive(request.into_inner(), origin, desk)).await;
            received.unwrap_or_else(|_| Err(Status::internal("the receiver failed")))
        })
    }
}

async fn receive(mut stream: Streaming<EventRequest>, origin: Origin, desk: Arc<Desk>) -> Result<Response<()>, Status> {
    let feed = desk.next_feed();
    let mut forward = origin.forward.as_ref().map(|target| Forward::open(target));
    desk.tell(Happening::StreamBegun {
        feed,
        call: origin.call,
        way: "grpc",
    });
    let failed = loop {
        match stream.message().await {
            Ok(Some(EventRequest { event })) => {
                if let Some(forward) = &mut forward {
                    forward.send(event.clone());
                }
                while !desk.has_room(event.len()) {
                    tokio::time::sleep(FULL).await;
                }
                desk.tell(Happening::Event { feed, event });
            }
            Ok(None) => break None,
            Err(status) => break Some(status),
        }
    };
    let (durable, told) = oneshot::channel();
    let broken = failed.is_some();
    desk.tell(Happening::StreamEnded { feed, broken, durable });
    if tokio::time::timeout(ANSWER, told).await.is_err() {
        desk.answered_early();
    }
    if let Some(forward) = forward {
        forward.finish().await;
    }
    failed.map_or_else(|| Ok(Response::new(())), Err)
}

/// Sends what a channel holds, for tonic.
pub(crate) struct Sending(pub(crate) mpsc::UnboundedReceiver<bytes::Bytes>);

impl tokio_stream::Stream for Sending {
    type Item = EventRequest;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<EventRequest>> {
        let next = self.0.poll_recv(context);
        next.map(|event| event.map(|event| EventRequest { event }))
    }
}
