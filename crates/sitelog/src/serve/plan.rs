//! What holds: settings, the file and the tokens, checked as a whole before anything of it is used.

use super::Keys;
use super::access::Access;
use crate::exit::Failure;
use crate::settings::{
    Authentication, LedgerSettings, SanitizeFlags, ServeSettings, Size, TenantFile, TenantLimitsFile, merge,
};
use crate::setup::Setup;
use sitelog_export::OtlpConfig;
use sitelog_ledger::{Budget, Durability};
use sitelog_model::TenantId;
use sitelog_receive::{Certificates, Doors, Issuers, Role, Rules, ServerLimits, Token, Tokens};
use sitelog_sanitize::Sanitizer;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// All that can change while the server runs.
pub(crate) struct Plan {
    pub(crate) doors: Doors,
    pub(crate) limits: ServerLimits,
    pub(crate) origins: Vec<String>,
    pub(crate) tenants: BTreeMap<TenantId, TenantPlan>,
    /// What holds for a tenant that the file does not name.
    pub(crate) others: TenantPlan,
}

/// What holds for a tenant.
#[derive(Clone)]
pub(crate) struct TenantPlan {
    pub(crate) rules: Rules,
    pub(crate) budget: Budget,
    pub(crate) durability: Durability,
    pub(crate) destinations: Vec<OtlpConfig>,
}

/// Where is listened.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) grpc: Option<SocketAddr>,
    pub(crate) http: Option<SocketAddr>,
    pub(crate) admin: Option<SocketAddr>,
}

impl Addresses {
    /// Reads them.
    pub(crate) fn of(settings: &ServeSettings) -> Result<Self, Failure> {
        let read = |given: &Option<String>, flag: &str, default: &str| {
            let text = given.as_deref().unwrap_or(default).trim();
            if text == "none" {
                return Ok(None);
            }
            // `:4317` is that port on every interface, as Go has it.
            let whole = if text.starts_with(':') {
                format!("[::]{text}")
            } else {
                text.replace("localhost:", "127.0.0.1:")
            };
            let wrong = |_| {
                Failure::usage(format!(
                    "{flag}: {text:?} is no address; write 127.0.0.1:4317, [::1]:4317, :4317 or none"
                ))
            };
            whole.parse().map(Some).map_err(wrong)
        };
        Ok(Self {
            grpc: read(&settings.grpc, "--grpc", "127.0.0.1:4317")?,
            http: read(&settings.http, "--http", "127.0.0.1:4318")?,
            admin: read(&settings.admin, "--admin", "127.0.0.1:8080")?,
        })
    }

    /// Whether only this machine can send.
    fn are_loopback(&self) -> bool {
        [self.grpc, self.http]
            .into_iter()
            .flatten()
            .all(|address| address.ip().is_loopback())
    }
}

impl Plan {
    /// Reads and checks all of it. `was_open`: whether one could send without a credential until now; a server that runs is
    /// never opened, nor kept from what is taken away, because no credential is left.
    pub(crate) fn new(
        setup: &Setup,
        (settings, ledger): (&ServeSettings, &LedgerSettings),
        (default, flags): (&OtlpConfig, &SanitizeFlags),
        (addresses, keys): (&Addresses, &Keys),
        was_open: Option<bool>,
    ) -> Result<Self, Failure> {
        let (file, path) = (&setup.file.serve, setup.file.path.as_str());
        let ledger = merge(ledger, &setup.file.ledger)?.effective();
        let mut tokens: Vec<Token> = Access::read(&setup.data_dir())
            .map_err(Failure::usage)?
            .tokens()
            .collect();
        let (base, _) = setup.sanitizer(flags, &[], Vec::new())?;
        let server = file.limits.effective();
        let (mut certificates, mut tenants) = (Vec::new(), BTreeMap::new());
        let make = |tenant: &TenantFile| -> Result<TenantPlan, Failure> {
            let limits = tenant.limits.over(&file.defaults);
            limits
                .check(&server)
                .map_err(|why| Failure::usage(format!("{path}: serve: {why}")))?;
            let sanitizer = match tenant.sanitize.is_empty() {
                true => base.clone(),
                false => tenant_sanitizer(setup, tenant, flags)?,
            };
            let mut destinations = Vec::new();
            for (name, destination) in &tenant.destinations {
                destinations.push(destination.resolve(name, path).map_err(Failure::usage)?);
            }
            if destinations.is_empty() && !default.is_empty() {
                destinations.push(default.clone());
            }
            Ok(TenantPlan {
                rules: Rules {
                    limits: limits.effective(),
                    sanitizer,
                },
                budget: budget(&limits, &ledger),
                durability: tenant.durability.map_or(ledger.options().durability, Into::into),
                destinations,
            })
        };
        for (name, tenant) in &file.tenants {
            let id = TenantId::new(name.clone())
                .map_err(|error| Failure::usage(format!("{path}: serve.tenants: {error}")))?;
            tokens.extend(tenant.tokens(&id, path).map_err(Failure::usage)?);
            certificates.extend(tenant.certificates(&id, path).map_err(Failure::usage)?);
            tenants.insert(id.clone(), make(tenant)?);
        }
        let issuers = file.oidc.iter();
        let issuers = issuers.map(|issuer| issuer.issuer(|source| keys.of(source), path));
        let issuers: Vec<_> = issuers.collect::<Result<_, _>>().map_err(Failure::usage)?;
        let is_known = !certificates.is_empty()
            || !issuers.is_empty()
            || tokens
                .iter()
                .any(|token| token.role.includes(Role::TenantWriter) && token.role != Role::Admin);
        let open = open(
            settings.authentication.unwrap_or(Authentication::Auto),
            is_known,
            addresses,
            was_open,
        )?;
        Ok(Self {
            doors: Doors {
                open: open.then(TenantId::default),
                tokens: Tokens::new(tokens),
                issuers: Issuers::new(issuers),
                certificates: Certificates::new(certificates),
            },
            limits: file.limits.effective(),
            origins: settings.cors_origin.clone(),
            tenants,
            others: make(&TenantFile::default())?,
        })
    }
}

/// Whether one may send without a credential.
fn open(how: Authentication, is_known: bool, addresses: &Addresses, was_open: Option<bool>) -> Result<bool, Failure> {
    let refused =
        "would let anybody on the network send; make a token with `sitelog tenants add NAME`, or listen on 127.0.0.1";
    match how {
        Authentication::Required => Ok(false),
        Authentication::None if !addresses.are_loopback() => {
            Err(Failure::usage(format!("--authentication none {refused}")))
        }
        Authentication::None => Ok(true),
        Authentication::Auto if is_known => Ok(false),
        Authentication::Auto if was_open.is_some() => Ok(was_open == Some(true)),
        Authentication::Auto if addresses.are_loopback() => Ok(true),
        Authentication::Auto => Err(Failure::usage(format!(
            "listening beyond 127.0.0.1 without any credential {refused}"
        ))),
    }
}

fn budget(limits: &TenantLimitsFile, ledger: &LedgerSettings) -> Budget {
    let of_ledger = ledger.options().budget;
    Budget {
        bytes: limits.ledger_bytes.map(|Size(bytes)| bytes).or(of_ledger.bytes),
        age: of_ledger.age,
    }
}

/// The sanitizer of a tenant that adds to what flags and file say for all.
fn tenant_sanitizer(setup: &Setup, tenant: &TenantFile, flags: &SanitizeFlags) -> Result<Sanitizer, Failure> {
    let both = setup.file.sanitize.with(&tenant.sanitize);
    let (declared, _) = sitelog_sanitize::declared_from_env(std::env::vars_os(), &both.secret_env);
    both.sanitizer(flags, declared, &setup.file.path)
        .map_err(Failure::usage)
}

/// How long it is waited for a destination that does not answer, beyond what a command waits.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);
