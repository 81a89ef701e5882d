//! Calls of Pulumi Cloud's API: typed, counted, limited, and made again where that may help.
//!
//! A family of operations is a file here, with the fields that are read and no others; all of them are in the service's
//! OpenAPI document.

mod about;
mod agents;
mod audit_log;
mod body;
mod connect;
mod deployments;
mod error;
mod events;
pub mod limiter;
mod list;
mod operation;
mod organization;
mod policy;
mod stacks;
mod updates;

pub use audit_log::AuditEntry;
pub use deployments::DeploymentPage;
pub use error::ApiError;
pub use operation::Operation;
pub use policy::PolicyTotals;
pub use stacks::{Listed, Scope};
pub use updates::UpdatePage;

use crate::config::Config;
use crate::counters::Counters;
use limiter::{Limiter, Permit};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const USER_AGENT: &str = concat!("sitelog/", env!("CARGO_PKG_VERSION"));
/// The version of the API whose lists have pages.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.pulumi+8");

/// Why the API cannot be called at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address of the API.
    #[error("API address {0}: {1}")]
    Address(String, String),
    /// The token.
    #[error("access token: it cannot be sent as a header: only visible ASCII characters can")]
    Token,
    /// The machine's trust store or proxy settings.
    #[error("HTTP client: {0}")]
    Client(String),
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: T,
    /// What the next one is asked for by; `None` on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    fn new(items: T, token: Option<String>) -> Self {
        let next = token.filter(|token| !token.is_empty());
        Self { items, next }
    }
}

/// The API. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Api(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: Client,
    base: Url,
    limiter: Limiter,
    counters: Arc<Counters>,
    timeout: Duration,
    body_limit: u64,
    tells_about: bool,
}

impl Api {
    /// Nothing is called yet.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(config: &Config, counters: Arc<Counters>) -> Result<Self, SetupError> {
        let address = |why: &str| SetupError::Address(config.api_url.clone(), why.to_owned());
        let base = Url::parse(&config.api_url).map_err(|error| address(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(address("it must begin with https:// or http://"));
        }
        let mut token =
            HeaderValue::try_from(format!("token {}", config.token.reveal())).map_err(|_| SetupError::Token)?;
        token.set_sensitive(true);
        let headers = HeaderMap::from_iter([(ACCEPT, MEDIA_TYPE), (AUTHORIZATION, token)]);
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(headers)
            .tcp_nodelay(true)
            .connector_layer(connect::Patience)
            .pool_max_idle_per_host(config.concurrency)
            // The token is for this host.
            .redirect(redirect::Policy::none());
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        if base.scheme() == "http" {
            // Loading the machine's trust store costs milliseconds that a plain connection need not pay.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| SetupError::Client(error.to_string()))?;
        Ok(Self(Arc::new(Shared {
            client,
            base,
            limiter: Limiter::new(config.concurrency, config.calls_per_hour),
            counters,
            timeout: config.call_timeout.min(config.cycle_limit() / 2),
            body_limit: config.body_limit,
            tells_about: config.audit.as_ref().is_some_and(|audit| audit.updates),
        })))
    }

    /// How many calls there are at once.
    pub fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// Whether histories are read with what is recorded of updates.
    fn tells_about(&self) -> bool {
        self.0.tells_about
    }

    /// One call, made again while that may help.
    async fn get<T>(&self, operation: Operation, path: &[&str], query: &[(&str, &str)]) -> Result<T, ApiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let url = self.url(path, query);
        let mut before = 0;
        loop {
            let error = match self.call(operation, url.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = self.0.limiter.again(&error, before) else {
                return Err(error);
            };
            before += 1;
            self.0.counters.retried();
            tokio::time::sleep(wait).await;
        }
    }

    async fn call<T>(&self, operation: Operation, url: Url) -> Result<T, ApiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let limiter = &self.0.limiter;
        let permit = limiter.permit().await;
        let counted = self.0.counters.begin(operation);
        let answering = async {
            let began = Instant::now();
            let response = self.0.client.get(url).send().await;
            let response = response.map_err(|error| ApiError::of(&error))?;
            let latency = began.elapsed();
            let answer = self.read(&permit, response).await;
            // Whatever it is, it came in time.
            if !answer.as_ref().err().is_some_and(ApiError::is_strain) {
                limiter.good(&permit, latency);
            }
            answer
        };
        let timeout = self.0.timeout;
        let answer = tokio::time::timeout(timeout, answering).await;
        let answer = answer.unwrap_or(Err(ApiError::Timeout(timeout)));
        match &answer {
            Ok(_) => counted.end("200"),
            Err(error) => {
                limiter.failed(&permit, error);
                counted.end(&error.status());
            }
        }
        // The connection goes back to the pool first: the next call is to find it there.
        tokio::task::yield_now().await;
        answer
    }

    async fn read<T>(&self, permit: &Permit, response: Response) -> Result<T, ApiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let status = response.status();
        // Nobody is to call while the rest of such an answer is waited for.
        if status == StatusCode::TOO_MANY_REQUESTS {
            let retry_after = retry_after(response.headers(), SystemTime::now());
            self.0.limiter.pause(permit, retry_after);
            body::refusal(response).await;
            return Err(ApiError::Limited { retry_after });
        }
        if status.is_server_error() {
            if let Some(wait) = retry_after(response.headers(), SystemTime::now()) {
                self.0.limiter.pause(permit, Some(wait));
            }
            body::refusal(response).await;
            return Err(ApiError::Server(status.as_u16()));
        }
        if status == StatusCode::NOT_FOUND {
            return Err(ApiError::Gone(body::refusal(response).await));
        }
        if !status.is_success() {
            let (status, why) = (status.as_u16(), body::refusal(response).await);
            return Err(ApiError::Refused { status, why });
        }
        let kind = response.headers().get(CONTENT_TYPE);
        if kind.is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("html"))) {
            body::refusal(response).await;
            let why = "a page for browsers instead of JSON: is the API address right?";
            return Err(ApiError::Malformed(why.to_owned()));
        }
        body::decode(response, self.0.body_limit).await
    }

    /// Names come from the service and may hold anything.
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.0.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.set_query(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// A proxy cannot reach our own machine's loopback.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
