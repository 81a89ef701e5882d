//! Pulumi: captures with their truths, secrets, faults of streams.

mod captures;
mod faults;
mod fuzzed;
mod kinds;
mod outcomes;
mod secrets;
mod spans;
