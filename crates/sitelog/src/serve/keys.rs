//! Keys of issuers: fetched at the start, every ten minutes, and when a token needs one that is not there.

use crate::exit::say;
use crate::settings::{KeySource, is_safe};
use sitelog_receive::KeySet;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// How often keys are fetched, and how soon again when somebody needs them or they did not come.
const EVERY: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(15);
/// The longest answer, bytes, and how long it may take.
const LONGEST: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// All key sets, each fetched by a task of its own for as long as an issuer has it.
pub(crate) struct Keys {
    client: reqwest::Client,
    sets: Mutex<BTreeMap<KeySource, Weak<KeySet>>>,
}

impl Keys {
    /// No keys yet. Must be called within a runtime.
    ///
    /// # Errors
    /// When there is no way to make TLS connections.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        // Redirects could leave https.
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            client: client.build()?,
            sets: Mutex::default(),
        })
    }

    /// The keys of a source; fetched from now on.
    pub(crate) fn of(&self, source: KeySource) -> Arc<KeySet> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = sets.get(&source).and_then(Weak::upgrade) {
            return keys;
        }
        let keys = Arc::new(KeySet::default());
        sets.retain(|_, known| known.strong_count() > 0);
        sets.insert(source.clone(), Arc::downgrade(&keys));
        tokio::spawn(refresh(self.client.clone(), source, Arc::downgrade(&keys)));
        keys
    }
}

async fn refresh(client: reqwest::Client, source: KeySource, keys: Weak<KeySet>) {
    let mut said = String::new();
    while let Some(keys) = keys.upgrade() {
        let fetched = fetch(&client, &source).await.and_then(|set| keys.replace(&set));
        let wait = match fetched {
            Ok(_) => {
                said.clear();
                EVERY
            }
            Err(why) => {
                let (KeySource::Jwks(url) | KeySource::Discovery(url)) = &source;
                let line = format!("keys of {url} cannot be had, those that are known stay: {why}");
                if line != said {
                    say(&line);
                    said = line;
                }
                SOON
            }
        };
        tokio::time::sleep(SOON).await;
        tokio::select! {
            () = tokio::time::sleep(wait.saturating_sub(SOON)) => {}
            () = keys.wanted() => {}
        }
    }
}

async fn fetch(client: &reqwest::Client, source: &KeySource) -> Result<Vec<u8>, String> {
    match source {
        KeySource::Jwks(url) => get(client, url).await,
        KeySource::Discovery(url) => {
            let document = get(client, url).await?;
            let document: serde_json::Value =
                serde_json::from_slice(&document).map_err(|_| "the discovery document is no JSON".to_owned())?;
            let jwks = document["jwks_uri"].as_str().unwrap_or_default();
            match is_safe(jwks) {
                true => get(client, jwks).await,
                false => Err("the discovery document names no jwks_uri over https".to_owned()),
            }
        }
    }
}

async fn get(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    let told = |error: reqwest::Error| error.without_url().to_string();
    let mut response = client.get(url).send().await.map_err(told)?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > LONGEST {
            return Err(format!("the answer is longer than {LONGEST} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
