//! Gauges: what is, now.

use std::collections::{BTreeMap, BTreeSet};

use super::series::Series;
use crate::world::{Organization, Stack, StackPath, World};

/// Metrics that count by a status, level or state.
const COUNTED_BY_STATE: &[&str] = &[
    "pulumi_deployment_status",
    "pulumi_org_policy_violations",
    "pulumi_org_neo_task_count",
];

/// Every gauge of these organizations.
pub(super) fn of(world: &World, organizations: &BTreeSet<String>) -> BTreeMap<Series, f64> {
    let mut gauges = BTreeMap::new();
    for (path, stack) in world.stacks() {
        if organizations.contains(&path.org) {
            gauges.extend(of_stack(path, stack));
        }
    }
    for (name, organization) in world.organizations() {
        if organizations.contains(name) {
            gauges.extend(of_organization(name, organization));
        }
    }
    gauges
}

/// A stack that was never updated has 0 resources and no time of its last update.
pub(super) fn of_stack(path: &StackPath, stack: &Stack) -> Vec<(Series, f64)> {
    let gauge = |metric, value: i64| (Series::of_stack(metric, path, &[]), value as f64);
    let mut gauges = vec![gauge("pulumi_stack_resource_count", stack.resource_count())];
    gauges.extend(
        stack
            .last_ended()
            .map(|end| gauge("pulumi_stack_last_update_timestamp", end)),
    );
    gauges
}

fn of_organization(name: &str, organization: &Organization) -> BTreeMap<Series, f64> {
    let policy = &organization.policy;
    let plain = [
        ("pulumi_org_member_count", organization.members as i64),
        ("pulumi_org_team_count", organization.teams as i64),
        ("pulumi_org_environment_count", organization.environments as i64),
        ("pulumi_org_policy_group_count", organization.policy_groups as i64),
        ("pulumi_org_policy_pack_count", organization.policy_packs as i64),
        ("pulumi_org_policy_total", policy.policies),
        ("pulumi_org_policy_with_issues", policy.policies_with_issues),
        ("pulumi_org_governed_resources_total", policy.resources),
        (
            "pulumi_org_governed_resources_with_issues",
            policy.resources_with_issues,
        ),
    ];
    let plain = plain.map(|(metric, value)| (Series::new(metric, &[("org", name)]), value as f64));
    let mut gauges = BTreeMap::from(plain);
    let mut one_more = |series: Series| *gauges.entry(series).or_insert(0.0) += 1.0;
    for run in &organization.deployments {
        let labels = [("org", name), ("status", run.status)];
        one_more(Series::new("pulumi_deployment_status", &labels));
    }
    for violation in &organization.violations {
        let kind = if violation.kind.is_empty() {
            "unknown"
        } else {
            &violation.kind
        };
        let labels = [("org", name), ("level", violation.level.as_str()), ("kind", kind)];
        one_more(Series::new("pulumi_org_policy_violations", &labels));
    }
    for task in &organization.tasks {
        let labels = [("org", name), ("status", task.status)];
        one_more(Series::new("pulumi_org_neo_task_count", &labels));
    }
    gauges
}

/// Counts by state that were above zero at the poll before and are not there now.
pub(super) fn falls_to_zero(
    before: &BTreeMap<Series, f64>,
    now: &BTreeMap<Series, f64>,
    organizations: &BTreeSet<String>,
) -> BTreeMap<Series, f64> {
    let configured = |series: &Series| series.label("org").is_some_and(|org| organizations.contains(org));
    before
        .iter()
        .filter(|(series, value)| COUNTED_BY_STATE.contains(&series.metric) && **value > 0.0)
        .filter(|(series, _)| configured(series) && !now.contains_key(*series))
        .map(|(series, _)| (series.clone(), 0.0))
        .collect()
}
