//! Any bytes over HTTP/2; what must hold is in the body, which the crate's own tests run too.
#![no_main]

#[path = "../../crates/receive/tests/it/fuzzed/grpc.rs"]
mod grpc;
#[path = "../../crates/receive/tests/it/fuzzed/stand.rs"]
mod stand;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| grpc::check(bytes));
