//! Updates that have ended: each counted once, with its final result.

use super::{Kind, Metric};

const BY_RESULT: &[&str] = &["org", "project", "stack", "kind", "result"];

/// Updates.
pub static UPDATE_TOTAL: Metric = Metric {
    name: "pulumi_update_total",
    kind: Kind::Counter,
    labels: BY_RESULT,
    help: "Updates that have ended, by what they were and how they ended",
};

/// How long they took, in seconds.
pub static UPDATE_DURATION_SECONDS: Metric = Metric {
    name: "pulumi_update_duration_seconds",
    kind: Kind::Histogram(&[5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0]),
    labels: BY_RESULT,
    help: "How long updates took, in seconds",
};

/// What they did to resources.
pub static UPDATE_RESOURCE_CHANGES: Metric = Metric {
    name: "pulumi_update_resource_changes",
    kind: Kind::Counter,
    labels: &["org", "project", "stack", "kind", "operation"],
    help: "What updates did to resources: how many of each operation",
};
