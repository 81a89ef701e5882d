//! `sitelog cloud` as it is started. The service is the simulated one; what is counted is tested in the exporter's own
//! crate, too.

mod audit;
pub(crate) mod running;
mod started;
