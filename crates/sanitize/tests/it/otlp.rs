//! OTLP requests on the wire.

mod generate;
mod limits;
mod reference;
mod same;
mod wire;

use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::{Declared, Invalid, Limits, Sanitizer, Settings};

/// A sanitizer that knows a text and a number.
fn sanitizer() -> Sanitizer {
    let declared = |name: &str, value: &[u8]| Declared {
        name: name.to_owned(),
        value: value.to_vec(),
    };
    Sanitizer::new(Settings {
        declared: vec![declared("X", b"declared-1"), declared("PIN", b"4711081512")],
        ..Settings::default()
    })
}

fn batch(signal: Signal, bytes: Bytes) -> Batch {
    Batch {
        tenant: TenantId::default(),
        signal,
        origin: Origin {
            source: Source::Receive,
            id: Ulid::nil(),
        },
        payload: Payload::Otlp(bytes),
    }
}

fn redact(sanitizer: &Sanitizer, signal: Signal, bytes: &Bytes) -> Result<Bytes, Invalid> {
    redact_within(sanitizer, signal, bytes, &Limits::default())
}

fn redact_within(sanitizer: &Sanitizer, signal: Signal, bytes: &Bytes, limits: &Limits) -> Result<Bytes, Invalid> {
    let clean = sanitizer.batch_within(batch(signal, bytes.clone()), limits)?;
    Ok(clean.payload.bytes().clone())
}
