//! Any bytes as a request of each signal; what must hold is in the body, which the crate's own tests run too.
#![no_main]

#[path = "../../crates/sanitize/tests/it/fuzzed/otlp.rs"]
mod otlp;

libfuzzer_sys::fuzz_target!(|input: &[u8]| otlp::check(input));
