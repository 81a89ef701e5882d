//! Index over the ledger for the questions people ask.
//!
//! A [`Store`] catches up with a ledger and answers [`Filter`]s with [`Operation`]s; [`Store::entries`] reads an
//! operation's records back from the ledger.

mod catch_up;
mod entries;
mod entry;
mod error;
mod filter;
mod operations;
mod schema;
mod store;

pub use catch_up::CaughtUp;
pub use entries::entries_of;
pub use entry::{Entry, Value};
pub use error::Error;
pub use filter::Filter;
pub use operations::{Found, Operation};
pub use store::{Health, Store};
