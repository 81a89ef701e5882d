//! Scenario: random requests of all three signals with secrets planted everywhere, sanitized on the wire and by decoding.
//! Guarantees: both give the same request with the same structure, as many values are hidden, a request with nothing to
//! hide keeps its bytes, and a second pass changes nothing.

use super::reference::Reference;
use super::{generate, redact, sanitizer};
use crate::fuzzed::otlp::shape::shape;
use proptest::prelude::*;
use prost::Message;
use serde::Serialize;
use sitelog_model::{Bytes, Signal};
use sitelog_sanitize::Sanitizer;
use std::sync::LazyLock;

static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(sanitizer);

fn markers(bytes: &[u8]) -> usize {
    bytes.windows(10).filter(|window| window == b"[REDACTED]").count()
}

fn check<M: Message + Default + PartialEq + Serialize + std::fmt::Debug>(
    signal: Signal,
    request: &M,
    reference: impl Fn(&Reference<'_>, &mut M),
) -> Result<(), TestCaseError> {
    let bytes: Bytes = request.encode_to_vec().into();
    let mut want = M::decode(bytes.as_ref()).unwrap();
    reference(&Reference(&SANITIZER), &mut want);
    let got = redact(&SANITIZER, signal, &bytes).unwrap();
    let decoded = M::decode(got.as_ref()).unwrap();
    prop_assert_eq!(&decoded, &want);
    prop_assert_eq!(shape(&decoded), shape(request));
    prop_assert_eq!(markers(&got), markers(&want.encode_to_vec()));
    // Where prost wrote the request, nothing but what is hidden differs in a byte.
    prop_assert_eq!(&got, &Bytes::from(want.encode_to_vec()));
    if &want == request {
        prop_assert_eq!(got.as_ptr(), bytes.as_ptr(), "the same buffer, not a copy");
    }
    prop_assert_eq!(redact(&SANITIZER, signal, &got).unwrap(), got);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn logs_equal_the_structured_face(request in generate::logs()) {
        check(Signal::Logs, &request, |reference, request| reference.logs(request))?;
    }

    #[test]
    fn traces_equal_the_structured_face(request in generate::traces()) {
        check(Signal::Traces, &request, |reference, request| reference.traces(request))?;
    }

    #[test]
    fn metrics_equal_the_structured_face(request in generate::metrics()) {
        check(Signal::Metrics, &request, |reference, request| reference.metrics(request))?;
    }

    /// Guarantees: what is cut anywhere, or has a byte changed, is refused with a place within it or sanitized, never a panic;
    /// and what is taken decodes.
    #[test]
    fn broken_requests_are_refused_or_read(request in generate::traces(), at: prop::sample::Index, byte: u8, cut: bool) {
        let mut bytes = request.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let bytes = Bytes::from(bytes);
        use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest as Request;
        match redact(&SANITIZER, Signal::Traces, &bytes) {
            Ok(clean) => prop_assert!(Request::decode(clean.as_ref()).is_ok()),
            Err(sitelog_sanitize::Invalid::Malformed { offset, .. }) => prop_assert!(offset <= bytes.len()),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
