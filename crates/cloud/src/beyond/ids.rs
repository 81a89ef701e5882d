//! Ids that follow from what they are of: whoever records it again, here or elsewhere, gives it the same.

use aws_lc_rs::digest::{Context, SHA256};
use sitelog_model::{SpanId, TraceContext, TraceId, Ulid};

fn hash(parts: &[&str]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // No two lists of parts make the same bytes.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The id of what happened at `time` (Unix seconds) and is told apart by `parts`.
pub(super) fn of(time: i64, parts: &[&str]) -> Ulid {
    let [high, low] = halves(&hash(parts));
    let millis = u64::try_from(time).unwrap_or(0).saturating_mul(1_000);
    Ulid::from_parts(millis, (u128::from(high) << 64) | u128::from(low))
}

/// The trace of an operation that stands in none of somebody else's: nothing is above it.
pub(super) fn place(operation: Ulid) -> TraceContext {
    let [high, low] = halves(&hash(&["trace", &operation.to_string()]));
    let mut trace = [0; 16];
    trace[..8].copy_from_slice(&high.max(1).to_be_bytes());
    trace[8..].copy_from_slice(&low.to_be_bytes());
    TraceContext {
        trace: TraceId(trace),
        span: SpanId([0; 8]),
        flags: 1,
    }
}

fn halves(hash: &[u8; 32]) -> [u64; 2] {
    let half = |at: usize| {
        let bytes = hash[at..at + 8].iter();
        bytes.fold(0, |all: u64, byte| (all << 8) | u64::from(*byte))
    };
    [half(0), half(8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_has_the_same_id_and_nothing_else_has() {
        let id = of(1_790_000_000, &["a", "bc"]);
        assert_eq!(id, of(1_790_000_000, &["a", "bc"]));
        assert_eq!(id.timestamp_ms(), 1_790_000_000_000);
        assert_ne!(id, of(1_790_000_000, &["ab", "c"]));
        assert_ne!(place(id), place(of(0, &["a"])));
        assert_eq!(of(-5, &[]).timestamp_ms(), 0);
    }
}
