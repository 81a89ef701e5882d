//! What holds for any bytes as a request of each signal. Called with random bytes by the fuzzer and by the test beside.

#[path = "../otlp/shape.rs"]
pub(crate) mod shape;

use prost::Message;
use serde::Serialize;
use shape::shape;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::{Declared, Sanitizer, Settings};
use std::sync::LazyLock;

static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(|| {
    let declared = Declared {
        name: "X".to_owned(),
        value: b"declared-1".to_vec(),
    };
    Sanitizer::new(Settings {
        declared: vec![declared],
        ..Settings::default()
    })
});

fn sanitize(signal: Signal, bytes: Bytes) -> Option<Bytes> {
    let origin = Origin {
        source: Source::Receive,
        id: Ulid::nil(),
    };
    let batch = Batch {
        tenant: TenantId::default(),
        signal,
        origin,
        payload: Payload::Otlp(bytes),
    };
    SANITIZER.batch(batch).ok().map(|clean| clean.payload.bytes().clone())
}

fn of<M: Message + Default + Serialize>(signal: Signal, input: &[u8]) {
    let Some(once) = sanitize(signal, Bytes::copy_from_slice(input)) else {
        return;
    };
    let before = M::decode(input).unwrap();
    let after = M::decode(once.as_ref()).unwrap();
    assert_eq!(shape(&before), shape(&after));
    assert!(once.len() <= input.len() * 12);
    assert_eq!(sanitize(signal, once.clone()), Some(once));
}

/// Refused or sanitized. What is taken decodes, to the same structure as before; it does not grow without bound, and what is
/// clean once stays as it is.
pub(crate) fn check(input: &[u8]) {
    of::<ExportLogsServiceRequest>(Signal::Logs, input);
    of::<ExportTraceServiceRequest>(Signal::Traces, input);
    of::<ExportMetricsServiceRequest>(Signal::Metrics, input);
}
