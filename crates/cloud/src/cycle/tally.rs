//! What counted updates add to the sums.

use super::book::Place;
use crate::counting::Update;
use crate::metrics::{Kind, Metric, UPDATE_DURATION_SECONDS, UPDATE_RESOURCE_CHANGES, UPDATE_TOTAL};
use crate::series::{Histogram, Labels, Series, Value};
use crate::state::SumRow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sums as they are after some updates.
pub(crate) struct Tally<'a> {
    series: &'a Series,
    rows: BTreeMap<(&'static str, Labels), SumRow>,
}

impl<'a> Tally<'a> {
    /// On top of what there is.
    pub(crate) fn new(series: &'a Series) -> Self {
        Self {
            series,
            rows: BTreeMap::new(),
        }
    }

    /// Adds an update of the stack at `place`; a series that begins with it counts since `start`.
    pub(crate) fn add(&mut self, place: &Place, update: &Update, start: u64, name: &mut impl FnMut(&str) -> Arc<str>) {
        let mut labels = |last: &str| -> Labels {
            let [organization, project, stack] = place.each_ref().map(Arc::clone);
            vec![organization, project, stack, name(&update.kind), name(last)]
        };
        let by_result = labels(&update.result);
        let by_operation: Vec<_> = update
            .changes
            .iter()
            .map(|(operation, count)| (labels(operation), *count))
            .collect();
        self.count(&UPDATE_TOTAL, by_result.clone(), start, 1);
        for (labels, count) in by_operation {
            self.count(&UPDATE_RESOURCE_CHANGES, labels, start, count);
        }
        let row = self.row(&UPDATE_DURATION_SECONDS, by_result, start);
        if let (Value::Histogram(histogram), Kind::Histogram(bounds)) = (&mut row.value, row.metric.kind) {
            histogram.record(bounds, update.seconds());
        }
    }

    fn count(&mut self, metric: &'static Metric, labels: Labels, start: u64, count: i64) {
        if let Value::Int(value) = &mut self.row(metric, labels, start).value {
            // A sum never falls.
            *value = value.saturating_add(count.max(0));
        }
    }

    fn row(&mut self, metric: &'static Metric, labels: Labels, start: u64) -> &mut SumRow {
        let series = self.series;
        self.rows
            .entry((metric.name, labels))
            .or_insert_with_key(|(_, labels)| {
                let known = series.get(metric, labels);
                let empty = || match metric.kind {
                    Kind::Histogram(bounds) => Value::Histogram(Box::new(Histogram::new(bounds))),
                    _ => Value::Int(0),
                };
                SumRow {
                    metric,
                    labels: labels.clone(),
                    start: known.map_or(start, |point| point.start),
                    value: known.map_or_else(empty, |point| point.value.clone()),
                }
            })
    }

    /// The sums that have changed.
    pub(crate) fn rows(self) -> Vec<SumRow> {
        self.rows.into_values().collect()
    }
}
