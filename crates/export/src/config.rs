//! What a user sets about OTLP destinations, from flags, environment and file, checked and resolved for each signal.
//!
//! Names and meaning follow the OpenTelemetry specification
//! (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>); what it leaves open is decided here and said so.

mod destination;
mod endpoint;
mod error;
mod headers;
mod layers;
mod name;
mod pace;
mod tls;

pub use destination::{Compression, Destination, Protocol};
pub use error::ConfigError;
pub use headers::Headers;
pub use layers::{Given, Key, Layers};
pub use name::DestinationName;
pub use pace::{Backoff, Pace};
pub use tls::Tls;

use sitelog_model::Signal;

/// Where each signal goes, and at what pace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtlpConfig {
    /// What the destinations are called; each name has cursors of its own.
    pub name: DestinationName,
    destinations: [Option<Destination>; 3],
    /// Sizes and times of delivery.
    pub pace: Pace,
}

impl OtlpConfig {
    /// Resolves flags, environment and file, strongest first.
    ///
    /// A signal without an endpoint has no destination: its records stay in the ledger.
    ///
    /// # Errors
    /// The first setting that is wrong; its text is one line and names where the setting came from, never a secret.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (slot, signal) in config.destinations.iter_mut().zip(Signal::ALL) {
            *slot = Destination::resolve(layers, signal)?;
        }
        Ok(config)
    }

    /// The destination of a signal, if it has one.
    pub fn destination(&self, signal: Signal) -> Option<&Destination> {
        self.destinations[signal as usize - 1].as_ref()
    }

    /// Sets or removes the destination of a signal.
    pub fn set_destination(&mut self, signal: Signal, destination: Option<Destination>) {
        self.destinations[signal as usize - 1] = destination;
    }

    /// Whether no signal has a destination.
    pub fn is_empty(&self) -> bool {
        self.destinations.iter().all(Option::is_none)
    }

    /// Adds a header to every destination, replacing one of the same name.
    ///
    /// # Errors
    /// [`ConfigError::Header`] when the name or the value cannot be a header.
    pub fn set_header(&mut self, name: &str, value: &str, from: &str) -> Result<(), ConfigError> {
        for destination in self.destinations.iter_mut().flatten() {
            destination.headers.set(name, value, from)?;
        }
        Ok(())
    }

    /// Has every resource carry an attribute on its way to any destination: for one that looks for a credential there.
    pub fn set_attribute(&mut self, name: &str, value: &str) {
        for destination in self.destinations.iter_mut().flatten() {
            destination.attributes.retain(|(known, _)| known != name);
            destination.attributes.push((name.to_owned(), value.to_owned()));
        }
    }
}
