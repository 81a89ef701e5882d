//! One request and its answer.

use super::reply::{self, Reply};
use super::{body, cors, decode, framing, json};
use crate::answered::{Taken, Watched};
use crate::auth::Role;
use crate::gateway::{Gateway, unix_seconds};
use crate::refusal::Refusal;
use crate::server::Peer;
use crate::tenant::Tenant;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use sitelog_model::Signal;
use std::sync::Arc;
use std::time::Instant;

/// How a request and its answer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Grpc,
    Protobuf,
    Json,
}

impl Encoding {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Grpc => "application/grpc",
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// The encoding of a content type, its parameters left aside.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next()?.trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/grpc" | "application/grpc+proto" => Some(Self::Grpc),
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Answers a request.
pub(crate) async fn answer(gateway: Arc<Gateway>, peer: Arc<Peer>, request: Request<Incoming>) -> Response<Reply> {
    let origin = cors::allowed(&gateway, request.headers());
    let mut response = if request.method() == Method::OPTIONS {
        cors::preflight(origin.is_some())
    } else {
        // What cannot be read is answered as protobuf, which is what OTLP/HTTP is by default.
        let encoding = Encoding::of(request.headers());
        let mut watched = Watched::new(request.headers(), encoding);
        let taken = take(&gateway, &peer, request, encoding, &mut watched).await;
        gateway.tell(|| watched.answered(&taken));
        match taken {
            Ok(_) => reply::taken(encoding.unwrap_or(Encoding::Protobuf)),
            Err(refusal) => reply::refused(encoding.unwrap_or(Encoding::Protobuf), &refusal),
        }
    };
    cors::allow(&mut response, origin);
    response
}

async fn take(
    gateway: &Gateway,
    peer: &Peer,
    request: Request<Incoming>,
    encoding: Option<Encoding>,
    watched: &mut Watched,
) -> Result<Taken, Refusal> {
    let nobody = |refusal| {
        gateway.counters().unknown.refuse(&refusal);
        refusal
    };
    let now = unix_seconds();
    let identity = gateway
        .doors(|doors| doors.identify(peer, request.headers(), now))
        .map_err(nobody)?;
    let tenant = gateway.tenant(&identity.tenant);
    watched.tenant = Some(identity.tenant);
    let taken = match identity.role.includes(Role::TenantWriter) {
        true => take_of(gateway, &tenant, request, encoding, watched).await,
        false => Err(Refusal::Role),
    };
    taken.inspect_err(|refusal| tenant.counters().refuse(refusal))
}

/// A request of a known tenant.
async fn take_of(
    gateway: &Gateway,
    tenant: &Arc<Tenant>,
    request: Request<Incoming>,
    encoding: Option<Encoding>,
    watched: &mut Watched,
) -> Result<Taken, Refusal> {
    let signal = route(&request, encoding)?;
    watched.signal = Some(signal);
    let encoding = encoding.ok_or(Refusal::MediaType)?;
    let (limits, rules) = (gateway.limits(), tenant.rules());
    tenant.knock(&rules.limits, Instant::now())?;
    let mut held = tenant.hold(&gateway.flight, limits.bytes_in_flight, &rules.limits);
    let name = match encoding {
        Encoding::Grpc => "grpc-encoding",
        _ => CONTENT_ENCODING.as_str(),
    };
    let compression = decode::Compression::of(request.headers().get(name))?;
    let (message, is_compressed) = match encoding {
        Encoding::Grpc => framing::read(request.into_body(), &limits, &rules.limits, &mut held).await?,
        _ => {
            let body = body::read(request.into_body(), &limits, &rules.limits, &mut held).await?;
            (body, compression != decode::Compression::None)
        }
    };
    let plain = |message: Bytes| {
        let message = match is_compressed {
            true => decode::decode(compression, &message, &rules.limits, &mut held)?,
            false => message,
        };
        match encoding {
            Encoding::Json => json::to_protobuf(signal, &message, &mut held),
            _ => Ok(message),
        }
    };
    let is_packed = is_compressed || encoding == Encoding::Json;
    gateway.take(tenant, signal, (message, is_packed), plain).await
}

/// Which signal a request carries.
fn route(request: &Request<Incoming>, encoding: Option<Encoding>) -> Result<Signal, Refusal> {
    let path = request.uri().path();
    let signal = match (path, encoding) {
        ("/opentelemetry.proto.collector.logs.v1.LogsService/Export", Some(Encoding::Grpc)) => Signal::Logs,
        ("/opentelemetry.proto.collector.trace.v1.TraceService/Export", Some(Encoding::Grpc)) => Signal::Traces,
        ("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", Some(Encoding::Grpc)) => Signal::Metrics,
        (_, Some(Encoding::Grpc)) => return Err(Refusal::NotFound),
        ("/v1/logs", _) => Signal::Logs,
        ("/v1/traces", _) => Signal::Traces,
        ("/v1/metrics", _) => Signal::Metrics,
        _ => return Err(Refusal::NotFound),
    };
    if request.method() == Method::POST {
        Ok(signal)
    } else {
        Err(Refusal::Method)
    }
}
