//! The public keys of an issuer (RFC 7517). Whoever fetches them puts them here; without any, nobody can tell whether a
//! token is good.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet, PublicKeyUse};
use std::sync::{PoisonError, RwLock};
use tokio::sync::Notify;

/// Keys that are replaced while they are used.
#[derive(Default)]
pub struct KeySet {
    keys: RwLock<Vec<Key>>,
    wanted: Notify,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    key: DecodingKey,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySet").finish_non_exhaustive()
    }
}

impl KeySet {
    /// Puts a JWK set in place of the keys that are there; says how many of its keys can be used.
    ///
    /// # Errors
    /// What is wrong with it; the keys stay as they were then.
    pub fn replace(&self, set: &[u8]) -> Result<usize, String> {
        let set: JwkSet = serde_json::from_slice(set).map_err(|error| format!("no JWK set: {error}"))?;
        let usable = set.keys.iter().filter(|jwk| {
            let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
            // A shared secret is no public key.
            signs && !matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_))
        });
        let keys: Vec<_> = usable
            .filter_map(|jwk| {
                let key = DecodingKey::from_jwk(jwk).ok()?;
                let id = jwk.common.key_id.clone();
                Some(Key { id, key })
            })
            .collect();
        if keys.is_empty() {
            return Err("no key in the JWK set can be used".to_owned());
        }
        let count = keys.len();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(count)
    }

    /// Whether no keys have come yet.
    pub fn is_empty(&self) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits until somebody needs a key that is not there.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Keys that a token may be signed with; without any, they are asked for.
    pub(super) fn of(&self, id: Option<&str>) -> Vec<DecodingKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |key: &&Key| id.is_none() || key.id.is_none() || key.id.as_deref() == id;
        let found: Vec<_> = keys.iter().filter(fits).map(|key| key.key.clone()).collect();
        if found.is_empty() {
            self.wanted.notify_one();
        }
        found
    }
}
