//! Trace and span ids and the W3C `traceparent` that carries them (<https://www.w3.org/TR/trace-context/>).

use std::fmt;

/// A 16-byte trace id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(pub [u8; 16]);

/// An 8-byte span id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanId(pub [u8; 8]);

/// What a `traceparent` says: which trace, which span is the parent, and whether it is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The parent span for whoever reads it.
    pub span: SpanId,
    /// The flags byte; bit 0 is `sampled`.
    pub flags: u8,
}

impl TraceContext {
    /// Reads a `traceparent` header or variable; `None` for anything the specification calls invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.trim().split('-');
        let version = byte(fields.next()?)?;
        let trace: [u8; 16] = hex(fields.next()?)?;
        let span: [u8; 8] = hex(fields.next()?)?;
        let flags = byte(fields.next()?)?;
        // Version 00 has exactly four fields; a later one may have more; ff is forbidden.
        let more = fields.next().is_some();
        let valid = version != 0xff && !(version == 0 && more) && trace != [0; 16] && span != [0; 8];
        valid.then_some(Self {
            trace: TraceId(trace),
            span: SpanId(span),
            flags,
        })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn byte(text: &str) -> Option<u8> {
    hex::<1>(text).map(|[byte]| byte)
}

/// Lower-case hex only, as the specification demands.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_comes_back() {
        assert_eq!(TraceContext::parse(GOOD).map(|c| c.to_string()).as_deref(), Some(GOOD));
        let newer = GOOD.replacen("00", "01", 1) + "-extra";
        assert!(TraceContext::parse(&newer).is_some());
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        let zero_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let zero_span = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
        let bad = [
            "",
            "00",
            zero_trace,
            zero_span,
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &(GOOD.to_owned() + "-x"),
        ];
        for text in bad {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }
}
