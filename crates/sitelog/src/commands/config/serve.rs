//! The `serve:` section: checked as `serve` itself checks it, and shown.

use super::destinations;
use crate::cli::ConfigArgs;
use crate::exit::Failure;
use crate::serve::traced;
use crate::serve::{Addresses, Keys, Plan, TenantPlan};
use crate::settings::{Period, ServeSettings, Size, merge};
use crate::setup::Setup;
use serde_json::{Value, json};
use sitelog_ledger::Durability;
use sitelog_receive::ServerLimits;
use std::time::Duration;

/// What is in force, with each default in its place and without secrets.
pub(super) fn effective(setup: &Setup, args: &ConfigArgs) -> Result<Value, Failure> {
    let settings: ServeSettings = merge(&args.serve, &setup.file.serve.settings())?;
    let addresses = Addresses::of(&settings)?;
    drop(crate::commands::serve::tls(&settings)?);
    let otlp = setup.otlp(&args.otlp)?;
    // Entered and never run: a check fetches no keys.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let keys = Keys::new().map_err(anyhow::Error::from)?;
    let out = (&otlp, &args.sanitize);
    let plan = Plan::new(setup, (&settings, &args.ledger), out, (&addresses, &keys), None)?;
    drop(traced(&settings)?);
    let address = |address: Option<std::net::SocketAddr>| {
        address.map_or_else(|| "none".to_owned(), |address| address.to_string())
    };
    let issuers = setup.file.serve.oidc.iter().map(|issuer| {
        json!({
            "issuer": issuer.issuer.value,
            "audience": issuer.audience,
            "tenant": issuer.tenant.as_ref().map(|tenant| &tenant.value),
            "tenant-claim": issuer.tenant_claim,
            "tenant-prefix": issuer.tenant_prefix,
            "role": issuer.role.as_ref().map_or("tenant-writer", |role| &role.value),
            "require": issuer.require,
        })
    });
    let tenants = plan.tenants.iter().map(|(id, plan)| (id.to_string(), tenant(plan)));
    Ok(json!({
        "grpc": address(addresses.grpc),
        "http": address(addresses.http),
        "admin": address(addresses.admin),
        "credential-needed": plan.doors.open.is_none(),
        "tls-certificate": settings.tls_certificate,
        "tls-key": settings.tls_key,
        "tls-client-ca": settings.tls_client_ca,
        "cors-origin": plan.origins,
        "stop-timeout": settings.stop_timeout.unwrap_or(Period(Duration::from_secs(10))).to_string(),
        "keep-delivered": settings.keep_delivered.unwrap_or(Period(Duration::ZERO)).to_string(),
        "trace-requests": settings.trace_requests,
        "limits": server(&plan.limits),
        "defaults": tenant(&plan.others),
        "oidc": issuers.collect::<Vec<_>>(),
        "tenants": Value::Object(tenants.collect()),
    }))
}

fn server(limits: &ServerLimits) -> Value {
    let period = |time| Period(time).to_string();
    json!({
        "connections": limits.connections,
        "streams": limits.streams,
        "header-bytes": Size(limits.header_bytes.into()).to_string(),
        "headers": limits.headers,
        "bytes-in-flight": Size(limits.bytes_in_flight).to_string(),
        "header-time": period(limits.header_time),
        "body-time": period(limits.body_time),
        "body-pause": period(limits.body_pause),
        "idle-time": period(limits.idle_time),
    })
}

fn tenant(plan: &TenantPlan) -> Value {
    let limits = &plan.rules.limits;
    let each = plan.destinations.iter();
    let each = each.map(|otlp| (otlp.name.as_str().to_owned(), destinations(otlp)));
    json!({
        "limits": {
            "records-per-second": limits.records_per_second,
            "bytes-per-second": limits.bytes_per_second.map(|bytes| Size(bytes).to_string()),
            "bytes-in-flight": Size(limits.bytes_in_flight).to_string(),
            "request-bytes": Size(limits.request_bytes as u64).to_string(),
            "series": limits.series,
            "attribute-keys": limits.attribute_keys,
            "ledger-bytes": plan.budget.bytes.map(|bytes| Size(bytes).to_string()),
        },
        "durability": match plan.durability {
            Durability::Os => "os",
            Durability::Fsync => "fsync",
        },
        "destinations": Value::Object(each.collect()),
    })
}
