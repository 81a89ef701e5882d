//! How many series and attribute keys a tenant has: what fills the indexes of those it is delivered to.
//!
//! Known by 64-bit hash, for one to two hours after it was seen last. A request that brings more than there is room for is
//! refused whole, and nothing of it counts.

use crate::limits::TenantLimits;
use crate::refusal::{Limit, Refusal};
use crate::wire::each;
use sitelog_model::Signal;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was not seen for so long, and up to twice that, is forgotten.
const WINDOW: Duration = Duration::from_secs(3600);

/// The series and keys of one tenant.
pub(crate) struct Census {
    hasher: RandomState,
    state: Mutex<State>,
}

struct State {
    since: Option<Instant>,
    series: Seen,
    keys: Seen,
}

/// Hashes that were seen in this window, and those seen in the one before only.
#[derive(Default)]
struct Seen {
    now: HashSet<u64>,
    before: HashSet<u64>,
}

impl Seen {
    fn len(&self) -> usize {
        self.now.len() + self.before.len()
    }

    fn has(&self, hash: u64) -> bool {
        self.now.contains(&hash) || self.before.contains(&hash)
    }

    /// Whether there is room for those of `all` that are new; with room they are seen.
    fn admit(&mut self, all: &HashSet<u64>, limit: usize) -> bool {
        let new = all.iter().filter(|hash| !self.has(**hash)).count();
        if new > 0 && self.len() + new > limit {
            return false;
        }
        for hash in all {
            self.before.remove(hash);
            self.now.insert(*hash);
        }
        true
    }

    fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}

impl Default for Census {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            state: Mutex::new(State {
                since: None,
                series: Seen::default(),
                keys: Seen::default(),
            }),
        }
    }
}

impl Census {
    /// Counts a request in, or says that there is no room for what it brings.
    pub(crate) fn admit(
        &self,
        signal: Signal,
        request: &[u8],
        limits: &TenantLimits,
        now: Instant,
    ) -> Result<(), Refusal> {
        let (series, keys) = (
            limits.series.filter(|_| signal == Signal::Metrics),
            limits.attribute_keys,
        );
        if series.is_none() && keys.is_none() {
            return Ok(());
        }
        let mut found = Found {
            hasher: &self.hasher,
            series: HashSet::new(),
            keys: HashSet::new(),
        };
        found.request(signal, request);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *state.since.get_or_insert(now);
        let mut left = WINDOW.saturating_sub(now.saturating_duration_since(since));
        if left.is_zero() {
            state.series.turn();
            state.keys.turn();
            (state.since, left) = (Some(now), WINDOW);
        }
        let refused = |limit| Refusal::Limited { limit, retry: left };
        if keys.is_some_and(|limit| !state.keys.admit(&found.keys, limit)) {
            return Err(refused(Limit::AttributeKeys));
        }
        if series.is_some_and(|limit| !state.series.admit(&found.series, limit)) {
            return Err(refused(Limit::Series));
        }
        Ok(())
    }
}

/// What a request brings. The numbers of fields are those of opentelemetry-proto v1.
struct Found<'h> {
    hasher: &'h RandomState,
    series: HashSet<u64>,
    keys: HashSet<u64>,
}

impl Found<'_> {
    fn request(&mut self, signal: Signal, request: &[u8]) {
        each(request, |number, group| {
            if number == 1 {
                self.group(signal, group);
            }
        });
    }

    fn group(&mut self, signal: Signal, group: &[u8]) {
        let mut resource = 0;
        each(group, |number, part| {
            if number == 1 {
                resource = self.attributes(part, 1);
            }
        });
        each(group, |number, scope| {
            if number == 2 {
                each(scope, |number, part| match number {
                    1 => _ = self.attributes(part, 3),
                    2 => self.record(signal, part, resource),
                    _ => {}
                });
            }
        });
    }

    fn record(&mut self, signal: Signal, record: &[u8], resource: u64) {
        match signal {
            Signal::Logs => _ = self.attributes(record, 6),
            Signal::Traces => {
                self.attributes(record, 9);
                each(record, |number, part| match number {
                    11 => _ = self.attributes(part, 3),
                    13 => _ = self.attributes(part, 4),
                    _ => {}
                });
            }
            Signal::Metrics => self.metric(record, resource),
        }
    }

    fn metric(&mut self, metric: &[u8], resource: u64) {
        let mut name = 0;
        each(metric, |number, part| {
            if number == 1 {
                name = self.hasher.hash_one(part);
            }
        });
        each(metric, |kind, data| {
            // Where a data point of each kind has its attributes: gauge, sum, histogram, exponential histogram, summary.
            let attributes = match kind {
                5 | 7 | 11 => 7,
                9 => 9,
                10 => 1,
                _ => return,
            };
            each(data, |number, point| {
                if number == 1 {
                    let labels = self.attributes(point, attributes);
                    self.series.insert(self.hasher.hash_one((resource, name, labels)));
                }
            });
        });
    }

    /// Notes the keys of a message's attributes; gives a hash of keys and values that does not depend on their order.
    fn attributes(&mut self, message: &[u8], wanted: u64) -> u64 {
        let mut sum = 0u64;
        each(message, |number, attribute| {
            if number == wanted {
                sum = sum.wrapping_add(self.hasher.hash_one(attribute));
                each(attribute, |number, key| {
                    if number == 1 {
                        self.keys.insert(self.hasher.hash_one(key));
                    }
                });
            }
        });
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use sitelog_model::key_value::text;
    use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
    use sitelog_model::otlp::metrics::v1::{
        Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data,
    };

    fn request(series: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let points = series.into_iter().map(|n| NumberDataPoint {
            attributes: vec![text("n", n.to_string()), text("same", "value")],
            ..NumberDataPoint::default()
        });
        let histogram = Histogram {
            data_points: vec![HistogramDataPoint {
                attributes: vec![text("h", "one")],
                ..HistogramDataPoint::default()
            }],
            ..Histogram::default()
        };
        let metric = |name: &str, data| Metric {
            name: name.into(),
            data: Some(data),
            ..Metric::default()
        };
        let gauge = Gauge {
            data_points: points.collect(),
        };
        let scope = ScopeMetrics {
            metrics: vec![metric("g", Data::Gauge(gauge)), metric("h", Data::Histogram(histogram))],
            ..ScopeMetrics::default()
        };
        ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                scope_metrics: vec![scope],
                ..ResourceMetrics::default()
            }],
        }
        .encode_to_vec()
    }

    fn limits(series: Option<usize>, attribute_keys: Option<usize>) -> TenantLimits {
        TenantLimits {
            series,
            attribute_keys,
            ..TenantLimits::default()
        }
    }

    #[test]
    fn more_series_than_allowed_are_refused_and_known_ones_pass() {
        let (census, now) = (Census::default(), Instant::now());
        let limits = limits(Some(11), None);
        let admit = |series: std::ops::Range<usize>, at| census.admit(Signal::Metrics, &request(series), &limits, at);
        assert_eq!(admit(0..10, now), Ok(()));
        assert_eq!(admit(0..10, now), Ok(()));
        let Err(Refusal::Limited { limit, retry }) = admit(5..12, now) else {
            panic!("one too many");
        };
        assert_eq!((limit, retry), (Limit::Series, WINDOW));
        // What was refused counts as little as what it came with.
        assert_eq!(admit(0..1, now), Ok(()));
        // Two windows later what was not seen again is forgotten.
        assert!(admit(20..21, now + WINDOW).is_err());
        assert_eq!(admit(0..3, now + WINDOW * 2 - Duration::from_secs(1)), Ok(()));
        assert_eq!(admit(20..27, now + WINDOW * 2), Ok(()));
    }

    #[test]
    fn keys_are_counted_in_every_signal() {
        let (census, now) = (Census::default(), Instant::now());
        let three = limits(None, Some(3));
        assert_eq!(census.admit(Signal::Metrics, &request(0..100), &three, now), Ok(()));
        let other = limits(None, Some(2));
        assert_eq!(
            Census::default()
                .admit(Signal::Metrics, &request(0..1), &other, now)
                .unwrap_err()
                .name(),
            "attribute_keys"
        );
        assert_eq!(census.admit(Signal::Logs, b"\xff\xff", &three, now), Ok(()));
    }
}
