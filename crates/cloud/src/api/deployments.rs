//! Deployments of an organization by status.

use super::list::List;
use super::{Api, ApiError, Operation};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most that a page of the list has.
const PAGE_SIZE: i64 = 100;

/// `OrgDeploymentsMetadataResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    deployment_counts: BTreeMap<String, i64>,
}

/// `ListDeploymentResponseV2`.
#[derive(Deserialize)]
struct Answer {
    deployments: List<Deployment>,
    total: i64,
}

#[derive(Deserialize)]
struct Deployment {
    status: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentPage {
    /// The status of each.
    pub statuses: Vec<String>,
    /// How many there are on all pages.
    pub total: i64,
}

impl DeploymentPage {
    /// How many a page has, unless it is the last.
    pub const SIZE: i64 = PAGE_SIZE;
}

impl Api {
    /// How many deployments there are of each status, in one call.
    ///
    /// # Errors
    /// [`ApiError::Gone`] where the service does not have this operation yet.
    pub async fn deployment_counts(&self, organization: &str) -> Result<BTreeMap<String, i64>, ApiError> {
        let path = ["api", "orgs", organization, "deployments", "metadata"];
        let mut counts = self
            .get::<Metadata>(Operation::Deployments, &path, &[])
            .await?
            .deployment_counts;
        match counts.remove("total") {
            Some(_) => Ok(counts.into_iter().map(|(name, count)| (kebab(&name), count)).collect()),
            None => Err(ApiError::Malformed("deployment counts without a total".to_owned())),
        }
    }

    /// A page of the deployments; pages count from 1.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn deployments(&self, organization: &str, page: u32) -> Result<DeploymentPage, ApiError> {
        let path = ["api", "orgs", organization, "deployments"];
        let (page, size) = (page.to_string(), PAGE_SIZE.to_string());
        let query = [("page", &*page), ("pageSize", &*size), ("asc", "true")];
        let answer: Answer = self.get(Operation::Deployments, &path, &query).await?;
        let statuses = answer.deployments.0.into_iter().map(|deployment| deployment.status);
        Ok(DeploymentPage {
            statuses: statuses.collect(),
            total: answer.total,
        })
    }
}

/// `notStarted` is the status `not-started`.
fn kebab(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 1);
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(char.to_ascii_lowercase());
    }
    text
}
