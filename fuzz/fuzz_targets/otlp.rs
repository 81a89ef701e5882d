//! Any bytes as a request of each signal: refused or redacted, never a panic; what was clean once is clean again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::{Sanitizer, Settings};

fuzz_target!(|input: &[u8]| {
    let sanitizer = Sanitizer::new(Settings::default());
    for signal in Signal::ALL {
        let payload = Payload::Otlp(Bytes::copy_from_slice(input));
        let origin = Origin { source: Source::Receive, id: Ulid::nil() };
        let batch = Batch { tenant: TenantId::default(), signal, origin, payload };
        if let Ok(clean) = sanitizer.batch(batch) {
            assert!(sanitizer.batch(clean.into_inner()).is_ok());
        }
    }
});
