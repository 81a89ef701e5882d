//! Tokens that somebody else signs: JWTs (RFC 7519) of an OpenID provider, with which CI jobs log in without a secret of ours.

use super::{Identity, KeySet, Role};
use crate::refusal::Refusal;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, AlgorithmFamily, Validation, dangerous, decode, decode_header};
use serde_json::{Map, Value};
use sitelog_model::TenantId;
use std::sync::Arc;

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 30;
/// The longest token that is looked at, bytes.
const LONGEST: usize = 8 << 10;

/// One who signs tokens, and what they open here.
#[derive(Debug)]
pub struct Issuer {
    /// The `iss` of its tokens, exactly.
    pub issuer: String,
    /// What must be among the `aud` of a token.
    pub audience: String,
    /// Whose records are sent with one.
    pub tenant: TenantOf,
    /// What one allows.
    pub role: Role,
    /// Claims that must have these values.
    pub require: Vec<(String, String)>,
    /// Its keys.
    pub keys: Arc<KeySet>,
}

/// Where the tenant of a token is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantOf {
    /// It is always this one.
    Fixed(TenantId),
    /// It is a prefix, and what a claim says; `_` becomes `__` and `/` becomes `_-`.
    Claim {
        /// Its name.
        name: String,
        /// Comes before it: who may choose the claim's value cannot choose another's tenant.
        prefix: String,
    },
}

/// Everybody who signs tokens.
#[derive(Debug, Default)]
pub struct Issuers(Vec<Issuer>);

impl Issuers {
    /// These; of one issuer there may be several rules, the first that fits holds.
    pub fn new(issuers: Vec<Issuer>) -> Self {
        Self(issuers)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token looks like one of these.
    pub(super) fn look_like(token: &[u8]) -> bool {
        token.starts_with(b"eyJ") && token.iter().filter(|byte| **byte == b'.').count() == 2
    }

    /// Whose a token is.
    pub(super) fn identify(&self, token: &[u8]) -> Result<Identity, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::BadCredential("the token is too long"));
        }
        let header = decode_header(token).map_err(|_| Refusal::BadCredential("no token"))?;
        if header.alg.family() == AlgorithmFamily::Hmac {
            return Err(Refusal::BadCredential("the token is signed with a shared secret"));
        }
        // Only to know whose keys to ask: nothing else of it is believed yet.
        let claimed: Map<String, Value> =
            dangerous::insecure_decode_claims(token).map_err(|_| Refusal::BadCredential("no token"))?;
        let issuer = claimed.get("iss").and_then(Value::as_str).unwrap_or_default();
        let mut refusal = Refusal::BadCredential("nobody known issued the token");
        for rule in self.0.iter().filter(|rule| rule.issuer == issuer) {
            match rule.identify(token, header.alg, header.kid.as_deref()) {
                Ok(identity) => return Ok(identity),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }
}

impl Issuer {
    fn identify(&self, token: &[u8], algorithm: Algorithm, key: Option<&str>) -> Result<Identity, Refusal> {
        let claims = self.verified(token, algorithm, key)?;
        let has = |(name, wanted): &(String, String)| claims.get(name).is_some_and(|value| says(value, wanted));
        if !self.require.iter().all(has) {
            return Err(Refusal::BadCredential("the token lacks a claim that is required here"));
        }
        let tenant = match &self.tenant {
            TenantOf::Fixed(tenant) => tenant.clone(),
            TenantOf::Claim { name, prefix } => {
                let claim = claims.get(name).and_then(Value::as_str);
                let claim = claim.ok_or(Refusal::BadCredential(
                    "the token lacks the claim that names the tenant",
                ))?;
                TenantId::new(format!("{prefix}{}", name_of(claim)))
                    .map_err(|_| Refusal::BadCredential("the token's tenant is no tenant's name"))?
            }
        };
        Ok(Identity {
            tenant,
            role: self.role,
        })
    }

    fn verified(&self, token: &[u8], algorithm: Algorithm, key: Option<&str>) -> Result<Map<String, Value>, Refusal> {
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let is_unknown = self.keys.is_empty();
        let mut refusal = match is_unknown {
            true => Refusal::Unchecked,
            false => Refusal::BadCredential("the token's key is not known"),
        };
        for key in self.keys.of(key) {
            if key.family() != algorithm.family() {
                continue;
            }
            match decode::<Map<String, Value>>(token, &key, &validation) {
                Ok(decoded) => return Ok(decoded.claims),
                Err(error) => {
                    refusal = Refusal::BadCredential(match error.kind() {
                        ErrorKind::ExpiredSignature => "the token has expired",
                        ErrorKind::ImmatureSignature => "the token does not hold yet",
                        ErrorKind::InvalidAudience => "the token is for another audience",
                        ErrorKind::InvalidSignature => "the token's signature is wrong",
                        _ => "the token does not hold",
                    });
                }
            }
        }
        Err(refusal)
    }
}

/// A claim as a tenant's name; no two claims give the same one.
fn name_of(claim: &str) -> String {
    claim.replace('_', "__").replace('/', "_-")
}

/// Whether a claim is a value, or has it in its list.
fn says(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Array(list) => list.iter().any(|one| says(one, wanted)),
        Value::Bool(truth) => wanted == if *truth { "true" } else { "false" },
        Value::Number(number) => number.to_string().as_str() == wanted,
        Value::Null | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests;
