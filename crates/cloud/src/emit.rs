//! Series as OTLP export requests, each small enough for any receiver.

mod delta;

pub use delta::Told;

use crate::metrics::{Kind, Metric};
use crate::series::{Histogram, Labels, Point, Series, Value};
use prost::Message;
use sitelog_model::key_value::text;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::common::v1::{InstrumentationScope, KeyValue};
use sitelog_model::otlp::metrics::v1::metric::Data;
use sitelog_model::otlp::metrics::v1::number_data_point;
use sitelog_model::otlp::metrics::v1::{
    AggregationTemporality, DataPointFlags, Gauge, HistogramDataPoint, Metric as OtlpMetric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use sitelog_model::otlp::resource::v1::Resource;

/// A request ends with the point that exceeds this size, bytes; gRPC receivers take 4 MiB.
const ENOUGH: usize = 1 << 20;

/// Whether sums are told as they are or as what is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temporality {
    /// Since their start.
    #[default]
    Cumulative,
    /// Since they were told last: [`Told::differences`].
    Delta,
}

/// Who says it, and how: the same for all requests.
#[derive(Clone, Debug)]
pub struct Emitter {
    resource: Resource,
    scope: InstrumentationScope,
    temporality: Temporality,
}

impl Emitter {
    /// With these resource attributes.
    pub fn new(attributes: Vec<KeyValue>, temporality: Temporality) -> Self {
        let resource = Resource {
            attributes,
            ..Resource::default()
        };
        let scope = InstrumentationScope {
            name: "pulumi-exporter".to_owned(),
            ..InstrumentationScope::default()
        };
        Self {
            resource,
            scope,
            temporality,
        }
    }

    /// How sums are told.
    pub fn temporality(&self) -> Temporality {
        self.temporality
    }

    /// Gives encoded requests with all series as they are at `now`, Unix nanoseconds, to `each`, and how many of the points
    /// are in this one and those before.
    ///
    /// # Errors
    /// What `each` says; the rest is not given then.
    pub fn emit<E>(
        &self,
        series: &Series,
        now: u64,
        mut each: impl FnMut(Vec<u8>, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut metrics: Vec<OtlpMetric> = Vec::new();
        let (mut size, mut count) = (0, 0);
        for (metric, points) in series.families() {
            let mut open: Option<OtlpMetric> = None;
            for (labels, point) in points {
                let into = open.get_or_insert_with(|| shell(metric, self.temporality));
                size += push(into, metric, labels, point, now);
                count += 1;
                if size > ENOUGH {
                    metrics.extend(open.take());
                    each(self.request(std::mem::take(&mut metrics)), count)?;
                    size = 0;
                }
            }
            metrics.extend(open);
        }
        match metrics.is_empty() {
            true => Ok(()),
            false => each(self.request(metrics), count),
        }
    }

    /// An encoded request with metrics of another making.
    pub fn request(&self, metrics: Vec<OtlpMetric>) -> Vec<u8> {
        let scope = ScopeMetrics {
            scope: Some(self.scope.clone()),
            metrics,
            ..ScopeMetrics::default()
        };
        let resource = ResourceMetrics {
            resource: Some(self.resource.clone()),
            scope_metrics: vec![scope],
            ..ResourceMetrics::default()
        };
        ExportMetricsServiceRequest {
            resource_metrics: vec![resource],
        }
        .encode_to_vec()
    }
}

impl Temporality {
    /// As OTLP has it.
    pub fn of_otlp(self) -> i32 {
        match self {
            Self::Cumulative => AggregationTemporality::Cumulative as i32,
            Self::Delta => AggregationTemporality::Delta as i32,
        }
    }
}

/// A metric without points.
fn shell(metric: &Metric, temporality: Temporality) -> OtlpMetric {
    let aggregation_temporality = temporality.of_otlp();
    let data = match metric.kind {
        Kind::Gauge | Kind::Timestamp | Kind::Census => Data::Gauge(Gauge::default()),
        Kind::Counter => Data::Sum(Sum {
            aggregation_temporality,
            is_monotonic: true,
            ..Sum::default()
        }),
        Kind::Histogram(_) => Data::Histogram(sitelog_model::otlp::metrics::v1::Histogram {
            aggregation_temporality,
            ..Default::default()
        }),
    };
    OtlpMetric {
        name: metric.name.to_owned(),
        description: metric.help.to_owned(),
        data: Some(data),
        ..OtlpMetric::default()
    }
}

/// Adds a point; says about how many bytes it takes.
fn push(into: &mut OtlpMetric, metric: &Metric, labels: &Labels, point: &Point, now: u64) -> usize {
    let keys = metric.labels.iter();
    let attributes: Vec<KeyValue> = keys
        .zip(labels)
        .map(|(key, value)| text(key, value.to_string()))
        .collect();
    let flags = if point.is_ending() {
        DataPointFlags::NoRecordedValueMask as u32
    } else {
        0
    };
    let mut number = NumberDataPoint {
        attributes,
        time_unix_nano: now,
        flags,
        ..NumberDataPoint::default()
    };
    if let (Value::Int(value), false) = (&point.value, point.is_ending()) {
        number.value = Some(match metric.kind {
            Kind::Timestamp => number_data_point::Value::AsDouble(*value as f64),
            _ => number_data_point::Value::AsInt(*value),
        });
    }
    let data = into.data.as_mut();
    match (data, metric.kind, &point.value) {
        (Some(Data::Histogram(histogram)), Kind::Histogram(bounds), Value::Histogram(value)) => {
            let point = histogram_point(number, value, bounds, point);
            let size = point.encoded_len();
            histogram.data_points.push(point);
            size
        }
        (Some(Data::Sum(sum)), _, _) => {
            number.start_time_unix_nano = point.start;
            let size = number.encoded_len();
            sum.data_points.push(number);
            size
        }
        (Some(Data::Gauge(gauge)), _, _) => {
            let size = number.encoded_len();
            gauge.data_points.push(number);
            size
        }
        _ => 0,
    }
}

fn histogram_point(number: NumberDataPoint, value: &Histogram, bounds: &[f64], point: &Point) -> HistogramDataPoint {
    let mut made = HistogramDataPoint {
        attributes: number.attributes,
        time_unix_nano: number.time_unix_nano,
        start_time_unix_nano: point.start,
        flags: number.flags,
        explicit_bounds: bounds.to_vec(),
        ..HistogramDataPoint::default()
    };
    if point.is_ending() {
        // Nothing of it says anything, but receivers that keep a series for each bucket and the sum end those they find.
        made.bucket_counts = vec![0; bounds.len() + 1];
        made.sum = Some(0.0);
        return made;
    }
    made.count = value.count();
    made.sum = Some(value.sum);
    made.bucket_counts.clone_from(&value.buckets);
    made.min = value.min.is_finite().then_some(value.min);
    made.max = value.max.is_finite().then_some(value.max);
    made
}

#[cfg(test)]
mod tests;
