//! Tools in a run: real sockets, real ledgers, real clients.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed set-up is a failed test"
)]

mod recovery;
mod stage;
mod streams;
