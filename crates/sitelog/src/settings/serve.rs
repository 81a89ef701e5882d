//! What `sitelog serve` listens on, who may send to it, and how much.

mod destinations;
mod limits;
mod oidc;
mod tenant;

use destinations::DestinationFile;
pub(crate) use limits::{ServerLimitsFile, TenantLimitsFile};
pub(crate) use oidc::{IssuerFile, KeySource, is_safe};
pub(crate) use tenant::{TenantFile, bytes_of};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Flags of `sitelog serve`, and the keys of the file's `serve:` section that have one.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ServeSettings {
    /// Where OTLP/gRPC is taken; none: nowhere [default: 127.0.0.1:4317]
    #[arg(long, env = "SITELOG_GRPC", value_name = "ADDRESS")]
    pub(crate) grpc: Option<String>,
    /// Where OTLP/HTTP is taken; none: nowhere [default: 127.0.0.1:4318]
    #[arg(long, env = "SITELOG_HTTP", value_name = "ADDRESS")]
    pub(crate) http: Option<String>,
    /// Where health and metrics are asked; none: nowhere [default: 127.0.0.1:8080]
    #[arg(long, env = "SITELOG_ADMIN", value_name = "ADDRESS")]
    pub(crate) admin: Option<String>,
    /// Who may send: required (a credential for everybody), none (on loopback only), auto (none while no credential
    /// is known and only loopback is listened on) [default: auto]
    #[arg(
        long,
        env = "SITELOG_AUTHENTICATION",
        value_name = "HOW",
        hide_possible_values = true
    )]
    pub(crate) authentication: Option<Authentication>,
    /// PEM file with the server's certificate and its chain; then the OTLP ports speak TLS
    #[arg(long, env = "SITELOG_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file with its key
    #[arg(long, env = "SITELOG_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// PEM file with the authorities of clients' certificates
    #[arg(long, env = "SITELOG_TLS_CLIENT_CA", value_name = "FILE")]
    pub(crate) tls_client_ca: Option<PathBuf>,
    /// An origin whose pages may send from a browser (repeatable; *: all)
    #[arg(long, env = "SITELOG_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) cors_origin: Vec<String>,
    /// How long the end may take: requests under way, then delivery while it makes progress [default: 10s]
    #[arg(long, env = "SITELOG_STOP_TIMEOUT", value_name = "TIME")]
    pub(crate) stop_timeout: Option<super::Period>,
    /// How long delivered records are kept [default: 0s]
    #[arg(long, env = "SITELOG_KEEP_DELIVERED", value_name = "TIME")]
    pub(crate) keep_delivered: Option<super::Period>,
    /// Make a span of each request, below the sender's, and take it as this tenant's
    #[arg(long, env = "SITELOG_TRACE_REQUESTS", value_name = "TENANT")]
    pub(crate) trace_requests: Option<String>,
}

/// When a credential is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Authentication {
    /// When one is known, or others than this machine can send.
    Auto,
    /// Always.
    Required,
    /// Never; only for a server that this machine alone reaches.
    None,
}

/// The file's `serve:` section. Not by serde's `flatten`, which loses the lines.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ServeFile {
    /// Where OTLP/gRPC is taken; none: nowhere.
    pub(crate) grpc: Option<String>,
    /// Where OTLP/HTTP is taken; none: nowhere.
    pub(crate) http: Option<String>,
    /// Where health and metrics are asked; none: nowhere.
    pub(crate) admin: Option<String>,
    /// Who may send: auto, required or none.
    pub(crate) authentication: Option<Authentication>,
    /// PEM file with the server's certificate and its chain.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub(crate) tls_key: Option<PathBuf>,
    /// PEM file with the authorities of clients' certificates.
    pub(crate) tls_client_ca: Option<PathBuf>,
    /// Origins whose pages may send from a browser.
    pub(crate) cors_origin: Vec<String>,
    /// How long the end may take.
    pub(crate) stop_timeout: Option<super::Period>,
    /// How long delivered records are kept.
    pub(crate) keep_delivered: Option<super::Period>,
    /// The tenant whose records a span of each request is.
    pub(crate) trace_requests: Option<String>,
    /// Limits of the server as a whole and of its connections.
    pub(crate) limits: ServerLimitsFile,
    /// What holds for every tenant that does not say otherwise.
    pub(crate) defaults: TenantLimitsFile,
    /// Those whose tokens are taken: CI systems and other OpenID providers.
    pub(crate) oidc: Vec<IssuerFile>,
    /// The tenants, by name.
    pub(crate) tenants: BTreeMap<String, TenantFile>,
}

impl ServeFile {
    /// The keys that have a flag.
    pub(crate) fn settings(&self) -> ServeSettings {
        ServeSettings {
            grpc: self.grpc.clone(),
            http: self.http.clone(),
            admin: self.admin.clone(),
            authentication: self.authentication,
            tls_certificate: self.tls_certificate.clone(),
            tls_key: self.tls_key.clone(),
            tls_client_ca: self.tls_client_ca.clone(),
            cors_origin: self.cors_origin.clone(),
            stop_timeout: self.stop_timeout,
            keep_delivered: self.keep_delivered,
            trace_requests: self.trace_requests.clone(),
        }
    }
}
