use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::json;

/// One who signs.
struct Signer {
    pair: EcdsaKeyPair,
    id: &'static str,
}

impl Signer {
    fn new(id: &'static str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        Self { pair, id }
    }

    fn jwks(&self) -> Vec<u8> {
        // An uncompressed point: 4, x, y.
        let point = self.pair.public_key().as_ref();
        let (x, y) = (B64.encode(&point[1..33]), B64.encode(&point[33..65]));
        let key = json!({ "kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "alg": "ES256", "x": x, "y": y });
        json!({ "keys": [key] }).to_string().into_bytes()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let body = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
        format!("{body}.{}", B64.encode(signature))
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "typ": "JWT", "kid": self.id }), claims)
    }
}

fn now() -> u64 {
    crate::gateway::unix_seconds()
}

fn claims() -> Value {
    json!({
        "iss": "https://ci.example", "aud": ["sitelog", "other"], "exp": now() + 600, "nbf": now() - 5,
        "repository": "acme/shop", "repository_owner": "acme",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut all = claims();
    all[name] = value;
    all
}

fn issuers(keys: &Arc<KeySet>) -> Issuers {
    Issuers::new(vec![Issuer {
        issuer: "https://ci.example".into(),
        audience: "sitelog".into(),
        tenant: TenantOf::Claim {
            name: "repository".into(),
            prefix: String::new(),
        },
        role: Role::TenantWriter,
        require: vec![("repository_owner".into(), "acme".into())],
        keys: Arc::clone(keys),
    }])
}

#[test]
fn a_prefix_keeps_a_claim_from_naming_anothers_tenant() {
    let signer = Signer::new("one");
    let keys = Arc::new(KeySet::default());
    keys.replace(&signer.jwks()).unwrap();
    let mut issuers = issuers(&keys);
    issuers.0[0].tenant = TenantOf::Claim {
        name: "repository".into(),
        prefix: "ci-".into(),
    };
    let tenant = |claim: &str| {
        let token = signer.token(&with("repository", json!(claim)));
        issuers
            .identify(token.as_bytes())
            .map(|identity| identity.tenant.as_str().to_owned())
    };
    assert_eq!(tenant("platform").unwrap(), "ci-platform");
    assert!(tenant(&"x".repeat(62)).is_err(), "too long with it");
}

#[test]
fn a_token_opens_the_tenant_that_its_claim_names() {
    let (signer, keys) = (Signer::new("k1"), Arc::new(KeySet::default()));
    let issuers = issuers(&keys);
    let token = signer.token(&claims());
    assert!(Issuers::look_like(token.as_bytes()));
    assert_eq!(issuers.identify(token.as_bytes()), Err(Refusal::Unchecked));
    assert_eq!(keys.replace(&signer.jwks()), Ok(1));
    let identity = issuers.identify(token.as_bytes()).unwrap();
    assert_eq!(
        (identity.tenant.as_str(), identity.role),
        ("acme_-shop", Role::TenantWriter)
    );
}

#[test]
fn what_is_forged_expired_or_meant_for_others_opens_nothing() {
    let (signer, forger, keys) = (Signer::new("k1"), Signer::new("k1"), Arc::new(KeySet::default()));
    keys.replace(&signer.jwks()).unwrap();
    let issuers = issuers(&keys);
    let none = format!(
        "{}.{}.",
        B64.encode(r#"{"alg":"none"}"#),
        B64.encode(claims().to_string())
    );
    let shared = {
        // The public key taken for a shared secret.
        let body = format!(
            "{}.{}",
            B64.encode(r#"{"alg":"HS256","kid":"k1"}"#),
            B64.encode(claims().to_string())
        );
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &signer.jwks());
        format!("{body}.{}", B64.encode(aws_lc_rs::hmac::sign(&key, body.as_bytes())))
    };
    let good = signer.token(&claims());
    let mut changed = good.clone().into_bytes();
    let middle = changed.iter().position(|byte| *byte == b'.').unwrap() + 10;
    changed[middle] ^= 1;
    let mut no_end = claims();
    no_end.as_object_mut().unwrap().remove("exp");
    for bad in [
        forger.token(&claims()).into_bytes(),
        signer.token(&with("exp", json!(now() - 100))).into_bytes(),
        signer.token(&with("nbf", json!(now() + 100))).into_bytes(),
        signer.token(&with("aud", json!("other"))).into_bytes(),
        signer.token(&with("iss", json!("https://ci.example/"))).into_bytes(),
        signer.token(&with("repository_owner", json!("evil"))).into_bytes(),
        signer.token(&with("repository", json!("../../etc"))).into_bytes(),
        signer.token(&with("repository", json!(7))).into_bytes(),
        signer.token(&no_end).into_bytes(),
        signer
            .sign(&json!({ "alg": "RS256", "kid": "k1" }), &claims())
            .into_bytes(),
        none.into_bytes(),
        shared.into_bytes(),
        changed,
        b"eyJ.eyJ.x".to_vec(),
        [good.as_bytes(), &[b'a'; 10_000]].concat(),
    ] {
        let refused = issuers.identify(&bad).unwrap_err();
        assert_eq!(refused.name(), "bad_credential", "{}", String::from_utf8_lossy(&bad));
    }
    assert!(issuers.identify(good.as_bytes()).is_ok());
}

#[tokio::test]
async fn a_key_that_is_not_there_is_asked_for_and_new_keys_hold_at_once() {
    let (old, new, keys) = (Signer::new("k1"), Signer::new("k2"), Arc::new(KeySet::default()));
    keys.replace(&old.jwks()).unwrap();
    let issuers = issuers(&keys);
    let token = new.token(&claims());
    assert_eq!(issuers.identify(token.as_bytes()).unwrap_err().name(), "bad_credential");
    keys.wanted().await;
    assert!(keys.replace(b"<html>").is_err());
    assert!(keys.replace(br#"{"keys":[]}"#).is_err());
    assert!(issuers.identify(old.token(&claims()).as_bytes()).is_ok());
    keys.replace(&new.jwks()).unwrap();
    assert!(issuers.identify(token.as_bytes()).is_ok());
    assert!(issuers.identify(old.token(&claims()).as_bytes()).is_err());
}

proptest::proptest! {
    #[test]
    fn no_two_claims_name_one_tenant(one in "[ab_/-]{0,6}", other in "[ab_/-]{0,6}") {
        proptest::prop_assert_eq!(one == other, name_of(&one) == name_of(&other));
    }
}
