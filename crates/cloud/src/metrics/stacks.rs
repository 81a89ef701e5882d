//! What the list of stacks says.

use super::{Kind, Metric, STACK};

/// Resources of each stack.
pub static STACK_RESOURCE_COUNT: Metric = Metric {
    name: "pulumi_stack_resource_count",
    kind: Kind::Gauge,
    labels: STACK,
    help: "Resources that a stack has",
};

/// The end of each stack's last update that has ended.
pub static STACK_LAST_UPDATE_TIMESTAMP: Metric = Metric {
    name: "pulumi_stack_last_update_timestamp",
    kind: Kind::Timestamp,
    labels: STACK,
    help: "When the last update that has ended did so, Unix seconds",
};
