//! What the ledger promises, tested from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy allows them in tests, but not in what tests share"
)]

mod bundle;
mod chains;
mod check;
mod committer;
mod crash;
mod cursors;
mod damage;
mod faults;
mod frames;
mod growing;
mod image;
mod races;
mod refused;
mod release;
mod retention;
mod room;
mod scene;
mod tamper;
mod trail;
mod verify;
mod witness;
