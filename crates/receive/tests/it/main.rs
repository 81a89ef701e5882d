//! Behaviour of the receiver, over real sockets, into a real ledger.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed set-up is a failed test"
)]

mod disk;
mod doors;
mod fuzzed;
mod hostile;
mod limits;
mod otlp;
mod raw;
mod refusals;
mod stage;
mod stopping;
mod streams;
mod tls;
