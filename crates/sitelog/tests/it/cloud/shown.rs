//! What `/metrics` shows, and what it must show.

use super::running::Running;
use sitelog_cloud_sim::{BOUNDS, Histogram, Series, Truth};
use std::collections::{BTreeMap, BTreeSet};

/// Counts that end a while after they have fallen to nothing.
const BY_STATE: [&str; 3] = [
    "pulumi_deployment_status",
    "pulumi_org_policy_violations",
    "pulumi_org_neo_task_count",
];

/// Samples by name and labels, in the order of the labels' names.
pub(crate) type Samples = BTreeMap<String, f64>;

/// Every sample of Pulumi's metrics.
pub(crate) fn samples(running: &Running) -> Samples {
    let text = running.try_get("/metrics").map(|(_, text)| text).unwrap_or_default();
    let pulumi = text.lines().filter(|line| line.starts_with("pulumi_"));
    pulumi.map(sample).collect()
}

/// No label of the simulation holds a comma or a quote.
fn sample(line: &str) -> (String, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap();
    let mut labels: Vec<&str> = labels.split(',').collect();
    labels.sort_unstable();
    (format!("{name}{{{}}}", labels.join(",")), value.parse().unwrap())
}

/// What a truth is as samples.
pub(crate) fn wanted(truth: &Truth) -> Samples {
    let mut wanted = Samples::new();
    for (series, value) in &truth.gauges {
        wanted.insert(name(series.metric, series, None), *value);
    }
    for (series, sum) in &truth.sums {
        let metric = format!("{}_total", series.metric.trim_end_matches("_total"));
        wanted.insert(name(&metric, series, None), *sum as f64);
    }
    for (series, histogram) in &truth.histograms {
        put(&mut wanted, series, histogram);
    }
    wanted
}

fn put(wanted: &mut Samples, series: &Series, histogram: &Histogram) {
    let bounds = BOUNDS
        .iter()
        .map(|bound| format!("{bound:?}"))
        .chain(["+Inf".to_owned()]);
    let mut count = 0;
    for (bound, bucket) in bounds.zip(histogram.buckets) {
        count += bucket;
        let metric = format!("{}_bucket", series.metric);
        wanted.insert(name(&metric, series, Some(&bound)), count as f64);
    }
    wanted.insert(name(&format!("{}_sum", series.metric), series, None), histogram.sum);
    wanted.insert(
        name(&format!("{}_count", series.metric), series, None),
        histogram.count as f64,
    );
}

fn name(metric: &str, series: &Series, bound: Option<&str>) -> String {
    let labels = series.labels.iter().map(|(key, value)| (*key, value.as_str()));
    let mut labels: Vec<String> = labels
        .chain(bound.map(|bound| ("le", bound)))
        .map(|(key, value)| format!("{key}=\"{value}\""))
        .collect();
    labels.sort_unstable();
    format!("{metric}{{{}}}", labels.join(","))
}

/// Where what is shown is not what is wanted, a line each. What fell to nothing may be 0 or gone.
pub(crate) fn differences(shown: &Samples, wanted: &Samples) -> Vec<String> {
    let is_nothing = |series: &String, samples: &Samples| {
        BY_STATE.iter().any(|metric| series.starts_with(metric)) && samples.get(series) == Some(&0.0)
    };
    let all: BTreeSet<&String> = shown.keys().chain(wanted.keys()).collect();
    all.into_iter()
        .filter(|series| shown.get(*series) != wanted.get(*series))
        .filter(|series| !is_nothing(series, shown) && !is_nothing(series, wanted))
        .map(|series| {
            let (shown, wanted) = (shown.get(series), wanted.get(series));
            format!("{series}: shown {shown:?}, is {wanted:?}")
        })
        .collect()
}

/// The exporter shows the truth, and nothing else.
#[track_caller]
pub(crate) fn assert_true(running: &Running, truth: &Truth) {
    let differences = differences(&samples(running), &wanted(truth));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
