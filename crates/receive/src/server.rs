//! Connections: let in, watched, and let go.

mod activity;
mod connection;
mod tls;

pub use tls::Tls;

use crate::gateway::Gateway;
use activity::Connections;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// After a refused `accept` (no descriptors left, perhaps) nothing is gained by asking again at once.
const PAUSE: Duration = Duration::from_millis(10);

/// The other side of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The certificate it showed, verified, DER.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// Lets connections in to a gateway; one for all ports.
#[derive(Clone)]
pub struct Server {
    gateway: Arc<Gateway>,
    connections: Connections,
}

impl Server {
    /// A server of a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self {
            gateway,
            connections: Connections::default(),
        }
    }

    /// Serves a port until `stop` is true or gone, then until what is under way is answered.
    pub async fn serve(&self, listener: TcpListener, tls: Option<Arc<Tls>>, mut stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        let watched = stop.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => self.begin(accepted, tls.clone(), &watched, &mut tasks),
                    Err(_) => {
                        self.connections.close_idlest();
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                Some(_) = tasks.join_next() => {}
                () = stopped(&mut stop) => break,
            }
        }
        drop(listener);
        while tasks.join_next().await.is_some() {}
    }

    /// Serves one connection that somebody else let in, to its end; it counts among the others.
    pub async fn serve_stream(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        stop: watch::Receiver<bool>,
    ) {
        let entry = self.connections.enter();
        connection::run_plain(stream, &self.gateway, &entry, stop).await;
    }

    fn begin(
        &self,
        (stream, _): (TcpStream, SocketAddr),
        tls: Option<Arc<Tls>>,
        stop: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) {
        let counters = self.gateway.counters();
        if self.connections.len() >= self.gateway.limits().connections {
            if !self.connections.close_idlest() {
                counters.turned_away.fetch_add(1, Relaxed);
                return;
            }
            counters.closed_idle.fetch_add(1, Relaxed);
        }
        counters.opened.fetch_add(1, Relaxed);
        // Answers are small: waiting for company would only delay them.
        let _ = stream.set_nodelay(true);
        let entry = self.connections.enter();
        tasks.spawn(connection::run(stream, tls, self.gateway.clone(), entry, stop.clone()));
    }
}

/// Waits until the server shall stop, or whoever could say so has gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}
