//! What the wire has to equal: the request decoded by prost, every field given to the structured face, encoded again.

use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::otlp::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use sitelog_model::otlp::metrics::v1::{Exemplar, metric::Data};
use sitelog_model::otlp::resource::v1::Resource;
use sitelog_sanitize::Sanitizer;

/// The structured face over whole requests.
pub(super) struct Reference<'s>(pub(super) &'s Sanitizer);

impl Reference<'_> {
    pub(super) fn logs(&self, request: &mut ExportLogsServiceRequest) {
        for group in &mut request.resource_logs {
            self.resource(&mut group.resource);
            self.text(&mut group.schema_url);
            for group in &mut group.scope_logs {
                self.scope(&mut group.scope);
                self.text(&mut group.schema_url);
                for record in &mut group.log_records {
                    self.attributes(&mut record.attributes);
                    self.value(&mut record.body);
                    self.text(&mut record.event_name);
                    self.text(&mut record.severity_text);
                }
            }
        }
    }

    pub(super) fn traces(&self, request: &mut ExportTraceServiceRequest) {
        for group in &mut request.resource_spans {
            self.resource(&mut group.resource);
            self.text(&mut group.schema_url);
            for group in &mut group.scope_spans {
                self.scope(&mut group.scope);
                self.text(&mut group.schema_url);
                for span in &mut group.spans {
                    self.attributes(&mut span.attributes);
                    self.text(&mut span.name);
                    self.text(&mut span.trace_state);
                    span.status.iter_mut().for_each(|status| self.text(&mut status.message));
                    for event in &mut span.events {
                        self.attributes(&mut event.attributes);
                        self.text(&mut event.name);
                    }
                    for link in &mut span.links {
                        self.attributes(&mut link.attributes);
                        self.text(&mut link.trace_state);
                    }
                }
            }
        }
    }

    pub(super) fn metrics(&self, request: &mut ExportMetricsServiceRequest) {
        for group in &mut request.resource_metrics {
            self.resource(&mut group.resource);
            self.text(&mut group.schema_url);
            for group in &mut group.scope_metrics {
                self.scope(&mut group.scope);
                self.text(&mut group.schema_url);
                for metric in &mut group.metrics {
                    self.text(&mut metric.name);
                    self.text(&mut metric.description);
                    self.text(&mut metric.unit);
                    self.attributes(&mut metric.metadata);
                    metric.data.iter_mut().for_each(|data| self.points(data));
                }
            }
        }
    }

    fn points(&self, data: &mut Data) {
        match data {
            Data::Gauge(data) => data
                .data_points
                .iter_mut()
                .for_each(|point| self.point(&mut point.attributes, &mut point.exemplars)),
            Data::Sum(data) => data
                .data_points
                .iter_mut()
                .for_each(|point| self.point(&mut point.attributes, &mut point.exemplars)),
            Data::Histogram(data) => data
                .data_points
                .iter_mut()
                .for_each(|point| self.point(&mut point.attributes, &mut point.exemplars)),
            Data::ExponentialHistogram(data) => data
                .data_points
                .iter_mut()
                .for_each(|point| self.point(&mut point.attributes, &mut point.exemplars)),
            Data::Summary(data) => data
                .data_points
                .iter_mut()
                .for_each(|point| self.point(&mut point.attributes, &mut [])),
        }
    }

    fn point(&self, attributes: &mut Vec<KeyValue>, exemplars: &mut [Exemplar]) {
        self.attributes(attributes);
        exemplars
            .iter_mut()
            .for_each(|exemplar| self.attributes(&mut exemplar.filtered_attributes));
    }

    fn resource(&self, resource: &mut Option<Resource>) {
        let Some(resource) = resource else { return };
        self.attributes(&mut resource.attributes);
        for entity in &mut resource.entity_refs {
            self.text(&mut entity.schema_url);
            self.text(&mut entity.r#type);
            entity.id_keys.iter_mut().for_each(|key| self.text(key));
            entity.description_keys.iter_mut().for_each(|key| self.text(key));
        }
    }

    fn scope(&self, scope: &mut Option<InstrumentationScope>) {
        let Some(scope) = scope else { return };
        self.attributes(&mut scope.attributes);
        self.text(&mut scope.name);
        self.text(&mut scope.version);
    }

    fn attributes(&self, attributes: &mut Vec<KeyValue>) {
        *attributes = self.0.attributes(std::mem::take(attributes)).into_inner();
    }

    /// A body is the value of an attribute whose key says nothing.
    fn value(&self, value: &mut Option<AnyValue>) {
        let mut attributes = vec![KeyValue {
            value: value.take(),
            ..KeyValue::default()
        }];
        self.attributes(&mut attributes);
        *value = attributes.pop().unwrap().value;
    }

    fn text(&self, text: &mut String) {
        *text = self.0.text(text).into_owned();
    }
}
