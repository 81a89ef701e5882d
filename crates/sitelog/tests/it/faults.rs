//! Bad input and faults: what the user sees (nothing, or one line when something was lost), what is counted, what is kept.

mod configuration;
mod destination;
mod disk;
mod edges;
mod many;
mod redaction;
mod signals;
mod start;
mod trace;
mod usage;
