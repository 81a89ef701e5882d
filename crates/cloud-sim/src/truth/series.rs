//! Metrics, their labels, and the one histogram.

use std::fmt;

use crate::world::StackPath;

/// Names of the 17 metrics, as their instruments are called.
pub const METRICS: &[&str] = &[
    "pulumi_stack_resource_count",
    "pulumi_stack_last_update_timestamp",
    "pulumi_update_total",
    "pulumi_update_duration_seconds",
    "pulumi_update_resource_changes",
    "pulumi_deployment_status",
    "pulumi_org_policy_violations",
    "pulumi_org_neo_task_count",
    "pulumi_org_member_count",
    "pulumi_org_team_count",
    "pulumi_org_environment_count",
    "pulumi_org_policy_group_count",
    "pulumi_org_policy_pack_count",
    "pulumi_org_policy_total",
    "pulumi_org_policy_with_issues",
    "pulumi_org_governed_resources_total",
    "pulumi_org_governed_resources_with_issues",
];

/// Upper bounds of the histogram's buckets in seconds, each included in its bucket.
pub const BOUNDS: [f64; 8] = [5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

/// A metric with its labels, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// One of [`METRICS`].
    pub metric: &'static str,
    /// Keys and values.
    pub labels: Vec<(&'static str, String)>,
}

impl Series {
    /// The series of these labels in any order.
    pub fn new(metric: &'static str, labels: &[(&'static str, &str)]) -> Self {
        let mut labels: Vec<_> = labels.iter().map(|&(key, value)| (key, value.to_owned())).collect();
        labels.sort_unstable();
        Self { metric, labels }
    }

    /// The series of a stack and further labels.
    pub fn of_stack(metric: &'static str, path: &StackPath, more: &[(&'static str, &str)]) -> Self {
        let mut labels = vec![
            ("org", path.org.as_str()),
            ("project", path.project.as_str()),
            ("stack", path.stack.as_str()),
        ];
        labels.extend_from_slice(more);
        Self::new(metric, &labels)
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| *label == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The stack that the labels name.
    pub fn path(&self) -> Option<StackPath> {
        Some(StackPath::new(
            self.label("org")?,
            self.label("project")?,
            self.label("stack")?,
        ))
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value:?}"))
            .collect();
        write!(f, "{}{{{}}}", self.metric, labels.join(","))
    }
}

/// Durations by bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// Values in each bucket; the last one takes those above every bound.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// Values in all.
    pub count: u64,
    /// Their sum, seconds.
    pub sum: f64,
    /// The least, seconds.
    pub min: f64,
    /// The greatest, seconds.
    pub max: f64,
}

impl Histogram {
    /// One more value.
    pub fn record(&mut self, seconds: f64) {
        let bucket = BOUNDS.iter().filter(|bound| seconds > **bound).count();
        self.buckets[bucket] += 1;
        self.min = if self.count == 0 {
            seconds
        } else {
            self.min.min(seconds)
        };
        self.max = self.max.max(seconds);
        self.count += 1;
        self.sum += seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let mut histogram = Histogram::default();
        for seconds in [0.0, 5.0, 6.0, 1_800.0, 1_801.0] {
            histogram.record(seconds);
        }
        assert_eq!(histogram.buckets, [2, 1, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(
            (histogram.count, histogram.sum, histogram.min, histogram.max),
            (5, 3_612.0, 0.0, 1_801.0)
        );
    }

    #[test]
    fn labels_have_no_order() {
        let one = Series::new("pulumi_deployment_status", &[("status", "failed"), ("org", "acme")]);
        let other = Series::new("pulumi_deployment_status", &[("org", "acme"), ("status", "failed")]);
        assert_eq!(one, other);
        assert_eq!(
            one.to_string(),
            r#"pulumi_deployment_status{org="acme",status="failed"}"#
        );
    }

    #[test]
    fn the_17_metrics_are_different_ones() {
        let names: std::collections::BTreeSet<_> = METRICS.iter().collect();
        assert_eq!(names.len(), 17);
    }
}
