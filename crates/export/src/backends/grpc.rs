//! OTLP/gRPC: a unary call whose message is already encoded, so frames are built here and bytes pass through uncopied.
//!
//! Framing by <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>; connections are tonic's.

mod answer;
mod body;

use super::{Backend, BoxFuture, Delivery, MAX_ANSWER, USER_AGENT, caused_by_io, caused_by_tls, causes, compress};
use crate::config::Destination;
use body::Framed;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Limited};
use sitelog_model::Signal;
use std::cell::RefCell;
use std::io::ErrorKind;
use std::time::Duration;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tower_service::Service;

/// A destination spoken to over gRPC.
pub(super) struct Grpc {
    destination: Destination,
    name: String,
    headers: HeaderMap,
    channel: RefCell<Option<Channel>>,
}

impl Grpc {
    pub(super) fn new(destination: Destination) -> Self {
        let name = destination.label();
        let headers = headers(&destination);
        Self {
            destination,
            name,
            headers,
            channel: RefCell::new(None),
        }
    }

    fn channel(&self) -> Result<Channel, String> {
        let mut slot = self.channel.borrow_mut();
        if let Some(channel) = slot.as_ref() {
            return Ok(channel.clone());
        }
        let channel = connect(&self.destination).map_err(|error| causes(&error))?;
        Ok(slot.insert(channel).clone())
    }

    async fn call(&self, signal: Signal, message: Bytes) -> Delivery {
        let message = match compress::compress(self.destination.compression, message) {
            Ok(message) => message,
            Err(error) => return Delivery::Never { why: error.to_string() },
        };
        let channel = match self.channel() {
            Ok(channel) => channel,
            Err(why) => return Delivery::Barred { why },
        };
        let exchange = exchange(channel, self.request(signal, message));
        match tokio::time::timeout(self.destination.timeout, exchange).await {
            Ok(Ok(delivery)) => delivery,
            Ok(Err(error)) => failure(error.as_ref()),
            Err(_) => {
                // Whatever is wrong with this connection, the next request gets a new one.
                self.channel.borrow_mut().take();
                let why = format!(
                    "no answer within {}",
                    humantime::format_duration(self.destination.timeout)
                );
                Delivery::Later { after: None, why }
            }
        }
    }

    fn request(&self, signal: Signal, message: Bytes) -> Request<tonic::body::Body> {
        let compressed = self.destination.compression.encoding().is_some();
        let mut request = Request::new(tonic::body::Body::new(Framed::new(compressed, message)));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = Uri::from_static(method(signal));
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Backend for Grpc {
    fn name(&self) -> &str {
        &self.name
    }

    fn send(&self, signal: Signal, request: Bytes) -> BoxFuture<'_, Delivery> {
        Box::pin(self.call(signal, request))
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(mut channel: Channel, request: Request<tonic::body::Body>) -> Result<Delivery, Error> {
    std::future::poll_fn(|context| channel.poll_ready(context)).await?;
    let (head, body) = channel.call(request).await?.into_parts();
    let answer = Limited::new(body, MAX_ANSWER).collect().await;
    let (message, trailers) = match answer {
        Ok(answer) => {
            let trailers = answer.trailers().cloned();
            (answer.to_bytes(), trailers)
        }
        // Headers alone may hold the status; if not, the connection broke before the answer was whole.
        Err(_) if head.headers.contains_key("grpc-status") => (Bytes::new(), None),
        Err(error) => return Err(error),
    };
    Ok(answer::delivery(
        head.status,
        &head.headers,
        trailers.as_ref(),
        &message,
    ))
}

fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

/// The user's headers, then ours, which must be right.
fn headers(destination: &Destination) -> HeaderMap {
    let mut headers: HeaderMap = destination
        .headers
        .iter()
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("te", HeaderValue::from_static("trailers"));
    if let Some(encoding) = destination.compression.encoding() {
        headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
    }
    // Milliseconds, eight digits at most.
    let timeout = format!("{}m", destination.timeout.as_millis().min(99_999_999));
    headers.extend(
        HeaderValue::try_from(timeout)
            .ok()
            .map(|value| (http::HeaderName::from_static("grpc-timeout"), value)),
    );
    headers
}

fn connect(destination: &Destination) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(destination.url.to_string())?
        .user_agent(USER_AGENT)?
        .tcp_nodelay(true)
        .connect_timeout(destination.timeout)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(destination.timeout);
    if destination.url.scheme() == "http" {
        return Ok(endpoint.connect_lazy());
    }
    let mut tls = ClientTlsConfig::new();
    tls = match &destination.tls.ca {
        Some(ca) => tls.ca_certificate(Certificate::from_pem(ca)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &destination.tls.identity {
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    Ok(endpoint.tls_config(tls)?.connect_lazy())
}

fn failure(error: &(dyn std::error::Error + 'static)) -> Delivery {
    let why = causes(error);
    let unreachable = |kind| {
        use ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
        matches!(
            kind,
            ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable
        )
    };
    if caused_by_tls(error) {
        Delivery::Barred { why }
    } else if caused_by_io(error, unreachable) || why.contains("dns error") {
        Delivery::Unreachable { why }
    } else {
        Delivery::Later { after: None, why }
    }
}
