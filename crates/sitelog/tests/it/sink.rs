//! A destination under the test's control: OTLP over gRPC and over HTTP on one port.

use crate::recorded::Recorded;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::oneshot;

/// What it does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Take,
    /// Takes it, 20 ms later.
    Slow,
    /// Takes it but for three metric points (HTTP).
    Partly,
    /// 400, or UNIMPLEMENTED.
    Refuse,
    /// 503, or UNAVAILABLE.
    Unavailable,
    /// Never answers.
    Hang,
}

/// A port of ours on which nobody listens: connections are refused, and no one else gets it.
pub(crate) struct Reserved {
    socket: TcpSocket,
    pub(crate) address: SocketAddr,
}

impl Reserved {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Lets a program of ours listen on it while it stays reserved.
        socket.set_reuseaddr(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// The message, without frame and compression.
    pub(crate) body: Vec<u8>,
}

#[derive(Clone)]
struct Book {
    answer: Arc<Mutex<Answer>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    tries: Arc<Mutex<u64>>,
}

/// Serves until it is dropped.
pub(crate) struct Sink {
    book: Book,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    pub(crate) fn start(answer: Answer) -> Self {
        Self::at(Reserved::new(), answer)
    }

    pub(crate) fn at(reserved: Reserved, answer: Answer) -> Self {
        let book = Book {
            answer: Arc::new(Mutex::new(answer)),
            taken: Arc::default(),
            tries: Arc::default(),
        };
        let (address, shared) = (reserved.address, book.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, listening) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = reserved.socket.listen(1024).unwrap();
                ready.send(()).unwrap();
                let accept = async {
                    loop {
                        let (socket, _) = listener.accept().await.unwrap();
                        tokio::spawn(serve(socket, shared.clone()));
                    }
                };
                tokio::select! {
                    () = accept => {}
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

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Without the scheme.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.book.answer.lock().unwrap() = answer;
    }

    /// Requests that came, taken or not.
    pub(crate) fn tries(&self) -> u64 {
        *self.book.tries.lock().unwrap()
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.book.taken.lock().unwrap().clone()
    }

    /// All that was taken.
    pub(crate) fn recorded(&self) -> Recorded {
        let mut recorded = Recorded::default();
        self.book
            .taken
            .lock()
            .unwrap()
            .iter()
            .for_each(|taken| recorded.add(&taken.request()));
        recorded
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking(), "the sink panicked");
    }
}

async fn serve(socket: tokio::net::TcpStream, book: Book) {
    let service = service_fn(move |request| handle(request, book.clone()));
    // A client that goes away mid-request is part of some tests.
    drop(
        auto::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(socket), service)
            .await,
    );
}

type Reply = Response<BoxBody<Bytes, Infallible>>;

async fn handle(request: Request<Incoming>, book: Book) -> Result<Reply, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    *book.tries.lock().unwrap() += 1;
    let answer = *book.answer.lock().unwrap();
    match answer {
        Answer::Hang => std::future::pending::<()>().await,
        Answer::Slow => tokio::time::sleep(Duration::from_millis(20)).await,
        Answer::Take | Answer::Partly | Answer::Refuse | Answer::Unavailable => {}
    }
    let kind = head.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
    if matches!(answer, Answer::Take | Answer::Slow | Answer::Partly) {
        let path = head.uri.path().to_owned();
        let body = plain(&kind, &head.headers, &body);
        book.taken.lock().unwrap().push(Taken {
            path,
            headers: head.headers,
            body,
        });
    }
    Ok(reply(answer, &kind))
}

fn reply(answer: Answer, kind: &str) -> Reply {
    let (http, grpc) = match answer {
        Answer::Refuse => (StatusCode::BAD_REQUEST, "12"),
        Answer::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "14"),
        Answer::Take | Answer::Slow | Answer::Partly | Answer::Hang => (StatusCode::OK, "0"),
    };
    let response = Response::builder().header(CONTENT_TYPE, kind);
    let response = match (kind.starts_with("application/grpc"), grpc) {
        // An empty message and the status after it; or, without a message, the status alone.
        (true, "0") => {
            let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
            let message = Full::new(Bytes::from_static(&[0; 5]));
            response.body(message.with_trailers(async { Some(Ok(trailers)) }).boxed())
        }
        (true, status) => response
            .header("grpc-status", status)
            .header("grpc-message", "not here")
            .body(body("")),
        // `partial_success`: 3 rejected points, and why.
        (false, _) if answer == Answer::Partly => response.status(http).body(body("\x0a\x09\x08\x03\x12\x05stale")),
        (false, _) if kind == "application/json" => response.status(http).body(body("{}")),
        (false, _) => response.status(http).body(body("")),
    };
    response.unwrap()
}

fn body(text: &'static str) -> BoxBody<Bytes, Infallible> {
    Full::new(Bytes::from_static(text.as_bytes())).boxed()
}

/// The message of a request.
fn plain(kind: &str, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    // gRPC's frame: whether it is compressed, and its length.
    let (compressed, body) = match kind.starts_with("application/grpc") {
        true => (body[0] == 1, &body[5..]),
        false => (headers.contains_key(CONTENT_ENCODING), body),
    };
    if !compressed {
        return body.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap();
    plain
}

impl Taken {
    pub(crate) fn is_logs(&self) -> bool {
        self.path.to_ascii_lowercase().contains("logs")
    }

    /// The request as OTLP/JSON.
    pub(crate) fn request(&self) -> serde_json::Value {
        if self.headers[CONTENT_TYPE] == "application/json" {
            return serde_json::from_slice(&self.body).unwrap();
        }
        let request = match self.is_logs() {
            true => serde_json::to_value(ExportLogsServiceRequest::decode(&self.body[..]).unwrap()),
            false => serde_json::to_value(ExportTraceServiceRequest::decode(&self.body[..]).unwrap()),
        };
        request.unwrap()
    }
}
