//! Certificates and keys. They are read when the configuration is, so that a wrong path is told at once.

use super::layers::Found;
use super::{ConfigError, Key, Layers};
use sitelog_model::Signal;
use std::fmt;

/// Whom to trust and who we are, as PEM. Nothing given: the machine's own trust store, and no client certificate.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Authorities to trust instead of the machine's.
    pub ca: Option<Vec<u8>>,
    /// Our certificate chain and its private key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    pub(super) fn resolve(layers: &Layers<'_>, signal: Signal) -> Result<Self, ConfigError> {
        let find = |key| layers.find(key, signal);
        let ca = find(Key::Certificate)
            .map(|found| read(&found, is_bundle))
            .transpose()?;
        let identity = match (find(Key::ClientCertificate), find(Key::ClientKey)) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((read(&certificate, is_bundle)?, read(&key, is_key)?)),
            (Some(Found { from, .. }), None) => {
                return Err(ConfigError::Pair {
                    from,
                    missing: "client key",
                });
            }
            (None, Some(Found { from, .. })) => {
                return Err(ConfigError::Pair {
                    from,
                    missing: "client certificate",
                });
            }
        };
        Ok(Self { ca, identity })
    }

    /// Whether anything was given.
    pub(super) fn is_set(&self) -> bool {
        self.ca.is_some() || self.identity.is_some()
    }
}

fn read(found: &Found, check: fn(&[u8]) -> Result<(), &'static str>) -> Result<Vec<u8>, ConfigError> {
    let fault = |why: String| ConfigError::Pem {
        from: found.from.clone(),
        path: found.value.clone(),
        why,
    };
    let pem = std::fs::read(&found.value).map_err(|error| fault(format!("cannot be read ({})", error.kind())))?;
    check(&pem).map_err(|why| fault(why.to_owned()))?;
    Ok(pem)
}

fn is_bundle(pem: &[u8]) -> Result<(), &'static str> {
    match reqwest::Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(()),
        _ => Err("holds no certificate"),
    }
}

fn is_key(pem: &[u8]) -> Result<(), &'static str> {
    let found = String::from_utf8_lossy(pem).contains("PRIVATE KEY-----");
    found.then_some(()).ok_or("holds no private key")
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ca, identity) = (self.ca.is_some(), self.identity.is_some());
        f.debug_struct("Tls")
            .field("ca", &ca)
            .field("identity", &identity)
            .finish()
    }
}
