//! The index over a real ledger.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed set-up is a failed test"
)]

mod answers;
mod damage;
mod trail;
