//! A tenant in the file.

use super::{DestinationFile, TenantLimitsFile};
use crate::settings::SanitizeFile;
use crate::settings::ledger::DurabilityChoice;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use sitelog_model::TenantId;
use sitelog_receive::{Identity, Role, Token, hash};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A tenant: how it is known, what it may send, where that goes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct TenantFile {
    /// Tokens that open it, besides those of `sitelog tenants`.
    pub(crate) tokens: Vec<TokenFile>,
    /// SHA-256 fingerprints of client certificates that open it.
    #[schemars(with = "Vec<String>")]
    pub(crate) certificates: Vec<Spanned<String>>,
    /// What it may send.
    pub(crate) limits: TenantLimitsFile,
    /// When a record counts as safe: fsync or os [ledger.durability].
    pub(crate) durability: Option<DurabilityChoice>,
    /// What is hidden besides what sitelog knows and the file's own `sanitize:` section says.
    pub(crate) sanitize: SanitizeFile,
    /// Where its records go, by name; without one, where the `otlp:` section says.
    pub(crate) destinations: BTreeMap<String, DestinationFile>,
}

/// A token: its SHA-256, or the file that holds it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct TokenFile {
    /// SHA-256 of the token, hex.
    #[schemars(with = "Option<String>")]
    pub(crate) sha256: Option<Spanned<String>>,
    /// A file with the token.
    #[schemars(with = "Option<String>")]
    pub(crate) file: Option<Spanned<PathBuf>>,
    /// What it allows: tenant-writer, auditor, operator or admin [tenant-writer].
    #[schemars(with = "Option<String>")]
    pub(crate) role: Option<Spanned<String>>,
    /// When it ends, RFC 3339 [never].
    #[schemars(with = "Option<String>")]
    pub(crate) expires: Option<Spanned<String>>,
}

impl TenantFile {
    /// What opens it by a token.
    ///
    /// # Errors
    /// One line with file, line and what is wrong.
    pub(crate) fn tokens(&self, tenant: &TenantId, file: &str) -> Result<Vec<Token>, String> {
        self.tokens.iter().map(|token| token.token(tenant, file)).collect()
    }

    /// What opens it by a certificate.
    ///
    /// # Errors
    /// One line with file, line and what is wrong.
    pub(crate) fn certificates(&self, tenant: &TenantId, file: &str) -> Result<Vec<([u8; 32], Identity)>, String> {
        let read = |text: &Spanned<String>| {
            let fingerprint = text.value.replace(':', "");
            let known = bytes_of(&fingerprint).ok_or_else(|| wrong(file, text, "is no SHA-256 in hex"))?;
            Ok((known, Identity::writer(tenant.clone())))
        };
        self.certificates.iter().map(read).collect()
    }
}

impl TokenFile {
    fn token(&self, tenant: &TenantId, file: &str) -> Result<Token, String> {
        let hash = match (&self.sha256, &self.file) {
            (Some(text), None) => {
                bytes_of(&text.value).ok_or_else(|| wrong(file, text, "is no SHA-256 in hex (64 digits)"))?
            }
            (None, Some(path)) => {
                let (shown, line) = (path.value.display(), path.referenced.line());
                let token = std::fs::read(&path.value)
                    .map_err(|error| format!("{file}:{line}: token file {shown} cannot be read: {error}"))?;
                match token.trim_ascii() {
                    [] => return Err(format!("{file}:{line}: token file {shown} is empty")),
                    token => hash(token),
                }
            }
            _ => {
                return Err(format!(
                    "{file}: a token of tenant {tenant} needs either sha256 or file"
                ));
            }
        };
        let role = match &self.role {
            None => Role::TenantWriter,
            Some(name) => Role::from_name(&name.value)
                .ok_or_else(|| wrong(file, name, "is no role; tenant-writer, auditor, operator or admin"))?,
        };
        let expires = match &self.expires {
            None => None,
            Some(text) => {
                let time: jiff::Timestamp = (text.value.parse())
                    .map_err(|_| wrong(file, text, "is no time; write one such as 2027-01-31T00:00:00Z"))?;
                Some(u64::try_from(time.as_second()).unwrap_or_default())
            }
        };
        Ok(Token {
            hash,
            tenant: tenant.clone(),
            role,
            expires,
        })
    }
}

fn wrong(file: &str, text: &Spanned<String>, what: &str) -> String {
    format!("{file}:{}: {:?} {what}", text.referenced.line(), text.value)
}

/// 32 bytes of 64 digits.
pub(crate) fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != 32 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        *byte = (digit(high)? * 16 + digit(low)?) as u8;
    }
    Some(bytes)
}
