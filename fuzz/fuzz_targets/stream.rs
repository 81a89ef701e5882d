//! Any bytes on a stream; what must hold is in the body, which the crate's own tests run too.
#![no_main]

#[path = "../../crates/sanitize/tests/it/fuzzed/stream.rs"]
mod stream;

libfuzzer_sys::fuzz_target!(|input: &[u8]| stream::check(input));
