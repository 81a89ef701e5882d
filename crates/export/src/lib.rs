//! Reads a ledger with cursors and delivers to OTLP destinations.
//!
//! [`OtlpConfig`] says where to; [`Exporter`] delivers, on a thread of its own, behind a blocking API; [`Exporters`] are many on
//! one thread.

pub mod backends;
pub mod config;
pub mod counters;
mod delivery;
mod exporter;

pub use backends::json;
pub use config::{ConfigError, DestinationName, OtlpConfig};
pub use counters::Counters;
pub use delivery::lane::Waiting;
pub use exporter::{Ending, Exporter, Exporters, Patience, Report, SignalReport};

/// The name of the cursor that delivers a signal to a destination.
pub fn cursor_name(destination: &DestinationName, signal: sitelog_model::Signal) -> String {
    destination.cursor(signal)
}
