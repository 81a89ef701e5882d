//! Deployments of an organization.

use super::{Kind, Metric};

/// Deployments by status.
pub static DEPLOYMENT_STATUS: Metric = Metric {
    name: "pulumi_deployment_status",
    kind: Kind::Census,
    labels: &["org", "status"],
    help: "Deployments of an organization by status",
};
