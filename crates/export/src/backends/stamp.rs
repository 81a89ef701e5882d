//! Attributes that only a destination gets to see. They are put on each resource when a request goes out: in the ledger
//! they would be a credential stored with every record.

use super::{Backend, BoxFuture, Delivery};
use bytes::Bytes;
use prost::Message;
use sitelog_model::Signal;
use sitelog_model::otlp::collector::{logs, metrics, trace};
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::resource::v1::Resource;

/// A backend whose requests carry attributes of their destination.
pub(super) struct Stamp {
    attributes: Vec<KeyValue>,
    backend: Box<dyn Backend>,
}

impl Stamp {
    pub(super) fn new(attributes: &[(String, String)], backend: Box<dyn Backend>) -> Self {
        let attributes = attributes
            .iter()
            .map(|(name, value)| sitelog_model::key_value::text(name, value));
        Self {
            attributes: attributes.collect(),
            backend,
        }
    }

    fn put(&self, resource: &mut Option<Resource>) {
        let resource = resource.get_or_insert_default();
        resource
            .attributes
            .retain(|known| self.attributes.iter().all(|own| own.key != known.key));
        resource.attributes.extend_from_slice(&self.attributes);
    }

    /// The request with the attributes. One that cannot be read goes out as it is: its destination says what is wrong.
    fn stamp(&self, signal: Signal, request: Bytes) -> Bytes {
        let stamped = match signal {
            Signal::Logs => logs::v1::ExportLogsServiceRequest::decode(request.clone()).map(|mut decoded| {
                decoded
                    .resource_logs
                    .iter_mut()
                    .for_each(|of| self.put(&mut of.resource));
                decoded.encode_to_vec()
            }),
            Signal::Traces => trace::v1::ExportTraceServiceRequest::decode(request.clone()).map(|mut decoded| {
                decoded
                    .resource_spans
                    .iter_mut()
                    .for_each(|of| self.put(&mut of.resource));
                decoded.encode_to_vec()
            }),
            Signal::Metrics => metrics::v1::ExportMetricsServiceRequest::decode(request.clone()).map(|mut decoded| {
                decoded
                    .resource_metrics
                    .iter_mut()
                    .for_each(|of| self.put(&mut of.resource));
                decoded.encode_to_vec()
            }),
        };
        stamped.map_or(request, Bytes::from)
    }
}

impl Backend for Stamp {
    fn name(&self) -> &str {
        self.backend.name()
    }

    fn send(&self, signal: Signal, request: Bytes) -> BoxFuture<'_, Delivery> {
        self.backend.send(signal, self.stamp(signal, request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sitelog_model::key_value::text;
    use sitelog_model::otlp::logs::v1::ResourceLogs;
    use sitelog_model::otlp::metrics::v1::ResourceMetrics;
    use sitelog_model::otlp::trace::v1::ResourceSpans;

    fn stamp() -> Stamp {
        let destination = crate::config::Destination::new(
            "http://localhost:1".parse().unwrap(),
            crate::config::Protocol::HttpProtobuf,
        );
        Stamp::new(&[("token".into(), "t".into())], super::super::open(&destination))
    }

    #[test]
    fn each_resource_of_each_signal_carries_it_once() {
        let known = Some(Resource {
            attributes: vec![text("token", "another"), text("a", "b")],
            ..Resource::default()
        });
        let expected = |resources: Vec<Option<Resource>>| {
            let attributes: Vec<_> = resources
                .into_iter()
                .map(|resource| resource.unwrap().attributes)
                .collect();
            assert_eq!(
                attributes,
                [vec![text("a", "b"), text("token", "t")], vec![text("token", "t")]]
            );
        };
        macro_rules! check {
            ($signal:ident, $request:ty, $of:ident, $each:ident) => {{
                let full = $each {
                    resource: known.clone(),
                    ..$each::default()
                };
                let mut request = <$request>::default();
                request.$of = vec![full, $each::default()];
                let stamped = stamp().stamp(Signal::$signal, request.encode_to_vec().into());
                let stamped = <$request>::decode(stamped).unwrap();
                expected(stamped.$of.into_iter().map(|of| of.resource).collect());
            }};
        }
        check!(Logs, logs::v1::ExportLogsServiceRequest, resource_logs, ResourceLogs);
        check!(
            Traces,
            trace::v1::ExportTraceServiceRequest,
            resource_spans,
            ResourceSpans
        );
        check!(
            Metrics,
            metrics::v1::ExportMetricsServiceRequest,
            resource_metrics,
            ResourceMetrics
        );
    }

    #[test]
    fn what_cannot_be_read_goes_out_as_it_is() {
        let broken = Bytes::from_static(b"\x0a\xff");
        assert_eq!(stamp().stamp(Signal::Logs, broken.clone()), broken);
    }
}
