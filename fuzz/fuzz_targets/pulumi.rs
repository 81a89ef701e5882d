//! Any bytes on an event stream; what must hold is in the body, which the crate's own tests run too.
#![no_main]

#[path = "../../crates/provision/tests/it/pulumi/fuzzed.rs"]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::check(bytes));
