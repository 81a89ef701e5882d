//! Policies of an organization, and what they found.

use super::{Kind, Metric, org_gauge};

/// Violations by enforcement level and kind.
pub static POLICY_VIOLATIONS: Metric = Metric {
    name: "pulumi_org_policy_violations",
    kind: Kind::Census,
    labels: &["org", "level", "kind"],
    help: "Policy violations by enforcement level and kind",
};

/// Policy groups.
pub static POLICY_GROUP_COUNT: Metric = org_gauge("pulumi_org_policy_group_count", "Policy groups of an organization");

/// Policy packs.
pub static POLICY_PACK_COUNT: Metric = org_gauge("pulumi_org_policy_pack_count", "Policy packs of an organization");

/// Policies.
pub static POLICY_TOTAL: Metric = org_gauge("pulumi_org_policy_total", "Policies that are in force");

/// Policies that found something.
pub static POLICY_WITH_ISSUES: Metric = org_gauge("pulumi_org_policy_with_issues", "Policies that found something");

/// Resources that policies look at.
pub static GOVERNED_RESOURCES_TOTAL: Metric =
    org_gauge("pulumi_org_governed_resources_total", "Resources that policies look at");

/// Resources with findings.
pub static GOVERNED_RESOURCES_WITH_ISSUES: Metric = org_gauge(
    "pulumi_org_governed_resources_with_issues",
    "Resources in which policies found something",
);
