//! Sockets, TLS and connections of a destination.

use super::grpc::{Services, routes};
use super::{Answer, Book, Seen, http};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sitelog_export::config::Protocol;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

/// The TLS side of a server.
pub(crate) type ServerTls = Arc<tokio_rustls::rustls::ServerConfig>;

/// A port of ours on which nobody listens: connections are refused, and no one else can have it.
pub(crate) struct Reserved {
    socket: TcpSocket,
    pub(crate) address: SocketAddr,
}

impl Reserved {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }
}

/// A destination that serves until it is dropped.
pub(crate) struct Destination {
    pub(crate) book: Arc<Book>,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Destination {
    pub(crate) fn start(protocol: Protocol, script: impl FnMut(&Seen, usize) -> Answer + Send + 'static) -> Self {
        Self::at(Reserved::new(), protocol, None, script)
    }

    /// Begins to listen on a reserved port.
    pub(crate) fn at(
        reserved: Reserved,
        protocol: Protocol,
        tls: Option<ServerTls>,
        script: impl FnMut(&Seen, usize) -> Answer + Send + 'static,
    ) -> Self {
        let (book, address) = (Arc::new(Book::new(script)), reserved.address);
        let (stop, stopped) = oneshot::channel();
        let (ready, listening) = std::sync::mpsc::channel();
        let shared = book.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = reserved.socket.listen(128).unwrap();
                ready.send(()).unwrap();
                tokio::select! {
                    () = accept(listener, protocol, tls, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        listening.recv().unwrap();
        Self {
            book,
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking(), "the destination panicked");
    }
}

async fn accept(listener: TcpListener, protocol: Protocol, tls: Option<ServerTls>, book: Arc<Book>) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let (tls, book) = (tls.clone(), book.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(socket, protocol, book).await,
                Some(tls) => {
                    if let Ok(socket) = TlsAcceptor::from(tls).accept(socket).await {
                        serve(socket, protocol, book).await;
                    }
                }
            }
        });
    }
}

/// Serves a connection until either side ends it, or an answer cuts it.
async fn serve(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, protocol: Protocol, book: Arc<Book>) {
    let (io, cut) = (TokioIo::new(io), Arc::new(Notify::new()));
    let was_cut = cut.clone();
    let served = async move {
        match protocol {
            Protocol::Grpc => {
                let service = TowerToHyperService::new(routes(&Services { book, cut }));
                drop(
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(io, service)
                        .await,
                );
            }
            Protocol::HttpProtobuf | Protocol::HttpJson => {
                let service = service_fn(move |request| http::handle(book.clone(), cut.clone(), request));
                drop(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(io, service)
                        .await,
                );
            }
        }
    };
    tokio::select! {
        () = served => {}
        () = was_cut.notified() => {}
    }
}
