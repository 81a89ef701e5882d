//! `sitelog cloud` beside its exporter: what it pushes, and what it shows.

mod destination;
mod differences;
mod own;
mod push;
mod resolved;
mod site;
pub(crate) mod standard;
pub(crate) mod trail;

pub(crate) use push::Push;
pub(crate) use resolved::Resolved;
pub(crate) use site::Site;
pub(crate) use trail::Trail;
