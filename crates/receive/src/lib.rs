//! OTLP in: authenticated, limited, fair among tenants, sanitized, and durable before it is acknowledged.
//!
//! A [`Gateway`] knows credentials ([`Doors`]) and tenants ([`Tenant`]); a [`Server`] lets connections in to it.

mod admission;
mod answered;
mod auth;
mod counters;
mod gateway;
mod http;
mod intake;
mod limits;
mod refusal;
mod server;
mod stamp;
mod tenant;
mod wire;

pub use answered::{Answered, Taken, Watch};
pub use auth::{Certificates, Doors, Identity, Issuer, Issuers, KeySet, Role, TenantOf, Token, Tokens, hash};
pub use counters::{ServerCounters, TenantCounters};
pub use gateway::{Gateway, Rules};
pub use intake::Chains;
pub use limits::{ServerLimits, TenantLimits};
pub use refusal::{Limit, Refusal};
pub use server::{Server, Tls};
pub use tenant::Tenant;
