//! `sitelog cloud` beside its exporter: what it pushes, and what it shows.

mod destination;
mod own;
mod push;
mod resolved;
mod site;

pub(crate) use push::Push;
pub(crate) use resolved::Resolved;
pub(crate) use site::Site;
