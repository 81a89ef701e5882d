//! A client as simple as can be.

use std::time::Duration;

use reqwest::blocking::{Client as Http, ClientBuilder, Response};
use serde_json::Value;
use sitelog_cloud_sim::{Plan, Sim, StackPath, World};

/// When simulated time begins.
pub(crate) const NOW: i64 = 1_790_000_000;

pub(crate) struct Client {
    http: Http,
    url: String,
}

impl Client {
    pub(crate) fn of(sim: &Sim) -> Self {
        Self::at(sim.url())
    }

    pub(crate) fn at(url: &str) -> Self {
        Self::with_timeout(url, Duration::from_secs(60))
    }

    pub(crate) fn with_timeout(url: &str, timeout: Duration) -> Self {
        Self::with(url, Http::builder().timeout(timeout))
    }

    /// For tests that read much: compressing costs them more than it saves.
    pub(crate) fn uncompressed(sim: &Sim) -> Self {
        Self::with(sim.url(), Http::builder().no_gzip())
    }

    fn with(url: &str, http: ClientBuilder) -> Self {
        let (http, url) = (http.build().unwrap(), url.to_owned());
        Self { http, url }
    }

    /// The bare response.
    pub(crate) fn ask(&self, path: &str) -> reqwest::Result<Response> {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.header("Authorization", "token t0ps3cret");
        request.header("Accept", "application/vnd.pulumi+8").send()
    }

    /// Status and text.
    pub(crate) fn text(&self, path: &str) -> reqwest::Result<(u16, String)> {
        let response = self.ask(path)?;
        Ok((response.status().as_u16(), response.text()?))
    }

    /// An answer that is there.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, text) = self.text(path).unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn status(&self, path: &str) -> u16 {
        self.text(path).unwrap().0
    }

    /// All items of a list in pages, and how many each page had.
    pub(crate) fn pages(&self, path: &str, list: &str, token_name: &str) -> (Vec<Value>, Vec<usize>) {
        let (mut items, mut sizes) = (Vec::new(), Vec::new());
        let mut asked = path.to_owned();
        loop {
            let answer = self.get(&asked);
            let page = answer[list].as_array().unwrap_or_else(|| panic!("no {list}: {answer}"));
            sizes.push(page.len());
            items.extend(page.iter().cloned());
            let Some(token) = answer[token_name].as_str() else {
                return (items, sizes);
            };
            let separator = if path.contains('?') { '&' } else { '?' };
            asked = format!("{path}{separator}continuationToken={token}");
        }
    }
}

/// A world of one organization without stacks, with everything else.
pub(crate) fn furnished() -> World {
    World::generate(&Plan {
        seed: 7,
        now: NOW,
        organizations: vec!["acme".to_owned()],
        stacks: 0,
        updates: 0,
    })
}

pub(crate) fn path(stack: &str) -> StackPath {
    StackPath::new("acme", "shop", stack)
}
