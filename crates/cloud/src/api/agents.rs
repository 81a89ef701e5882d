//! Tasks of Pulumi's agents (Neo).

use super::list::List;
use super::{Api, ApiError, Operation, Page};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    tasks: List<Task>,
    #[serde(default)]
    continuation_token: Option<String>,
}

#[derive(Deserialize)]
struct Task {
    status: String,
}

impl Api {
    /// The status of each task on a page.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn tasks(&self, organization: &str, token: Option<&str>) -> Result<Page<Vec<String>>, ApiError> {
        let path = ["api", "preview", "agents", organization, "tasks"];
        let mut query = vec![("pageSize", "1000")];
        query.extend(token.map(|token| ("continuationToken", token)));
        let answer: Answer = self.get(Operation::Tasks, &path, &query).await?;
        let statuses = answer.tasks.0.into_iter().map(|task| task.status);
        Ok(Page::new(statuses.collect(), answer.continuation_token))
    }
}
