//! What is asked about an organization besides its stacks, page by page, and the gauges it makes.

use crate::api::{Api, ApiError, Operation, Page};
use crate::metrics::{
    DEPLOYMENT_STATUS, ENVIRONMENT_COUNT, GOVERNED_RESOURCES_TOTAL, GOVERNED_RESOURCES_WITH_ISSUES, Kind, MEMBER_COUNT,
    Metric, NEO_TASK_COUNT, POLICY_GROUP_COUNT, POLICY_PACK_COUNT, POLICY_TOTAL, POLICY_VIOLATIONS, POLICY_WITH_ISSUES,
    TEAM_COUNT,
};
use crate::series::Series;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The metrics that an operation tells.
pub(crate) fn metrics(operation: Operation) -> Vec<&'static Metric> {
    match operation {
        Operation::Deployments => vec![&DEPLOYMENT_STATUS],
        Operation::Members => vec![&MEMBER_COUNT],
        Operation::Teams => vec![&TEAM_COUNT],
        Operation::Environments => vec![&ENVIRONMENT_COUNT],
        Operation::PolicyGroups => vec![&POLICY_GROUP_COUNT],
        Operation::PolicyPacks => vec![&POLICY_PACK_COUNT],
        Operation::PolicyResults => vec![
            &POLICY_TOTAL,
            &POLICY_WITH_ISSUES,
            &GOVERNED_RESOURCES_TOTAL,
            &GOVERNED_RESOURCES_WITH_ISSUES,
        ],
        Operation::Violations => vec![&POLICY_VIOLATIONS],
        Operation::Tasks => vec![&NEO_TASK_COUNT],
        Operation::Stacks | Operation::Updates | Operation::Events | Operation::AuditLog => vec![],
    }
}

/// Numbers of one of the operation's metrics, by its labels after the organization.
pub(crate) type Counts = BTreeMap<(usize, Vec<String>), i64>;

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    Token(String),
    Page(u32),
}

/// Asks for a page.
pub(crate) async fn ask(
    api: &Api,
    organization: &str,
    operation: Operation,
    at: Option<Next>,
) -> Result<(Counts, Option<Next>), ApiError> {
    let token = match &at {
        Some(Next::Token(token)) => Some(token.as_str()),
        _ => None,
    };
    match operation {
        Operation::Deployments => deployments(api, organization, at).await,
        Operation::Members => Ok(counted(api.members(organization, token).await?, plain)),
        Operation::Environments => Ok(counted(api.environments(organization, token).await?, plain)),
        Operation::Teams => Ok((plain(api.teams(organization).await?), None)),
        Operation::PolicyGroups => Ok((plain(api.policy_groups(organization).await?), None)),
        Operation::PolicyPacks => Ok((plain(api.policy_packs(organization).await?), None)),
        Operation::PolicyResults => {
            let totals = api.policy_totals(organization).await?;
            let in_order = [
                totals.policies,
                totals.policies_with_issues,
                totals.resources,
                totals.resources_with_issues,
            ];
            Ok((
                in_order
                    .into_iter()
                    .enumerate()
                    .map(|(metric, value)| ((metric, vec![]), value))
                    .collect(),
                None,
            ))
        }
        Operation::Violations => {
            let kind = |kind: String| if kind.is_empty() { "unknown".to_owned() } else { kind };
            let page = api.violations(organization, token).await?;
            Ok(counted(page, |found| {
                tallied(found.into_iter().map(|(level, of)| vec![level, kind(of)]))
            }))
        }
        Operation::Tasks => {
            let page = api.tasks(organization, token).await?;
            Ok(counted(page, |statuses| {
                tallied(statuses.into_iter().map(|status| vec![status]))
            }))
        }
        Operation::Stacks | Operation::Updates | Operation::Events | Operation::AuditLog => Ok((Counts::new(), None)),
    }
}

/// One call tells all; a service that does not have it yet is asked for the list.
async fn deployments(api: &Api, organization: &str, at: Option<Next>) -> Result<(Counts, Option<Next>), ApiError> {
    let page = match at {
        Some(Next::Page(page)) => page,
        _ => match api.deployment_counts(organization).await {
            Ok(counts) => {
                let counts = counts.into_iter().map(|(status, count)| ((0, vec![status]), count));
                return Ok((counts.collect(), None));
            }
            Err(ApiError::Gone(_)) => 1,
            Err(error) => return Err(error),
        },
    };
    let found = api.deployments(organization, page).await?;
    let size = crate::api::DeploymentPage::SIZE;
    let is_last = found.statuses.is_empty() || i64::from(page) * size >= found.total;
    let counts = tallied(found.statuses.into_iter().map(|status| vec![status]));
    Ok((counts, (!is_last).then_some(Next::Page(page + 1))))
}

fn plain(count: i64) -> Counts {
    Counts::from([((0, vec![]), count)])
}

fn tallied(labels: impl Iterator<Item = Vec<String>>) -> Counts {
    let mut counts = Counts::new();
    labels.for_each(|labels| *counts.entry((0, labels)).or_default() += 1);
    counts
}

fn counted<T>(page: Page<T>, count: impl FnOnce(T) -> Counts) -> (Counts, Option<Next>) {
    (count(page.items), page.next.map(Next::Token))
}

/// The gauges are at what was counted.
pub(crate) fn show(series: &mut Series, organization: &Arc<str>, operation: Operation, counts: &Counts, now: u64) {
    for (place, metric) in metrics(operation).into_iter().enumerate() {
        let of_metric = counts.iter().filter(|((at, _), _)| *at == place);
        let labelled = of_metric.map(|((_, labels), count)| {
            let more = labels.iter().map(|label| Arc::from(label.as_str()));
            (std::iter::once(Arc::clone(organization)).chain(more).collect(), *count)
        });
        match metric.kind {
            Kind::Census => series.census(metric, &[Arc::clone(organization)], labelled.collect(), now),
            _ => labelled.for_each(|(labels, count)| series.set(metric, labels, count, now)),
        }
    }
}
