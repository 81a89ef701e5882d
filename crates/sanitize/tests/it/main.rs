//! Behaviour of the sanitizer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chunks;
mod contract;
mod documents;
mod fuzzed;
mod judge;
mod otlp;
mod planted;
mod provisioning;
mod rules;
mod structures;
mod terraform;
mod user_rules;
