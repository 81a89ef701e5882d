//! Reads a ledger with cursors and delivers to OTLP destinations.
