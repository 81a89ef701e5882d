//! `GET /api/user/stacks`: the stacks with what tells whether something happened to them.

use super::list::List;
use super::{Api, ApiError, Operation, Page};
use serde::Deserialize;

/// A server that has a lower limit keeps to that.
const PAGE_SIZE: &str = "500";

/// A stack as the list has it (`AppStackSummary`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The service's; it stays when the stack is renamed.
    #[serde(default)]
    pub id: Option<String>,
    /// Organization.
    #[serde(rename = "orgName")]
    pub organization: String,
    /// Project.
    #[serde(rename = "projectName")]
    pub project: String,
    /// Stack.
    #[serde(rename = "stackName")]
    pub name: String,
    /// When its last update began, Unix seconds.
    #[serde(default)]
    pub last_update: Option<i64>,
    /// Its resources.
    #[serde(default)]
    pub resource_count: Option<i64>,
}

/// Which stacks are listed.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Of this organization.
    pub organization: &'a str,
    /// Of this project only.
    pub project: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    stacks: List<Listed>,
    #[serde(default)]
    continuation_token: Option<String>,
}

impl Api {
    /// A page of the stacks.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn stacks(&self, scope: Scope<'_>, token: Option<&str>) -> Result<Page<Vec<Listed>>, ApiError> {
        let mut query = vec![("organization", scope.organization), ("maxResults", PAGE_SIZE)];
        query.extend(scope.project.map(|project| ("project", project)));
        query.extend(token.map(|token| ("continuationToken", token)));
        let answer: Answer = self.get(Operation::Stacks, &["api", "user", "stacks"], &query).await?;
        Ok(Page::new(answer.stacks.0, answer.continuation_token))
    }
}
