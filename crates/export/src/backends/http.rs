//! OTLP/HTTP: one POST for a request (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).

mod answer;

use super::{
    Backend, BoxFuture, Delivery, MAX_ANSWER, USER_AGENT, caused_by_io, caused_by_tls, causes, compress, json,
};
use crate::config::{Destination, Protocol};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Identity, Response, redirect};
use sitelog_model::Signal;
use std::cell::{OnceCell, RefCell};
use std::io::ErrorKind;
use std::time::Duration;

/// A destination spoken to over HTTP/1.1.
pub(super) struct Http {
    destination: Destination,
    name: String,
    headers: HeaderMap,
    client: OnceCell<Client>,
}

impl Http {
    pub(super) fn new(destination: Destination) -> Self {
        let name = destination.label();
        let headers = headers(&destination);
        Self {
            destination,
            name,
            headers,
            client: OnceCell::new(),
        }
    }

    fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = connect(&self.destination).map_err(|error| causes(&error))?;
        Ok(self.client.get_or_init(|| client))
    }

    async fn post(&self, signal: Signal, request: Bytes) -> Delivery {
        if self.destination.protocol == Protocol::HttpJson && json::is_too_large(&request) {
            let why = "more records than are translated to JSON at a time".to_owned();
            return Delivery::TooLarge { why };
        }
        let body = match self.body(signal, request) {
            Ok(body) => body,
            Err(why) => return Delivery::Never { why },
        };
        let client = match self.client() {
            Ok(client) => client,
            Err(why) => return Delivery::Barred { why },
        };
        let post = client
            .post(self.destination.url.clone())
            .headers(self.headers.clone())
            .body(body);
        match post.send().await {
            Ok(response) => self.read(response).await,
            Err(error) => failure(&error),
        }
    }

    fn body(&self, signal: Signal, request: Bytes) -> Result<Bytes, String> {
        let body = match self.destination.protocol {
            Protocol::HttpJson => json::from_protobuf(signal, &request)?.into(),
            _ => request,
        };
        compress::compress(self.destination.compression, body).map_err(|error| error.to_string())
    }

    async fn read(&self, mut response: Response) -> Delivery {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - body.len())]),
                Ok(None) => break,
                // The status is in; a success whose empty body got lost is a success still.
                Err(_) if !status.is_success() => break,
                Err(error) => return failure(&error),
            }
            if body.len() == MAX_ANSWER {
                break;
            }
        }
        answer::delivery(status, &headers, &body)
    }
}

impl Backend for Http {
    fn name(&self) -> &str {
        &self.name
    }

    fn send(&self, signal: Signal, request: Bytes) -> BoxFuture<'_, Delivery> {
        Box::pin(self.post(signal, request))
    }
}

/// The user's headers, then ours, which must be right.
fn headers(destination: &Destination) -> HeaderMap {
    let mut headers: HeaderMap = destination
        .headers
        .iter()
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let content_type = match destination.protocol {
        Protocol::HttpJson => "application/json",
        _ => "application/x-protobuf",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(encoding) = destination.compression.encoding() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers
}

thread_local! {
    /// Clients without certificates of their own, by timeout and by whether they pass proxies by: a thousand destinations share
    /// one. Connections are kept by host.
    static PLAIN: RefCell<Vec<((Duration, bool), Client)>> = const { RefCell::new(Vec::new()) };
}

fn connect(destination: &Destination) -> reqwest::Result<Client> {
    if destination.url.scheme() != "http" || destination.tls.identity.is_some() {
        return build(destination);
    }
    let kind = (destination.timeout, is_loopback(destination));
    let known = PLAIN.with_borrow(|clients| Some(clients.iter().find(|(of, _)| *of == kind)?.1.clone()));
    if let Some(client) = known {
        return Ok(client);
    }
    let client = build(destination)?;
    PLAIN.with_borrow_mut(|clients| clients.push((kind, client.clone())));
    Ok(client)
}

fn build(destination: &Destination) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .timeout(destination.timeout)
        .tcp_nodelay(true)
        // A redirect would carry our headers to another host, or turn the POST into a GET.
        .redirect(redirect::Policy::none());
    if is_loopback(destination) {
        builder = builder.no_proxy();
    }
    if destination.url.scheme() == "http" {
        // Loading the machine's trust store costs milliseconds that a plain connection need not pay.
        builder = builder.tls_certs_only([]);
    } else if let Some(ca) = &destination.tls.ca {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(ca)?);
    }
    if let Some((certificate, key)) = &destination.tls.identity {
        let pem = [key.as_slice(), b"\n", certificate].concat();
        builder = builder.identity(Identity::from_pem(&pem)?);
    }
    builder.build()
}

/// A proxy cannot reach our own machine's loopback; Go's clients make the same exception.
fn is_loopback(destination: &Destination) -> bool {
    let host = destination.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn failure(error: &reqwest::Error) -> Delivery {
    let why = causes(error);
    if error.is_builder() || caused_by_tls(error) {
        Delivery::Barred { why }
    } else if error.is_connect() && !error.is_timeout() && !caused_by_io(error, |kind| kind == ErrorKind::TimedOut) {
        Delivery::Unreachable { why }
    } else {
        Delivery::Later { after: None, why }
    }
}
