//! One connection, from its first byte to its last.

use super::activity::Entry;
use super::tls::Tls;
use super::{Peer, stopped};
use crate::gateway::Gateway;
use crate::http::answer;
use crate::limits::ServerLimits;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// What a client may send of one request before it is read, and of all of a connection: two batches of usual size.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 2 << 20;
/// Larger frames cost less; HTTP/2's default is 16 KiB.
const FRAME: u32 = 64 << 10;
/// How often a silent client is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

pub(super) async fn run(
    stream: TcpStream,
    tls: Option<Arc<Tls>>,
    gateway: Arc<Gateway>,
    entry: Entry,
    stop: watch::Receiver<bool>,
) {
    gateway.counters().open.fetch_add(1, Relaxed);
    let limits = gateway.limits();
    match tls {
        None => {
            let peer = Peer { certificate: None };
            serve(stream, peer, &gateway, &limits, &entry, stop).await;
        }
        Some(tls) => match timeout(limits.header_time, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => {
                let (_, session) = stream.get_ref();
                let certificates = session.peer_certificates().unwrap_or_default();
                let certificate = certificates.first().map(|first| first.to_vec());
                serve(stream, Peer { certificate }, &gateway, &limits, &entry, stop).await;
            }
            Ok(Err(_)) | Err(_) => {
                gateway.counters().handshakes_failed.fetch_add(1, Relaxed);
            }
        },
    }
    gateway.counters().open.fetch_sub(1, Relaxed);
}

/// A connection without TLS, whatever it runs over.
pub(super) async fn run_plain(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    gateway: &Arc<Gateway>,
    entry: &Entry,
    stop: watch::Receiver<bool>,
) {
    gateway.counters().open.fetch_add(1, Relaxed);
    let peer = Peer { certificate: None };
    serve(stream, peer, gateway, &gateway.limits(), entry, stop).await;
    gateway.counters().open.fetch_sub(1, Relaxed);
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    gateway: &Arc<Gateway>,
    limits: &ServerLimits,
    entry: &Entry,
    mut stop: watch::Receiver<bool>,
) {
    let peer = Arc::new(peer);
    let service = service_fn(|request| {
        let working = entry.activity.work();
        let (gateway, peer) = (Arc::clone(gateway), Arc::clone(&peer));
        async move {
            let response = answer(gateway, peer, request).await;
            drop(working);
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder(limits);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut is_stopping = false;
    loop {
        let allowed = if entry.activity.is_used() {
            limits.idle_time
        } else {
            limits.header_time
        };
        let now = Instant::now();
        let due = entry.activity.idle_since().map_or(now, |since| since) + allowed;
        tokio::select! {
            // A broken connection is its client's to report.
            _ = connection.as_mut() => return,
            () = entry.activity.closed() => return,
            () = sleep_until(due.max(now + Duration::from_millis(100))) => {
                if entry.activity.idle_since().is_some_and(|since| since + allowed <= Instant::now()) {
                    gateway.counters().closed_idle.fetch_add(1, Relaxed);
                    return;
                }
            }
            () = stopped(&mut stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn builder(limits: &ServerLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_headers(limits.headers)
        .max_buf_size((limits.header_bytes as usize).max(8 << 10));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}
