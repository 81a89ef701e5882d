//! Delivery from a real ledger over real sockets to destinations that speak the real protocols.
#![allow(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod destination;
mod disk;
mod faults;
mod finish;
mod hub;
mod live;
mod refusals;
mod setup;
mod success;
mod table;
mod tls;
