//! What is asked over HTTP: metrics, health, and webhooks that make a stack be read at once.

mod webhook;

pub use webhook::{Called, Webhooks};

use crate::exposition::Format;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// The longest webhook, bytes; Pulumi Cloud's have some kilobytes.
const WEBHOOK_MAX: usize = 1 << 20;

/// What the server shows and whom it tells.
pub trait Shown: Send + Sync + 'static {
    /// The text of `/metrics`.
    fn metrics(&self, format: Format) -> String;

    /// Whether the exporter does what it is there for.
    ///
    /// # Errors
    /// Why not, for people.
    fn ready(&self) -> Result<(), String>;

    /// A webhook was taken.
    fn called(&self, called: Called);

    /// A webhook was refused: by what it lacked.
    fn refused(&self, why: &'static str);
}

struct Site<S> {
    shown: Arc<S>,
    webhooks: Option<Webhooks>,
}

/// Binds `address`; `:8080` is that port on every interface, as Go has it.
///
/// # Errors
/// What the system says, or that it is no address.
pub fn bind(address: &str) -> io::Result<TcpListener> {
    let bound = match address.strip_prefix(':') {
        // Both families where there are both.
        Some(port) => {
            TcpListener::bind(format!("[::]:{port}")).or_else(|_| TcpListener::bind(format!("0.0.0.0:{port}")))
        }
        None => TcpListener::bind(address),
    };
    let listener = bound?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until `stop` is done; what is under way is answered.
///
/// # Errors
/// What the system says of the listener.
pub async fn serve<S: Shown>(
    listener: TcpListener,
    shown: Arc<S>,
    webhooks: Option<Webhooks>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let site = Arc::new(Site { shown, webhooks });
    let router = Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics::<S>))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready::<S>))
        .route("/webhooks/pulumi", post(webhook::<S>))
        .layer(DefaultBodyLimit::max(WEBHOOK_MAX))
        .with_state(site);
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stop)
        .await
}

async fn index() -> &'static str {
    "sitelog cloud\n/metrics\n/healthz\n/readyz\n"
}

async fn metrics<S: Shown>(State(site): State<Arc<Site<S>>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::of_accept(accept.unwrap_or_default());
    let text = site.shown.metrics(format);
    ([(header::CONTENT_TYPE, format.content_type())], text).into_response()
}

async fn ready<S: Shown>(State(site): State<Arc<Site<S>>>) -> Response {
    match site.shown.ready() {
        Ok(()) => "ok\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn webhook<S: Shown>(State(site): State<Arc<Site<S>>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(webhooks) = &site.webhooks else {
        return (StatusCode::NOT_FOUND, "no webhook secret is set\n").into_response();
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let taken = webhooks.take(header("Pulumi-Webhook-Signature"), header("Pulumi-Webhook-Kind"), &body);
    match taken {
        Ok(Some(called)) => {
            site.shown.called(called);
            "ok\n".into_response()
        }
        Ok(None) => "ok\n".into_response(),
        Err(refused) => {
            site.shown.refused(refused.why());
            (refused.status(), format!("{refused}\n")).into_response()
        }
    }
}
