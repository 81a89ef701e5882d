//! Connections that count themselves and their bytes.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::stats::Counters;

/// A listener whose connections are counted.
pub(super) struct CountingListener {
    pub(super) listener: TcpListener,
    pub(super) counters: Arc<Counters>,
}

impl Listener for CountingListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Without it answers wait for the client's acknowledgement; a failure only costs time.
        let _slow = stream.set_nodelay(true);
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        let counters = Arc::clone(&self.counters);
        (Connection { stream, counters }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection whose bytes out are counted.
pub(super) struct Connection {
    stream: TcpStream,
    counters: Arc<Counters>,
}

impl Connection {
    /// Counts bytes before they are written, so that who has read them finds them counted, and takes back the rest.
    fn counting(
        &mut self,
        offered: usize,
        write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let count = &self.counters.bytes_out;
        count.fetch_add(offered as u64, Ordering::Relaxed);
        let written = write(Pin::new(&mut self.stream));
        let taken = match &written {
            Poll::Ready(Ok(bytes)) => *bytes,
            _ => 0,
        };
        let rest = (offered - taken) as u64;
        // The counter may have begun again at 0 meanwhile.
        let _before = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bytes| {
            Some(bytes.saturating_sub(rest))
        });
        written
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.counting(buf.len(), |stream| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = bufs.iter().map(|buf| buf.len()).sum();
        self.counting(offered, |stream| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
