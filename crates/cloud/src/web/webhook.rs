//! Webhooks of Pulumi Cloud: signed, each taken once, and nothing but a reason to look.
//!
//! `Pulumi-Webhook-Signature` is the hex form of HMAC-SHA256 over the body as it came
//! (<https://www.pulumi.com/docs/pulumi-cloud/webhooks/>). A body says neither when nor how long: what it is about is asked for.

use crate::config::Secret;
use aws_lc_rs::hmac;
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was taken within this time is not taken again.
const WINDOW: Duration = Duration::from_secs(600);
/// So many are remembered at most.
const REMEMBERED: usize = 10_000;

/// What a webhook is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// Something happened to this stack: organization, project, stack.
    Stack([String; 3]),
    /// Something else happened in this organization.
    Organization(String),
}

/// Why a webhook was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no signature.
    #[error("Pulumi-Webhook-Signature is missing")]
    Unsigned,
    /// It is not this body's.
    #[error("the signature is wrong")]
    Forged,
    /// It is signed, and nothing that can be read.
    #[error("the body is not one of Pulumi Cloud's")]
    Malformed,
}

impl Refused {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Unsigned | Self::Forged => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }

    /// One word for a counter.
    pub fn why(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Forged => "forged",
            Self::Malformed => "malformed",
        }
    }
}

/// Takes webhooks that are signed with one secret.
pub struct Webhooks {
    key: hmac::Key,
    seen: Mutex<Seen>,
}

/// Signatures that were taken, oldest first.
#[derive(Default)]
struct Seen {
    order: VecDeque<(Instant, Vec<u8>)>,
    known: HashSet<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    organization: Option<Organization>,
    project_name: Option<String>,
    stack_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    github_login: Option<String>,
    name: Option<String>,
}

impl Webhooks {
    /// With the secret that Pulumi Cloud was told.
    pub fn new(secret: &Secret) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes()),
            seen: Mutex::default(),
        }
    }

    /// Takes one; `None` when it was taken before, or is about nothing that is observed.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn take(&self, signature: Option<&str>, kind: Option<&str>, body: &[u8]) -> Result<Option<Called>, Refused> {
        let signature = hex(signature.ok_or(Refused::Unsigned)?).ok_or(Refused::Forged)?;
        // In constant time.
        hmac::verify(&self.key, body, &signature).map_err(|_| Refused::Forged)?;
        if !self.is_new(signature, Instant::now()) || kind == Some("ping") {
            return Ok(None);
        }
        let body: Body = serde_json::from_slice(body).map_err(|_| Refused::Malformed)?;
        let organization = body.organization.and_then(|org| org.github_login.or(org.name));
        Ok(match (organization, body.project_name, body.stack_name) {
            (Some(org), Some(project), Some(stack)) => Some(Called::Stack([org, project, stack])),
            (Some(org), _, _) => Some(Called::Organization(org)),
            (None, _, _) => None,
        })
    }

    fn is_new(&self, signature: Vec<u8>, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |seen: &Seen| {
            let oldest = seen.order.front();
            oldest.is_some_and(|(at, _)| now.duration_since(*at) > WINDOW || seen.order.len() >= REMEMBERED)
        };
        while is_over(&seen) {
            if let Some((_, old)) = seen.order.pop_front() {
                seen.known.remove(&old);
            }
        }
        if !seen.known.insert(signature.clone()) {
            return false;
        }
        seen.order.push_back((now, signature));
        true
    }
}

/// Bytes of lower or upper case hex.
fn hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"organization":{"name":"Acme","githubLogin":"acme"},"projectName":"shop","stackName":"prod","kind":"update","result":"succeeded","updateUrl":"https://app.pulumi.com/acme/shop/prod/updates/42"}"#;

    fn sign(body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cret-1");
        let tag = hmac::sign(&key, body);
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn signed_ones_are_taken_once() {
        let webhooks = Webhooks::new(&Secret::new("s3cret-1\n"));
        let called = webhooks.take(Some(&sign(BODY)), Some("stack_update"), BODY).unwrap();
        assert_eq!(called, Some(Called::Stack(["acme", "shop", "prod"].map(str::to_owned))));
        assert_eq!(
            webhooks.take(Some(&sign(BODY).to_uppercase()), Some("stack_update"), BODY),
            Ok(None)
        );
    }

    #[test]
    fn others_are_refused() {
        let webhooks = Webhooks::new(&Secret::new("s3cret-1"));
        assert_eq!(webhooks.take(None, None, BODY), Err(Refused::Unsigned));
        for wrong in ["", "zz", "abc", &sign(b"other"), &format!("sha256={}", sign(BODY))] {
            assert_eq!(webhooks.take(Some(wrong), None, BODY), Err(Refused::Forged), "{wrong}");
        }
        for body in [&b"not json"[..], b"[]"] {
            assert_eq!(webhooks.take(Some(&sign(body)), None, body), Err(Refused::Malformed));
        }
        assert_eq!(webhooks.take(Some(&sign(b"{}")), None, b"{}"), Ok(None));
    }
}
