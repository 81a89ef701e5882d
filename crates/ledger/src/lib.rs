//! Append-only, hash-chained, crash-safe log with durable cursors.
