//! Any text as a value; what must hold is in the body, which the crate's own tests run too.
#![no_main]

#[path = "../../crates/sanitize/tests/it/fuzzed/json.rs"]
mod json;

libfuzzer_sys::fuzz_target!(|text: &str| json::check(text));
