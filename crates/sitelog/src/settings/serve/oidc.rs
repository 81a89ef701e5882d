//! Issuers of tokens in the file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use sitelog_model::TenantId;
use sitelog_receive::{Issuer, KeySet, Role, TenantOf};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One who signs tokens (OpenID Connect), such as a CI system.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct IssuerFile {
    /// The issuer's URL, as its tokens have it in `iss`: https://token.actions.githubusercontent.com.
    #[schemars(with = "String")]
    pub(crate) issuer: Spanned<String>,
    /// What its tokens must have in `aud`.
    pub(crate) audience: String,
    /// Where its keys are [the issuer's /.well-known/openid-configuration says].
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(crate) jwks: Option<Spanned<String>>,
    /// Whose records are sent with its tokens.
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(crate) tenant: Option<Spanned<String>>,
    /// The claim that names the tenant instead (`_` becomes `__`, `/` becomes `_-`).
    #[serde(default)]
    pub(crate) tenant_claim: Option<String>,
    /// What is put before it, so that nobody can name a tenant that is not the issuer's.
    #[serde(default)]
    pub(crate) tenant_prefix: Option<String>,
    /// What its tokens allow: tenant-writer, auditor, operator or admin [tenant-writer].
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub(crate) role: Option<Spanned<String>>,
    /// Claims that must have these values, such as repository_owner.
    #[serde(default)]
    pub(crate) require: BTreeMap<String, String>,
}

impl IssuerFile {
    /// Where its keys are asked for.
    pub(crate) fn source(&self) -> KeySource {
        match &self.jwks {
            Some(url) => KeySource::Jwks(url.value.clone()),
            None => KeySource::Discovery(format!(
                "{}/.well-known/openid-configuration",
                self.issuer.value.trim_end_matches('/')
            )),
        }
    }

    /// The issuer. `keys` is asked for its keys once everything else is right.
    ///
    /// # Errors
    /// One line with file, line and what is wrong.
    pub(crate) fn issuer(&self, keys: impl FnOnce(KeySource) -> Arc<KeySet>, file: &str) -> Result<Issuer, String> {
        let line = self.issuer.referenced.line();
        let wrong = |what: String| format!("{file}:{line}: {what}");
        let url = match &self.jwks {
            Some(url) => &url.value,
            None => &self.issuer.value,
        };
        if !is_safe(url) {
            return Err(wrong(format!(
                "{url:?}: keys are fetched over https, or from this machine"
            )));
        }
        let tenant = match (&self.tenant, &self.tenant_claim) {
            (Some(tenant), None) => {
                let fixed = TenantId::new(tenant.value.clone()).map_err(|error| wrong(error.to_string()))?;
                TenantOf::Fixed(fixed)
            }
            (None, Some(claim)) => {
                let prefix = self.tenant_prefix.clone().unwrap_or_default();
                if !prefix.is_empty() {
                    TenantId::new(format!("{prefix}x")).map_err(|error| wrong(error.to_string()))?;
                }
                let name = claim.clone();
                TenantOf::Claim { name, prefix }
            }
            _ => return Err(wrong("an issuer needs either tenant or tenant-claim".to_owned())),
        };
        if self.audience.is_empty() {
            return Err(wrong(
                "an issuer needs an audience: tokens made for others would open this too".to_owned(),
            ));
        }
        let role = match &self.role {
            None => Role::TenantWriter,
            Some(name) => Role::from_name(&name.value).ok_or_else(|| {
                wrong(format!(
                    "{:?} is no role; tenant-writer, auditor, operator or admin",
                    name.value
                ))
            })?,
        };
        Ok(Issuer {
            issuer: self.issuer.value.clone(),
            audience: self.audience.clone(),
            tenant,
            role,
            require: self.require.clone().into_iter().collect(),
            keys: keys(self.source()),
        })
    }
}

/// Where keys are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeySource {
    /// The set itself.
    Jwks(String),
    /// A document that says where the set is.
    Discovery(String),
}

/// Whether nobody between can put keys of their own into the answer.
pub(crate) fn is_safe(url: &str) -> bool {
    match reqwest::Url::parse(url) {
        Ok(url) if url.scheme() == "https" => true,
        Ok(url) => url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")),
        Err(_) => false,
    }
}
