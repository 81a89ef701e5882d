//! Client certificates: whoever verified the chain, a certificate is known by its SHA-256 fingerprint.

use super::{Identity, hash};
use crate::refusal::Refusal;
use std::collections::HashMap;

/// Certificates that open something.
#[derive(Debug, Default)]
pub struct Certificates(HashMap<[u8; 32], Identity>);

impl Certificates {
    /// These, by the SHA-256 of their DER.
    pub fn new(certificates: impl IntoIterator<Item = ([u8; 32], Identity)>) -> Self {
        Self(certificates.into_iter().collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn identify(&self, certificate: &[u8]) -> Result<Identity, Refusal> {
        let known = self.0.get(&hash(certificate));
        known
            .cloned()
            .ok_or(Refusal::BadCredential("unknown client certificate"))
    }
}
