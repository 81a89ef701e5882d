//! The series as they are now: what is pushed and scraped.
//!
//! A series ends when what it is about does: its number by kind is 0 once more, where that says something, and then it is
//! marked as ended and forgotten.

mod histogram;

pub use histogram::Histogram;

use crate::metrics::{ALL, Kind, Metric};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The values of a series' labels, in the order of [`Metric::labels`].
pub type Labels = Vec<Arc<str>>;

/// What a series is at.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A gauge's or a counter's number.
    Int(i64),
    /// A histogram.
    Histogram(Box<Histogram>),
}

/// A series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What it is at.
    pub value: Value,
    /// When it was found to be so, Unix nanoseconds.
    pub time: u64,
    /// Since when it is counted, Unix nanoseconds; of sums and histograms.
    pub start: u64,
    state: State,
}

/// Where a series is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Live,
    /// It fell to nothing: 0 is said once.
    Zero,
    /// It is to be marked as ended.
    Ending,
}

impl Point {
    /// Whether its end is to be told instead of its value.
    pub fn is_ending(&self) -> bool {
        self.state == State::Ending
    }
}

/// All series, by metric.
#[derive(Clone, Debug)]
pub struct Series {
    families: Vec<(&'static Metric, BTreeMap<Labels, Point>)>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            families: ALL.iter().map(|metric| (*metric, BTreeMap::new())).collect(),
        }
    }
}

impl Series {
    /// The metrics that have series, each with them in order.
    pub fn families(&self) -> impl Iterator<Item = (&'static Metric, &BTreeMap<Labels, Point>)> {
        self.families.iter().map(|(metric, points)| (*metric, points))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.families.iter().map(|(_, points)| points.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A series, where there is one.
    pub fn get(&self, metric: &'static Metric, labels: &Labels) -> Option<&Point> {
        let (_, points) = self.families.iter().find(|(known, _)| std::ptr::eq(*known, metric))?;
        points.get(labels)
    }

    /// Leaves out, or changes, series one by one.
    pub fn retain(&mut self, mut keep: impl FnMut(&'static Metric, &Labels, &mut Point) -> bool) {
        for (metric, points) in &mut self.families {
            points.retain(|labels, point| keep(metric, labels, point));
        }
    }

    /// A gauge is at `value`.
    pub fn set(&mut self, metric: &'static Metric, labels: Labels, value: i64, now: u64) {
        let point = Point {
            value: Value::Int(value),
            time: now,
            start: 0,
            state: State::Live,
        };
        self.family(metric).insert(labels, point);
    }

    /// So many of each kind there are, of those whose labels begin with `prefix`; kinds that are not named any more fall to
    /// nothing.
    pub fn census(&mut self, metric: &'static Metric, prefix: &[Arc<str>], counts: BTreeMap<Labels, i64>, now: u64) {
        let gone: Vec<Labels> = self
            .family(metric)
            .keys()
            .filter(|labels| labels.starts_with(prefix) && counts.get(*labels).is_none_or(|count| *count == 0))
            .cloned()
            .collect();
        gone.iter().for_each(|labels| self.end(metric, labels, now));
        for (labels, count) in counts.into_iter().filter(|(_, count)| *count != 0) {
            self.set(metric, labels, count, now);
        }
    }

    /// A sum or a histogram is at `value` since `start`.
    pub fn put(&mut self, metric: &'static Metric, labels: Labels, value: Value, start: u64, now: u64) {
        let point = Point {
            value,
            time: now,
            start,
            state: State::Live,
        };
        self.family(metric).insert(labels, point);
    }

    /// What a series is about is no more.
    pub fn end(&mut self, metric: &'static Metric, labels: &Labels, now: u64) {
        if let Some(point) = self.family(metric).get_mut(labels)
            && point.state == State::Live
        {
            point.time = now;
            point.state = match metric.kind {
                Kind::Census => {
                    point.value = Value::Int(0);
                    State::Zero
                }
                _ => State::Ending,
            };
        }
    }

    /// All series whose labels begin with `prefix` end: a stack or an organization is gone.
    pub fn end_below(&mut self, prefix: &[Arc<str>], now: u64) {
        let below = |(metric, points): &(&'static Metric, BTreeMap<Labels, Point>)| {
            let from = points.range(prefix.to_vec()..);
            let labels: Vec<Labels> = from
                .take_while(|(labels, _)| labels.starts_with(prefix))
                .map(|(labels, _)| labels.clone())
                .collect();
            (*metric, labels)
        };
        let found: Vec<_> = self.families.iter().map(below).collect();
        for (metric, labels) in found {
            labels.iter().for_each(|labels| self.end(metric, labels, now));
        }
    }

    /// There are no series whose labels begin with `prefix`, and no ends to be told of any.
    pub fn forget(&mut self, prefix: &[Arc<str>]) {
        for (_, points) in &mut self.families {
            points.retain(|labels, _| !labels.starts_with(prefix));
        }
    }

    /// All were told as they are: those that fell to nothing are marked as ended next, and those that were are forgotten.
    pub fn told(&mut self) {
        for (_, points) in &mut self.families {
            points.retain(|_, point| point.state != State::Ending);
            for point in points.values_mut() {
                if point.state == State::Zero {
                    point.state = State::Ending;
                }
            }
        }
    }

    fn family(&mut self, metric: &'static Metric) -> &mut BTreeMap<Labels, Point> {
        let place = self.families.iter().position(|(known, _)| std::ptr::eq(*known, metric));
        let place = place.unwrap_or_else(|| {
            self.families.push((metric, BTreeMap::new()));
            self.families.len() - 1
        });
        &mut self.families[place].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{DEPLOYMENT_STATUS, STACK_RESOURCE_COUNT};

    fn labels(text: &str) -> Labels {
        text.split(' ').map(Arc::from).collect()
    }

    fn shown(series: &Series) -> Vec<String> {
        let points = series.families().flat_map(|(_, points)| points);
        let show = |(labels, point): (&Labels, &Point)| match point.value {
            Value::Int(value) if !point.is_ending() => format!("{}={value}", labels.join(" ")),
            _ => format!("{} ends", labels.join(" ")),
        };
        points.map(show).collect()
    }

    #[test]
    fn a_status_that_falls_to_nothing_is_zero_once_and_ends() {
        let mut series = Series::default();
        let counts = |all: &[(&str, i64)]| all.iter().map(|(text, count)| (labels(text), *count)).collect();
        series.census(
            &DEPLOYMENT_STATUS,
            &labels("o"),
            counts(&[("o running", 3), ("o failed", 1)]),
            1,
        );
        series.census(&DEPLOYMENT_STATUS, &labels("p"), counts(&[("p running", 2)]), 1);
        series.told();
        series.census(
            &DEPLOYMENT_STATUS,
            &labels("o"),
            counts(&[("o failed", 1), ("o running", 0)]),
            2,
        );
        assert_eq!(shown(&series), ["o failed=1", "o running=0", "p running=2"]);
        series.told();
        series.census(&DEPLOYMENT_STATUS, &labels("o"), counts(&[("o failed", 1)]), 3);
        assert_eq!(shown(&series), ["o failed=1", "o running ends", "p running=2"]);
        series.told();
        assert_eq!(shown(&series), ["o failed=1", "p running=2"]);
        series.census(&DEPLOYMENT_STATUS, &labels("o"), counts(&[("o running", 5)]), 4);
        assert_eq!(shown(&series), ["o failed=0", "o running=5", "p running=2"]);
    }

    #[test]
    fn a_stack_that_is_gone_takes_its_series_along_and_no_others() {
        let mut series = Series::default();
        for name in ["o a s", "o a s2", "o b s"] {
            series.set(&STACK_RESOURCE_COUNT, labels(name), 7, 1);
        }
        series.end_below(&labels("o a s"), 2);
        assert_eq!(shown(&series), ["o a s ends", "o a s2=7", "o b s=7"]);
        // It came back before its end was told.
        series.set(&STACK_RESOURCE_COUNT, labels("o a s"), 8, 3);
        series.told();
        assert_eq!(shown(&series), ["o a s=8", "o a s2=7", "o b s=7"]);
    }
}
