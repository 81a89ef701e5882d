//! Sums as differences, for receivers that want those (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`).
//!
//! A difference is told once, so that what was told is kept with the state: a restart tells neither twice nor leaves out.

use crate::metrics::{ALL, Kind, Metric};
use crate::series::{Histogram, Labels, Series, Value};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What receivers were told of each sum.
#[derive(Clone, Debug, Default)]
pub struct Told {
    sums: HashMap<&'static str, HashMap<Labels, Sum>>,
    /// When they were told, Unix nanoseconds.
    at: u64,
}

/// A sum as it was told.
#[derive(Clone, Debug, PartialEq)]
struct Sum {
    value: Value,
    /// Since when it was counted: another start is another sum.
    start: u64,
}

/// A row of the kept form.
#[derive(Serialize, Deserialize)]
struct Row {
    metric: String,
    labels: Vec<String>,
    start: u64,
    count: i64,
    histogram: Option<(Vec<u64>, f64)>,
}

impl Told {
    /// All sums as they are were told, or are none of the receiver's business.
    pub fn all(series: &Series, now: u64) -> Self {
        let mut told = Self::default();
        told.advance(series, series, usize::MAX, now);
        told
    }

    /// Reads the kept form; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, rows): (u64, Vec<Row>) = serde_json::from_str(text).ok()?;
        let mut told = Self { at, ..Self::default() };
        for row in rows {
            // A metric that is no more has nothing to tell.
            let Some(metric) = ALL.into_iter().find(|metric| metric.name == row.metric) else {
                continue;
            };
            let value = match row.histogram {
                None => Value::Int(row.count),
                Some((buckets, sum)) => Value::Histogram(Box::new(Histogram {
                    buckets,
                    sum,
                    min: f64::INFINITY,
                    max: f64::NEG_INFINITY,
                })),
            };
            let labels = row.labels.into_iter().map(Arc::from).collect();
            let start = row.start;
            told.sums
                .entry(metric.name)
                .or_default()
                .insert(labels, Sum { value, start });
        }
        Some(told)
    }

    /// The form that is kept.
    pub fn to_text(&self) -> String {
        let sums = self.sums.iter();
        let rows = sums.flat_map(|(metric, sums)| sums.iter().map(move |(labels, sum)| (metric, labels, sum)));
        let rows = rows.map(|(metric, labels, sum)| {
            let (count, histogram) = match &sum.value {
                Value::Int(value) => (*value, None),
                Value::Histogram(value) => (0, Some((value.buckets.clone(), value.sum))),
            };
            Row {
                metric: (*metric).to_owned(),
                labels: labels.iter().map(ToString::to_string).collect(),
                start: sum.start,
                count,
                histogram,
            }
        });
        // Numbers and texts are always JSON.
        serde_json::to_string(&(self.at, rows.collect::<Vec<_>>())).unwrap_or_default()
    }

    /// The series with sums as differences to what was told; sums of which there is nothing new are left out.
    pub fn differences(&self, series: &Series) -> Series {
        let mut differences = series.clone();
        differences.retain(|metric, labels, point| {
            if !is_sum(metric) {
                return true;
            }
            let before = self.before(metric, labels, point.start);
            match difference(&point.value, before.map(|sum| &sum.value)) {
                Some(value) if !point.is_ending() => {
                    point.value = value;
                    point.start = before.map_or(point.start, |_| self.at);
                    true
                }
                _ => false,
            }
        });
        differences
    }

    /// The first `count` points of the differences between what was told and `series` are told now.
    pub fn advance(&mut self, series: &Series, differences: &Series, count: usize, now: u64) {
        let points = differences
            .families()
            .flat_map(|(metric, points)| points.keys().map(move |labels| (metric, labels)));
        for (metric, labels) in points.take(count).filter(|(metric, _)| is_sum(metric)) {
            if let Some(point) = series.get(metric, labels) {
                let (value, start) = (point.value.clone(), point.start);
                self.sums
                    .entry(metric.name)
                    .or_default()
                    .insert(labels.clone(), Sum { value, start });
            }
        }
        self.at = now;
    }

    fn before(&self, metric: &Metric, labels: &Labels, start: u64) -> Option<&Sum> {
        let sum = self.sums.get(metric.name)?.get(labels)?;
        (sum.start == start).then_some(sum)
    }
}

fn is_sum(metric: &Metric) -> bool {
    matches!(metric.kind, Kind::Counter | Kind::Histogram(_))
}

/// What is new; `None` when nothing is. Extremes of a part are not known.
fn difference(now: &Value, before: Option<&Value>) -> Option<Value> {
    match (now, before) {
        (Value::Int(now), before) => {
            let before = if let Some(Value::Int(before)) = before {
                *before
            } else {
                0
            };
            Some(now - before).filter(|new| *new > 0).map(Value::Int)
        }
        (Value::Histogram(now), Some(Value::Histogram(before))) if now.buckets.len() == before.buckets.len() => {
            let pairs = now.buckets.iter().zip(&before.buckets);
            let new = Histogram {
                buckets: pairs.map(|(now, before)| now.saturating_sub(*before)).collect(),
                sum: now.sum - before.sum,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
            };
            (new.count() > 0).then(|| Value::Histogram(Box::new(new)))
        }
        (Value::Histogram(now), _) => (now.count() > 0).then(|| Value::Histogram(now.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{UPDATE_DURATION_SECONDS, UPDATE_TOTAL};

    fn labels(text: &str) -> Labels {
        text.split(' ').map(Arc::from).collect()
    }

    fn shown(series: &Series) -> Vec<(String, i64, u64)> {
        let points = series.families().flat_map(|(_, points)| points);
        let show = |(labels, point): (&Labels, &crate::series::Point)| match &point.value {
            Value::Int(value) => (labels.join(" "), *value, point.start),
            Value::Histogram(value) => (labels.join(" "), value.count().cast_signed(), point.start),
        };
        points.map(show).collect()
    }

    fn histogram(values: &[f64]) -> Value {
        let Kind::Histogram(bounds) = UPDATE_DURATION_SECONDS.kind else {
            panic!()
        };
        let mut histogram = Histogram::new(bounds);
        values.iter().for_each(|value| histogram.record(bounds, *value));
        Value::Histogram(Box::new(histogram))
    }

    /// Scenario: sums grow, a push is taken in part, the exporter starts again. Guarantees: each count is in one difference.
    #[test]
    fn each_count_is_told_once() {
        let mut series = Series::default();
        series.put(&UPDATE_TOTAL, labels("a"), Value::Int(3), 10, 20);
        series.put(&UPDATE_TOTAL, labels("b"), Value::Int(1), 10, 20);
        series.put(
            &UPDATE_DURATION_SECONDS,
            labels("a"),
            histogram(&[1.0, 7.0, 9.0]),
            10,
            20,
        );
        let mut told = Told::default();
        let all = [
            ("a".to_owned(), 3, 10),
            ("b".to_owned(), 1, 10),
            ("a".to_owned(), 3, 10),
        ];
        assert_eq!(shown(&told.differences(&series)), all);
        let differences = told.differences(&series);
        told.advance(&series, &differences, 1, 30);
        let mut told = Told::parse(&told.to_text()).unwrap();
        assert_eq!(shown(&told.differences(&series)), all[1..]);
        let differences = told.differences(&series);
        told.advance(&series, &differences, 2, 40);
        assert_eq!(shown(&told.differences(&series)), []);

        series.put(&UPDATE_TOTAL, labels("a"), Value::Int(5), 10, 50);
        series.put(
            &UPDATE_DURATION_SECONDS,
            labels("a"),
            histogram(&[1.0, 7.0, 9.0, 7.0]),
            10,
            50,
        );
        // It was made anew.
        series.put(&UPDATE_TOTAL, labels("b"), Value::Int(1), 45, 50);
        let mut told = Told::parse(&told.to_text()).unwrap();
        let differences = told.differences(&series);
        let new = [
            ("a".to_owned(), 2, 40),
            ("b".to_owned(), 1, 45),
            ("a".to_owned(), 1, 40),
        ];
        assert_eq!(shown(&differences), new);
        let Value::Histogram(new) = &differences.get(&UPDATE_DURATION_SECONDS, &labels("a")).unwrap().value else {
            panic!()
        };
        assert_eq!((new.sum, new.buckets[1]), (7.0, 1));
        told.advance(&series, &differences, usize::MAX, 60);
        assert_eq!(shown(&told.differences(&series)), []);
    }

    #[test]
    fn what_was_counted_before_anybody_asked_is_told_to_nobody() {
        let mut series = Series::default();
        series.put(&UPDATE_TOTAL, labels("a"), Value::Int(3), 10, 20);
        let told = Told::all(&series, 25);
        series.put(&UPDATE_TOTAL, labels("a"), Value::Int(4), 10, 30);
        assert_eq!(shown(&told.differences(&series)), [("a".to_owned(), 1, 25)]);
        assert!(Told::parse("{").is_none());
    }
}
