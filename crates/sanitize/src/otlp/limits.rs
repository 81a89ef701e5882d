//! How large a request may be, so that nobody can make the sanitizer use memory or time out of proportion.

/// Limits of one OTLP request; a request beyond one is refused, each with an error of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request, uncompressed.
    pub bytes: usize,
    /// Messages within messages. At most [`Self::DEEPEST`] counts, whatever is set: deeper requests are decoded by nobody.
    pub depth: usize,
    /// Log records, spans or metrics.
    pub records: usize,
    /// Protobuf fields, nested ones included.
    pub fields: usize,
    /// Values in the attributes and the body of one record, span, point, event, link, exemplar, resource or scope, nested
    /// ones included.
    pub values: usize,
}

impl Limits {
    /// What protobuf decoders allow (prost and C++ 100, others more).
    pub const DEEPEST: usize = 100;
}

impl Default for Limits {
    /// 32 MiB, 100 levels, 1,000,000 records, 16,000,000 fields, 100,000 values.
    fn default() -> Self {
        Self {
            bytes: 32 << 20,
            depth: Self::DEEPEST,
            records: 1_000_000,
            fields: 16_000_000,
            values: 100_000,
        }
    }
}
