//! The metrics, one row each; names, labels and bounds are those of pulumi-exporter, so that its dashboards and alerts go on.
//!
//! A family is a file here. Reference table, `/metrics`, what is pushed and the test that each one is emitted come from the rows.

mod agents;
mod deployments;
mod organization;
mod policy;
mod stacks;
mod updates;

pub use agents::NEO_TASK_COUNT;
pub use deployments::DEPLOYMENT_STATUS;
pub use organization::{ENVIRONMENT_COUNT, MEMBER_COUNT, TEAM_COUNT};
pub use policy::{
    GOVERNED_RESOURCES_TOTAL, GOVERNED_RESOURCES_WITH_ISSUES, POLICY_GROUP_COUNT, POLICY_PACK_COUNT, POLICY_TOTAL,
    POLICY_VIOLATIONS, POLICY_WITH_ISSUES,
};
pub use stacks::{STACK_LAST_UPDATE_TIMESTAMP, STACK_RESOURCE_COUNT};
pub use updates::{UPDATE_DURATION_SECONDS, UPDATE_RESOURCE_CHANGES, UPDATE_TOTAL};

/// A metric of the exporter.
#[derive(Debug, PartialEq)]
pub struct Metric {
    /// Its OTLP name. None has a unit, for Prometheus would put it into the name.
    pub name: &'static str,
    /// What kind of series it has.
    pub kind: Kind,
    /// The keys of its attributes, in the order in which their values are kept.
    pub labels: &'static [&'static str],
    /// What it says, for people.
    pub help: &'static str,
}

/// What kind of series a metric has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The last value, an integer.
    Gauge,
    /// The last value, of which there may be none: it has no zero that means anything.
    Timestamp,
    /// How many of each kind there are: one that falls to nothing is 0 once and ends.
    Census,
    /// A cumulative, monotonic sum of integers.
    Counter,
    /// A cumulative histogram with these bounds, which belong to the bucket below them.
    Histogram(&'static [f64]),
}

/// All of them, in the order of the reference.
pub static ALL: [&Metric; 17] = [
    &STACK_RESOURCE_COUNT,
    &STACK_LAST_UPDATE_TIMESTAMP,
    &UPDATE_TOTAL,
    &UPDATE_DURATION_SECONDS,
    &UPDATE_RESOURCE_CHANGES,
    &DEPLOYMENT_STATUS,
    &POLICY_VIOLATIONS,
    &NEO_TASK_COUNT,
    &MEMBER_COUNT,
    &TEAM_COUNT,
    &ENVIRONMENT_COUNT,
    &POLICY_GROUP_COUNT,
    &POLICY_PACK_COUNT,
    &POLICY_TOTAL,
    &POLICY_WITH_ISSUES,
    &GOVERNED_RESOURCES_TOTAL,
    &GOVERNED_RESOURCES_WITH_ISSUES,
];

const ORG: &[&str] = &["org"];
const STACK: &[&str] = &["org", "project", "stack"];

const fn org_gauge(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        labels: ORG,
        help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The reference in docs/cloud.md is made of the rows: `UPDATE_DOCS=1 cargo test -p sitelog-cloud` writes it.
    #[test]
    fn the_reference_is_that_of_the_rows() {
        let mut table = String::from("| metric | kind | attributes | says |\n| --- | --- | --- | --- |\n");
        for metric in ALL {
            let kind = match metric.kind {
                Kind::Gauge | Kind::Timestamp | Kind::Census => "gauge",
                Kind::Counter => "counter",
                Kind::Histogram(_) => "histogram",
            };
            let labels = metric.labels.join("` `");
            table += &format!("| `{}` | {kind} | `{labels}` | {} |\n", metric.name, metric.help);
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cloud.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (head, rest) = page.split_once("<!-- metrics: begin -->\n").unwrap();
        let (found, tail) = rest.split_once("<!-- metrics: end -->").unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let page = format!("{head}<!-- metrics: begin -->\n{table}<!-- metrics: end -->{tail}");
            std::fs::write(path, page).unwrap();
        } else {
            assert_eq!(found, table, "run `UPDATE_DOCS=1 cargo test -p sitelog-cloud`");
        }
    }

    #[test]
    fn rows_are_sound() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert!(
                metric.name.starts_with("pulumi_") && metric.labels[0] == "org",
                "{metric:?}"
            );
            assert!(metric.help.len() > 10 && !metric.help.ends_with('.'), "{metric:?}");
        }
    }
}
