//! What is not Pulumi Cloud's: `/_sim/`, by which a benchmark in another process looks and steers.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Query;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};

use super::body::encode;
use super::{JSON, Shared};
use crate::faults::Rule;

/// `GET` and `DELETE /_sim/stats`, `POST` and `DELETE /_sim/rules`, `POST /_sim/changes?percent=P&seed=S`.
pub(super) fn routes(shared: &Arc<Shared>) -> Router {
    let [read, reset, add, clear, change] = std::array::from_fn(|_| Arc::clone(shared));
    let stats = get(async move || answer(200, &json!(read.counters.read()))).delete(async move || {
        reset.counters.reset();
        done()
    });
    let rules = post(async move |body: Bytes| add_rules(&add, &body)).delete(async move || {
        clear.settings().rules.clear();
        done()
    });
    let changes = post(async move |Query(query): Query<HashMap<String, u64>>| {
        let number = |name: &str, default| query.get(name).copied().unwrap_or(default);
        let changed = change.world().change_share(number("percent", 2), number("seed", 0));
        answer(200, &json!({ "changed": changed }))
    });
    Router::new()
        .route("/_sim/stats", stats)
        .route("/_sim/rules", rules)
        .route("/_sim/changes", changes)
}

/// One rule, or a list of them.
fn add_rules(shared: &Shared, body: &[u8]) -> Response<Body> {
    let one = || serde_json::from_slice::<Rule>(body).map(|rule| vec![rule]);
    match serde_json::from_slice::<Vec<Rule>>(body).or_else(|_| one()) {
        Ok(rules) => {
            rules.into_iter().for_each(|rule| shared.settings().rules.add(rule));
            done()
        }
        Err(error) => answer(400, &json!({ "code": 400, "message": format!("no rule: {error}") })),
    }
}

/// A path or method that the simulation does not have.
pub(super) fn unknown(shared: &Shared) -> Response<Body> {
    shared.counters.unknown();
    answer(404, &json!({ "code": 404, "message": "Not Found" }))
}

fn done() -> Response<Body> {
    answer(200, &json!({}))
}

fn answer(status: u16, value: &Value) -> Response<Body> {
    let mut response = encode(value.to_string().into_bytes(), false).whole(JSON);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
