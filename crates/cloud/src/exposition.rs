//! Series as text for Prometheus to scrape, with the names that it makes of what is pushed to it over OTLP.
//!
//! OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>) when it is asked for, else the older text
//! format 0.0.4: the same but for the end mark and the place of `_total`.

use crate::metrics::{Kind, Metric};
use crate::series::{Histogram, Labels, Point, Series, Value};
use std::fmt::Write;

/// A form of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain; version=0.0.4`.
    Text,
    /// `application/openmetrics-text; version=1.0.0`.
    OpenMetrics,
}

impl Format {
    /// What an `Accept` header asks for.
    pub fn of_accept(accept: &str) -> Self {
        match accept.contains("application/openmetrics-text") {
            true => Self::OpenMetrics,
            false => Self::Text,
        }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes all series that have not ended.
pub fn write(series: &Series, format: Format, out: &mut String) {
    for (metric, points) in series.families() {
        let mut live = points.iter().filter(|(_, point)| !point.is_ending()).peekable();
        if live.peek().is_none() {
            continue;
        }
        head(metric.name, metric.kind, metric.help, format, out);
        for (labels, point) in live {
            sample(metric, labels, point, out);
        }
    }
}

/// What ends the text.
pub fn end(format: Format, out: &mut String) {
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
}

/// The lines before a metric's samples.
pub fn head(name: &str, kind: Kind, help: &str, format: Format, out: &mut String) {
    let kind = match kind {
        Kind::Gauge | Kind::Timestamp | Kind::Census => "gauge",
        Kind::Counter => "counter",
        Kind::Histogram(_) => "histogram",
    };
    // A counter's family has no `_total` in OpenMetrics, and its samples always have.
    let family = match (kind, format) {
        ("counter", Format::OpenMetrics) => name.strip_suffix("_total").unwrap_or(name).to_owned(),
        ("counter", Format::Text) => total(name),
        _ => name.to_owned(),
    };
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    // A String takes whatever is written.
    let _ = writeln!(out, "# HELP {family} {help}\n# TYPE {family} {kind}");
}

/// The name of a counter's samples.
pub fn total(name: &str) -> String {
    match name.ends_with("_total") {
        true => name.to_owned(),
        false => format!("{name}_total"),
    }
}

fn sample(metric: &Metric, labels: &Labels, point: &Point, out: &mut String) {
    let pairs: Vec<(&str, &str)> = metric
        .labels
        .iter()
        .copied()
        .zip(labels.iter().map(|label| &**label))
        .collect();
    match (&point.value, metric.kind) {
        (Value::Int(value), Kind::Counter) => line(&total(metric.name), &pairs, *value, out),
        (Value::Int(value), _) => line(metric.name, &pairs, *value, out),
        (Value::Histogram(histogram), Kind::Histogram(bounds)) => buckets(metric.name, &pairs, histogram, bounds, out),
        (Value::Histogram(_), _) => {}
    }
}

fn buckets(name: &str, pairs: &[(&str, &str)], histogram: &Histogram, bounds: &[f64], out: &mut String) {
    let mut count = 0;
    let bounds = bounds.iter().map(|bound| format!("{bound:?}"));
    for (bucket, bound) in histogram.buckets.iter().zip(bounds.chain(["+Inf".to_owned()])) {
        count += bucket;
        let with: Vec<(&str, &str)> = pairs.iter().copied().chain([("le", bound.as_str())]).collect();
        line(&format!("{name}_bucket"), &with, count, out);
    }
    line(&format!("{name}_sum"), pairs, histogram.sum, out);
    line(&format!("{name}_count"), pairs, histogram.count(), out);
}

/// A sample.
pub fn line(name: &str, pairs: &[(&str, &str)], value: impl std::fmt::Display, out: &mut String) {
    out.push_str(name);
    for (place, (key, value)) in pairs.iter().enumerate() {
        out.push(if place == 0 { '{' } else { ',' });
        out.push_str(key);
        out.push_str("=\"");
        for letter in value.chars() {
            match letter {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                other => out.push(other),
            }
        }
        out.push('"');
    }
    if !pairs.is_empty() {
        out.push('}');
    }
    let _ = writeln!(out, " {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{STACK_RESOURCE_COUNT, UPDATE_DURATION_SECONDS, UPDATE_RESOURCE_CHANGES, UPDATE_TOTAL};
    use std::sync::Arc;

    fn series() -> Series {
        let labels = |all: &[&str]| all.iter().map(|label| Arc::from(*label)).collect::<Labels>();
        let mut series = Series::default();
        series.set(&STACK_RESOURCE_COUNT, labels(&["o", "a\"b\\", "s\n1"]), 7, 1);
        series.set(&STACK_RESOURCE_COUNT, labels(&["o", "p", "gone"]), 7, 1);
        series.end(&STACK_RESOURCE_COUNT, &labels(&["o", "p", "gone"]), 1);
        let update = labels(&["o", "p", "s", "update", "failed"]);
        series.put(&UPDATE_TOTAL, update.clone(), Value::Int(2), 1, 1);
        let create = labels(&["o", "p", "s", "update", "create"]);
        series.put(&UPDATE_RESOURCE_CHANGES, create, Value::Int(9), 1, 1);
        let Kind::Histogram(bounds) = UPDATE_DURATION_SECONDS.kind else {
            panic!("a histogram");
        };
        let mut histogram = Histogram::new(bounds);
        histogram.record(bounds, 5.0);
        histogram.record(bounds, 2000.5);
        series.put(
            &UPDATE_DURATION_SECONDS,
            update,
            Value::Histogram(Box::new(histogram)),
            1,
            1,
        );
        series
    }

    #[test]
    fn names_are_those_that_prometheus_makes_of_otlp() {
        let mut text = String::new();
        write(&series(), Format::Text, &mut text);
        for line in [
            "# TYPE pulumi_update_total counter",
            "pulumi_stack_resource_count{org=\"o\",project=\"a\\\"b\\\\\",stack=\"s\\n1\"} 7",
            "pulumi_update_total{org=\"o\",project=\"p\",stack=\"s\",kind=\"update\",result=\"failed\"} 2",
            "pulumi_update_resource_changes_total{org=\"o\",project=\"p\",stack=\"s\",kind=\"update\",operation=\"create\"} 9",
            "pulumi_update_duration_seconds_bucket{org=\"o\",project=\"p\",stack=\"s\",kind=\"update\",result=\"failed\",le=\"5.0\"} 1",
            "pulumi_update_duration_seconds_bucket{org=\"o\",project=\"p\",stack=\"s\",kind=\"update\",result=\"failed\",le=\"+Inf\"} 2",
            "pulumi_update_duration_seconds_sum{org=\"o\",project=\"p\",stack=\"s\",kind=\"update\",result=\"failed\"} 2005.5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("gone"));
    }

    #[test]
    fn open_metrics_has_its_own_family_names_and_an_end() {
        let mut text = String::new();
        write(&series(), Format::OpenMetrics, &mut text);
        end(Format::OpenMetrics, &mut text);
        assert!(text.contains("# TYPE pulumi_update counter\n") && text.contains("\npulumi_update_total{"));
        assert!(text.ends_with("# EOF\n"));
        assert_eq!(
            Format::of_accept("application/openmetrics-text;version=1.0.0,*/*"),
            Format::OpenMetrics
        );
    }
}
