//! Policies of an organization, and what they found.

use super::list::{Length, List};
use super::{Api, ApiError, Operation, Page};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    policy_groups: Length,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Packs {
    policy_packs: Length,
}

/// `PolicyResultsMetadata`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyTotals {
    /// Policies.
    #[serde(rename = "policyTotalCount")]
    pub policies: i64,
    /// Those that found something.
    #[serde(rename = "policyWithIssuesCount")]
    pub policies_with_issues: i64,
    /// Resources that policies look at.
    #[serde(rename = "resourcesTotalCount")]
    pub resources: i64,
    /// Those in which they found something.
    #[serde(rename = "resourcesWithIssuesCount")]
    pub resources_with_issues: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Violations {
    policy_violations: List<Violation>,
    #[serde(default)]
    continuation_token: Option<String>,
}

#[derive(Deserialize)]
struct Violation {
    level: String,
    /// The old exporter took one without a kind, too.
    #[serde(default)]
    kind: Option<String>,
}

impl Api {
    /// How many policy groups there are.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn policy_groups(&self, organization: &str) -> Result<i64, ApiError> {
        let path = ["api", "orgs", organization, "policygroups"];
        Ok(self
            .get::<Groups>(Operation::PolicyGroups, &path, &[])
            .await?
            .policy_groups
            .0)
    }

    /// How many policy packs there are.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn policy_packs(&self, organization: &str) -> Result<i64, ApiError> {
        let path = ["api", "orgs", organization, "policypacks"];
        Ok(self
            .get::<Packs>(Operation::PolicyPacks, &path, &[])
            .await?
            .policy_packs
            .0)
    }

    /// How many policies and governed resources there are.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn policy_totals(&self, organization: &str) -> Result<PolicyTotals, ApiError> {
        let path = ["api", "orgs", organization, "policyresults", "metadata"];
        self.get(Operation::PolicyResults, &path, &[]).await
    }

    /// Level and kind of each violation on a page. The OpenAPI document has the token in the answer and no parameter for it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn violations(
        &self,
        organization: &str,
        token: Option<&str>,
    ) -> Result<Page<Vec<(String, String)>>, ApiError> {
        let path = ["api", "orgs", organization, "policyresults", "violationsv2"];
        let query: Vec<_> = token.map(|token| ("continuationToken", token)).into_iter().collect();
        let answer: Violations = self.get(Operation::Violations, &path, &query).await?;
        let found = answer.policy_violations.0.into_iter();
        let found = found.map(|found| (found.level, found.kind.unwrap_or_default()));
        Ok(Page::new(found.collect(), answer.continuation_token))
    }
}
