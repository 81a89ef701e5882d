//! Behaviour of the sanitizer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chunks;
mod contract;
mod documents;
mod judge;
mod provisioning;
mod otlp;
mod rules;
mod structures;
mod user_rules;
