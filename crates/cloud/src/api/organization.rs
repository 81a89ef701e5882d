//! Members, teams and environments of an organization: how many there are.

use super::list::Length;
use super::{Api, ApiError, Operation, Page};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    members: Length,
    #[serde(default)]
    continuation_token: Option<String>,
}

#[derive(Deserialize)]
struct Teams {
    teams: Length,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environments {
    environments: Length,
    #[serde(default)]
    next_token: Option<String>,
}

impl Api {
    /// How many members a page has.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn members(&self, organization: &str, token: Option<&str>) -> Result<Page<i64>, ApiError> {
        let path = ["api", "orgs", organization, "members"];
        let query: Vec<_> = token.map(|token| ("continuationToken", token)).into_iter().collect();
        let answer: Members = self.get(Operation::Members, &path, &query).await?;
        Ok(Page::new(answer.members.0, answer.continuation_token))
    }

    /// How many teams there are.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn teams(&self, organization: &str) -> Result<i64, ApiError> {
        let path = ["api", "orgs", organization, "teams"];
        Ok(self.get::<Teams>(Operation::Teams, &path, &[]).await?.teams.0)
    }

    /// How many ESC environments a page has.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn environments(&self, organization: &str, token: Option<&str>) -> Result<Page<i64>, ApiError> {
        let path = ["api", "esc", "environments", organization];
        let mut query = vec![("maxResults", "500")];
        query.extend(token.map(|token| ("continuationToken", token)));
        let answer: Environments = self.get(Operation::Environments, &path, &query).await?;
        Ok(Page::new(answer.environments.0, answer.next_token))
    }
}
