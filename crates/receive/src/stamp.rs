//! Whose a request is, on each of its resources; what its sender claimed there is taken off.
//!
//! All three signals nest alike: request → field 1 (per resource) → field 1 (resource) → field 1 (attributes).

use crate::wire::{Field, field};
use bytes::Bytes;
use sitelog_model::wire::{put_bytes, put_varint, varint_len};
use sitelog_model::{TenantId, attributes};

/// Field numbers: a request's groups, a group's resource, a resource's attributes, an attribute's key and value.
const GROUP: u64 = 1;
const RESOURCE: u64 = 1;
const ATTRIBUTE: u64 = 1;
const KEY: u64 = 1;

/// The bytes of an attribute that says whose a resource is.
pub(crate) fn attribute(tenant: &TenantId) -> Bytes {
    let (mut value, mut attribute, mut field) = (Vec::new(), Vec::new(), Vec::new());
    put_bytes(&mut value, 1, tenant.as_str().as_bytes());
    put_bytes(&mut attribute, 1, attributes::SITELOG_TENANT_ID.as_bytes());
    put_bytes(&mut attribute, 2, &value);
    put_bytes(&mut field, ATTRIBUTE as u32, &attribute);
    field.into()
}

/// The request with `attribute` on each resource; `None` when it cannot be read, which its reader will say better.
///
/// What is kept is copied once, in as long runs as it stands: requests have thousands of records and few resources.
pub(crate) fn stamp(request: &[u8], attribute: &[u8]) -> Option<Bytes> {
    let mut out = Vec::with_capacity(request.len() + attribute.len() + 64);
    let mut rest = request;
    while !rest.is_empty() {
        match field(&mut rest)? {
            Field {
                message: Some((GROUP, group)),
                ..
            } => put_group(&mut out, group, attribute)?,
            Field { raw, .. } => out.extend_from_slice(raw),
        }
    }
    Some(out.into())
}

fn put_group(out: &mut Vec<u8>, group: &[u8], attribute: &[u8]) -> Option<()> {
    let resource = resource(group, attribute)?;
    let mut kept = Vec::new();
    let mut rest = group;
    let mut run = 0;
    while !rest.is_empty() {
        let at = group.len() - rest.len();
        if let Field {
            message: Some((RESOURCE, _)),
            ..
        } = field(&mut rest)?
        {
            kept.push(run..at);
            run = group.len() - rest.len();
        }
    }
    kept.push(run..group.len());
    let tag = |number: u64| number << 3 | 2;
    let length = |len: usize| varint_len(len as u64);
    let own = varint_len(tag(RESOURCE)) + length(resource.len()) + resource.len();
    let len = own + kept.iter().map(ExactSizeIterator::len).sum::<usize>();
    put_varint(out, tag(GROUP));
    put_varint(out, len as u64);
    put_bytes(out, RESOURCE as u32, &resource);
    for run in kept {
        out.extend_from_slice(&group[run]);
    }
    Some(())
}

/// A group's resource with the attribute. Resource messages of one group that are written one by one count as one (protobuf
/// merges them).
fn resource(mut group: &[u8], attribute: &[u8]) -> Option<Vec<u8>> {
    let mut resource = Vec::new();
    while !group.is_empty() {
        let Field {
            message: Some((RESOURCE, mut rest)),
            ..
        } = field(&mut group)?
        else {
            continue;
        };
        while !rest.is_empty() {
            match field(&mut rest)? {
                Field {
                    message: Some((ATTRIBUTE, claimed)),
                    ..
                } if is_tenant(claimed)? => {}
                Field { raw, .. } => resource.extend_from_slice(raw),
            }
        }
    }
    resource.extend_from_slice(attribute);
    Some(resource)
}

/// Whether an attribute's key, the last one counts, is the tenant's.
fn is_tenant(mut attribute: &[u8]) -> Option<bool> {
    let mut key: &[u8] = b"";
    while !attribute.is_empty() {
        if let Field {
            message: Some((KEY, bytes)),
            ..
        } = field(&mut attribute)?
        {
            key = bytes;
        }
    }
    Some(key == attributes::SITELOG_TENANT_ID.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use prost::Message;
    use sitelog_model::key_value::text;
    use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
    use sitelog_model::otlp::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use sitelog_model::otlp::resource::v1::Resource;

    fn stamped(request: &ExportLogsServiceRequest) -> ExportLogsServiceRequest {
        let tenant = TenantId::new("team-a").unwrap();
        let out = stamp(&request.encode_to_vec(), &attribute(&tenant)).unwrap();
        ExportLogsServiceRequest::decode(out).unwrap()
    }

    proptest! {
        #[test]
        fn each_resource_says_once_whose_it_is_and_nothing_else_changes(
            groups in proptest::collection::vec(proptest::option::of(proptest::collection::vec("(a|b|sitelog[.]tenant[.]id)", 0..4)), 0..4),
        ) {
            let request = ExportLogsServiceRequest {
                resource_logs: groups.iter().map(|keys| ResourceLogs {
                    resource: keys.as_ref().map(|keys| Resource {
                        attributes: keys.iter().map(|key| text(key, "claimed")).collect(),
                        dropped_attributes_count: 3,
                        ..Resource::default()
                    }),
                    scope_logs: vec![ScopeLogs { log_records: vec![LogRecord { time_unix_nano: 7, ..LogRecord::default() }], ..ScopeLogs::default() }],
                    schema_url: "u".into(),
                }).collect(),
            };
            let mut expected = request.clone();
            for group in &mut expected.resource_logs {
                let resource = group.resource.get_or_insert_default();
                resource.attributes.retain(|known| known.key != attributes::SITELOG_TENANT_ID);
                resource.attributes.push(text(attributes::SITELOG_TENANT_ID, "team-a"));
            }
            prop_assert_eq!(stamped(&request), expected);
        }

        #[test]
        fn any_bytes_are_stamped_or_left(bytes: Vec<u8>) {
            let tenant = TenantId::default();
            if let Some(out) = stamp(&bytes, &attribute(&tenant)) {
                prop_assert_eq!(stamp(&out, &attribute(&tenant)), Some(out));
            }
        }
    }

    #[test]
    fn a_resource_in_two_parts_is_one() {
        let part = |key: &str| {
            Resource {
                attributes: vec![text(key, "claimed")],
                ..Resource::default()
            }
            .encode_to_vec()
        };
        let mut group = Vec::new();
        put_bytes(&mut group, 1, &part("a"));
        put_bytes(&mut group, 1, &part(attributes::SITELOG_TENANT_ID));
        let mut request = Vec::new();
        put_bytes(&mut request, 1, &group);
        let out = stamp(&request, &attribute(&TenantId::default())).unwrap();
        let out = ExportLogsServiceRequest::decode(out).unwrap();
        let keys: Vec<_> = out.resource_logs[0]
            .resource
            .as_ref()
            .unwrap()
            .attributes
            .iter()
            .map(|known| known.key.as_str())
            .collect();
        assert_eq!(keys, ["a", attributes::SITELOG_TENANT_ID]);
    }
}
