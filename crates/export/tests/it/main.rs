//! Delivery from a real ledger over real sockets to destinations that speak the real protocols.

mod destination;
mod faults;
mod finish;
mod live;
mod refusals;
mod setup;
mod success;
mod table;
mod tls;
