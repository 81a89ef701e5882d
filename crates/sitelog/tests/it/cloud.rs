//! `sitelog cloud` as it is started. The service is the simulated one; what is counted is tested in the exporter's own
//! crate, too.

mod audit;
mod disk;
mod prometheus;
mod pushes;
mod restarts;
pub(crate) mod running;
mod service;
mod shown;
mod started;

pub(crate) use prometheus::Prometheus;
