//! Random tokens. Only their SHA-256 is kept: tokens have 128 bits or more of randomness, so that a slow hash adds nothing.

use super::{Identity, Role};
use crate::refusal::Refusal;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use sitelog_model::TenantId;
use std::collections::HashMap;

/// A token as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Whose it is.
    pub tenant: TenantId,
    /// What it allows.
    pub role: Role,
    /// Unix seconds after which it opens nothing.
    pub expires: Option<u64>,
}

impl std::fmt::Debug for Token {
    /// Without the hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            tenant, role, expires, ..
        } = self;
        f.debug_tuple("Token").field(&(tenant, role, expires)).finish()
    }
}

/// SHA-256 of a token.
pub fn hash(token: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token).as_ref());
    hash
}

/// All tokens, by the first bytes of their hashes: where a token stands says nothing of it, and the rest is compared in
/// constant time.
#[derive(Debug, Default)]
pub struct Tokens(HashMap<[u8; 8], Vec<Token>>);

impl Tokens {
    /// These tokens.
    pub fn new(tokens: impl IntoIterator<Item = Token>) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for token in tokens {
            all.entry(place(&token.hash)).or_default().push(token);
        }
        Self(all)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose a token is at a time, Unix seconds.
    ///
    /// # Errors
    /// [`Refusal::BadCredential`] when it is not known or has expired.
    pub fn identify(&self, token: &[u8], now: u64) -> Result<Identity, Refusal> {
        let hash = hash(token);
        let near = self.0.get(&place(&hash)).into_iter().flatten();
        let found = near
            .filter(|known| verify_slices_are_equal(&known.hash, &hash).is_ok())
            .max_by_key(|known| known.expires.unwrap_or(u64::MAX))
            .ok_or(Refusal::BadCredential("unknown token"))?;
        if found.expires.is_some_and(|expires| now >= expires) {
            return Err(Refusal::BadCredential("the token has expired"));
        }
        Ok(Identity {
            tenant: found.tenant.clone(),
            role: found.role,
        })
    }
}

fn place(hash: &[u8; 32]) -> [u8; 8] {
    let mut place = [0; 8];
    place.copy_from_slice(&hash[..8]);
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_tenant_until_it_expires() {
        let token = |text: &str, tenant: &str, expires| Token {
            hash: hash(text.as_bytes()),
            tenant: TenantId::new(tenant).unwrap(),
            role: Role::TenantWriter,
            expires,
        };
        let tokens = Tokens::new([
            token("one", "a", None),
            token("old", "a", Some(100)),
            token("two", "b", Some(100)),
        ]);
        assert_eq!(tokens.identify(b"one", 500).unwrap().tenant.as_str(), "a");
        assert_eq!(tokens.identify(b"two", 99).unwrap().tenant.as_str(), "b");
        for (token, now) in [("two", 100), ("old", 101), ("three", 1), ("", 1), ("on", 1)] {
            assert_eq!(
                tokens.identify(token.as_bytes(), now).unwrap_err().name(),
                "bad_credential"
            );
        }
        let shown = format!("{tokens:?}");
        assert!(shown.contains("TenantWriter") && !shown.contains("hash"), "{shown}");
    }
}
