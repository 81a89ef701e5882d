//! Pulumi: captures with their truths, secrets, faults of streams.

mod captures;
mod faults;
mod kinds;
mod outcomes;
mod secrets;
mod spans;
