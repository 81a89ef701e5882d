//! Health and metrics over HTTP.

use super::{Delivery, TenantChains, metrics};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sitelog_cloud::exposition::Format;
use sitelog_receive::{Gateway, Refusal, Role};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use tokio::net::TcpListener;

/// What is shown.
pub(crate) struct Admin {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) chains: Arc<TenantChains>,
    pub(crate) delivery: Arc<Delivery>,
    /// Whether one needs no credential: nothing but loopback is listened on, and no credential is known.
    pub(crate) open: AtomicBool,
    pub(crate) stopping: AtomicBool,
    /// Spans of requests that could not be kept.
    pub(crate) spans_left_out: Arc<AtomicU64>,
}

/// Serves until `stop` is done.
///
/// # Errors
/// What the system says of the listener.
pub(crate) async fn serve(
    listener: TcpListener,
    admin: Arc<Admin>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(|| async { "sitelog serve\n/metrics\n/healthz\n/readyz\n" }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(shown))
        .with_state(admin);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// Whether the ledger takes writes: what destinations do is no matter of readiness.
async fn ready(State(admin): State<Arc<Admin>>) -> Response {
    if admin.stopping.load(Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    let chains = Arc::clone(&admin.chains);
    let writable = tokio::task::spawn_blocking(move || chains.try_disk()).await;
    match writable {
        Ok(Ok(())) => "ok\n".into_response(),
        Ok(Err(why)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the ledger takes no writes: {why}\n"),
        )
            .into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the ledger cannot be asked\n").into_response(),
    }
}

async fn shown(State(admin): State<Arc<Admin>>, headers: HeaderMap) -> Response {
    if let Err(refusal) = allow(&admin, &headers, Role::Operator) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (refusal.status(), challenge, format!("{refusal}\n")).into_response();
    }
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::of_accept(accept.unwrap_or_default());
    let text = move || metrics::text(&admin, format);
    // What waits is read from the disk.
    let Ok(text) = tokio::task::spawn_blocking(text).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be read\n").into_response();
    };
    ([(header::CONTENT_TYPE, format.content_type())], text).into_response()
}

/// Whether whoever asks has a role.
fn allow(admin: &Admin, headers: &HeaderMap, role: Role) -> Result<(), Refusal> {
    if admin.open.load(Relaxed) && !headers.contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    admin.gateway.authorize(headers, role).map(drop)
}
