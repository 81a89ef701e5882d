//! `sitelog cloud` beside its exporter: what it pushes, and what it shows.

mod destination;
mod own;
mod push;
mod site;

pub(crate) use destination::destination;
pub(crate) use push::Push;
pub(crate) use site::Site;
