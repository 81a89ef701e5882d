//! Behaviour of the sanitizer.

mod chunks;
mod contract;
mod rules;
mod structures;
