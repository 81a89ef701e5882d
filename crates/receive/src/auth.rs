//! Who a request comes from: what its credential opens.

mod certificate;
mod identity;
mod issuer;
mod keys;
mod token;

pub use certificate::Certificates;
pub use identity::{Identity, Role};
pub use issuer::{Issuer, Issuers, TenantOf};
pub use keys::KeySet;
pub use token::{Token, Tokens, hash};

use crate::refusal::Refusal;
use crate::server::Peer;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sitelog_model::TenantId;

/// What opens the server.
#[derive(Debug, Default)]
pub struct Doors {
    /// Without a credential one is this tenant's writer: for a server that only this machine reaches.
    pub open: Option<TenantId>,
    /// Random tokens.
    pub tokens: Tokens,
    /// Tokens that others sign.
    pub issuers: Issuers,
    /// Client certificates.
    pub certificates: Certificates,
}

impl Doors {
    /// Who sends a request.
    pub(crate) fn identify(&self, peer: &Peer, headers: &HeaderMap, now: u64) -> Result<Identity, Refusal> {
        if headers.contains_key(AUTHORIZATION) {
            return self.token(headers, now);
        }
        if let Some(certificate) = &peer.certificate {
            return self.certificates.identify(certificate);
        }
        match &self.open {
            Some(tenant) => Ok(Identity::writer(tenant.clone())),
            None => Err(Refusal::NoCredential),
        }
    }

    /// Whose token is shown.
    pub(crate) fn token(&self, headers: &HeaderMap, now: u64) -> Result<Identity, Refusal> {
        let credential = headers.get(AUTHORIZATION).ok_or(Refusal::NoCredential)?;
        let token = bearer(credential.as_bytes()).ok_or(Refusal::BadCredential("not a bearer token"))?;
        if Issuers::look_like(token) {
            return self.issuers.identify(token);
        }
        self.tokens.identify(token, now)
    }
}

/// The token of a header value (RFC 6750); the scheme's case does not matter.
fn bearer(credential: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = credential.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn a_bearer_token_is_taken_out_of_its_header() {
        assert_eq!(bearer(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(bearer(b"bearer  abc "), Some(&b"abc"[..]));
        for bad in [&b"Basic abc"[..], b"Bearer", b"Bearer ", b"", b"Bearerabc"] {
            assert_eq!(bearer(bad), None);
        }
    }
}
