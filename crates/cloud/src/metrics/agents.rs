//! Tasks of Pulumi's agents (Neo).

use super::{Kind, Metric};

/// Tasks by status.
pub static NEO_TASK_COUNT: Metric = Metric {
    name: "pulumi_org_neo_task_count",
    kind: Kind::Census,
    labels: &["org", "status"],
    help: "Tasks of Neo agents by status",
};
