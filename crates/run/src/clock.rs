//! The wall clock as OTLP writes it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970; 0 for a clock before that.
pub fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
