//! `GET /api/stacks/{org}/{project}/{stack}/{kind}/{updateID}/events`: what the engine said during an update, oldest first.

use super::list::List;
use super::{Api, ApiError, Operation, Page};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    events: List<Box<RawValue>>,
    #[serde(default)]
    continuation_token: Option<String>,
}

/// The part of the path that stands for a kind of update; those that have none of their own are updates.
fn path_of(kind: &str) -> &'static str {
    match kind {
        "refresh" => "refresh",
        "destroy" => "destroy",
        "preview" => "preview",
        _ => "update",
    }
}

impl Api {
    /// A page of the events of a stack's update, which is given by kind and id. They are left as they came.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn events(
        &self,
        stack: [&str; 3],
        (kind, id): (&str, &str),
        token: Option<&str>,
    ) -> Result<Page<Vec<Box<RawValue>>>, ApiError> {
        let [organization, project, name] = stack;
        let path = [
            "api",
            "stacks",
            organization,
            project,
            name,
            path_of(kind),
            id,
            "events",
        ];
        let query: Vec<_> = token.map(|token| ("continuationToken", token)).into_iter().collect();
        let answer: Answer = self.get(Operation::Events, &path, &query).await?;
        Ok(Page::new(answer.events.0, answer.continuation_token))
    }
}
