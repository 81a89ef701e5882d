//! Reads a ledger with cursors and delivers to OTLP destinations.

pub mod backends;
pub mod config;
