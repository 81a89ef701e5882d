//! The provisioning trail end to end: engines run under `sitelog run`, and what is recorded of them is what they did.
//!
//! Pulumi's engine is played by `sitelog-replay` from recorded runs (`crates/provision/testdata`, `testdata/provision`);
//! Terraform and OpenTofu are the real ones where they are installed, and recorded runs everywhere.

mod automation;
mod bundle;
mod callers;
mod captures;
mod faults;
mod leaks;
mod older;
mod questions;
mod stage;
mod stopped;
mod terraform;
mod trail;
mod truth;
