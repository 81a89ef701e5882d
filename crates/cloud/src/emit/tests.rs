//! What is emitted, decoded again.

use super::*;
use crate::metrics::{STACK_LAST_UPDATE_TIMESTAMP, STACK_RESOURCE_COUNT, UPDATE_DURATION_SECONDS, UPDATE_TOTAL};
use std::convert::Infallible;
use std::sync::Arc;

fn labels(text: &str) -> Labels {
    text.split(' ').map(Arc::from).collect()
}

fn emitted(series: &Series) -> (Vec<OtlpMetric>, Vec<usize>) {
    let (mut metrics, mut sizes) = (Vec::new(), Vec::new());
    let resource = vec![text("service.name", "pulumi-exporter".to_owned())];
    let emitter = Emitter::new(resource, Temporality::Cumulative);
    let done: Result<(), Infallible> = emitter.emit(series, 99, |request, _| {
        sizes.push(request.len());
        let request = ExportMetricsServiceRequest::decode(request.as_slice()).unwrap();
        for resource in request.resource_metrics {
            assert_eq!(resource.resource.unwrap().attributes.len(), 1);
            for scope in resource.scope_metrics {
                assert_eq!(scope.scope.unwrap().name, "pulumi-exporter");
                metrics.extend(scope.metrics);
            }
        }
        Ok(())
    });
    done.unwrap();
    (metrics, sizes)
}

#[test]
fn each_kind_is_what_the_old_exporter_sent() {
    let mut series = Series::default();
    series.set(&STACK_RESOURCE_COUNT, labels("o p s"), 7, 1);
    series.set(&STACK_LAST_UPDATE_TIMESTAMP, labels("o p s"), 1_700_000_000, 1);
    series.put(&UPDATE_TOTAL, labels("o p s update succeeded"), Value::Int(3), 5, 9);
    let Kind::Histogram(bounds) = UPDATE_DURATION_SECONDS.kind else {
        panic!("a histogram");
    };
    let mut histogram = Histogram::new(bounds);
    histogram.record(bounds, 60.0);
    let value = Value::Histogram(Box::new(histogram));
    series.put(&UPDATE_DURATION_SECONDS, labels("o p s update succeeded"), value, 5, 9);
    let (metrics, _) = emitted(&series);
    assert_eq!(metrics.len(), 4);
    for metric in metrics {
        assert_eq!(metric.unit, "");
        match (metric.name.as_str(), metric.data.unwrap()) {
            ("pulumi_stack_resource_count", Data::Gauge(gauge)) => {
                let point = &gauge.data_points[0];
                assert_eq!(point.value, Some(number_data_point::Value::AsInt(7)));
                let keys: Vec<_> = point
                    .attributes
                    .iter()
                    .map(|attribute| attribute.key.as_str())
                    .collect();
                assert_eq!((keys, point.time_unix_nano), (vec!["org", "project", "stack"], 99));
            }
            ("pulumi_stack_last_update_timestamp", Data::Gauge(gauge)) => {
                let value = gauge.data_points[0].value;
                assert_eq!(value, Some(number_data_point::Value::AsDouble(1_700_000_000.0)));
            }
            ("pulumi_update_total", Data::Sum(sum)) => {
                assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
                assert_eq!(sum.data_points[0].start_time_unix_nano, 5);
            }
            ("pulumi_update_duration_seconds", Data::Histogram(histogram)) => {
                let point = &histogram.data_points[0];
                assert_eq!((point.count, point.sum, point.min), (1, Some(60.0), Some(60.0)));
                assert_eq!(point.bucket_counts, [0, 0, 0, 1, 0, 0, 0, 0, 0]);
            }
            (name, _) => panic!("{name}"),
        }
    }
}

#[test]
fn an_end_is_marked() {
    let mut series = Series::default();
    series.set(&STACK_RESOURCE_COUNT, labels("o p s"), 7, 1);
    series.end(&STACK_RESOURCE_COUNT, &labels("o p s"), 2);
    let (metrics, _) = emitted(&series);
    let Some(Data::Gauge(gauge)) = &metrics[0].data else {
        panic!("a gauge");
    };
    assert_eq!((gauge.data_points[0].flags, gauge.data_points[0].value), (1, None));
}

/// Prometheus ends the series of those buckets that the mark has, and that of the sum where it has one.
#[test]
fn the_end_of_a_histogram_names_all_its_buckets() {
    let Kind::Histogram(bounds) = UPDATE_DURATION_SECONDS.kind else {
        panic!("a histogram");
    };
    let mut series = Series::default();
    let value = Value::Histogram(Box::new(Histogram::new(bounds)));
    series.put(&UPDATE_DURATION_SECONDS, labels("o p s update failed"), value, 5, 9);
    series.end(&UPDATE_DURATION_SECONDS, &labels("o p s update failed"), 10);
    let (metrics, _) = emitted(&series);
    let Some(Data::Histogram(histogram)) = &metrics[0].data else {
        panic!("a histogram");
    };
    let point = &histogram.data_points[0];
    assert_eq!((point.flags, point.count, point.sum), (1, 0, Some(0.0)));
    assert_eq!(
        (&point.explicit_bounds[..], point.bucket_counts.len()),
        (bounds, bounds.len() + 1)
    );
}

#[test]
fn many_series_are_split_and_none_is_lost() {
    let mut series = Series::default();
    for number in 0..40_000 {
        series.set(
            &STACK_RESOURCE_COUNT,
            labels(&format!("org project stack-{number}")),
            number,
            1,
        );
    }
    let (metrics, sizes) = emitted(&series);
    let mut values: Vec<i64> = Vec::new();
    for metric in &metrics {
        let Some(Data::Gauge(gauge)) = &metric.data else {
            panic!("a gauge");
        };
        let ints = gauge.data_points.iter().map(|point| match point.value {
            Some(number_data_point::Value::AsInt(value)) => value,
            _ => panic!("an integer"),
        });
        values.extend(ints);
    }
    values.sort_unstable();
    assert_eq!(values, (0..40_000).collect::<Vec<_>>());
    assert!(sizes.len() > 2 && sizes.iter().all(|size| *size < 2 << 20), "{sizes:?}");
}
