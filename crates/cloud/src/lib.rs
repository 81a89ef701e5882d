//! The Pulumi Cloud exporter: metrics that equal what happened, at few calls.

pub mod config;
pub mod counting;
pub mod emit;
pub mod exposition;
pub mod metrics;
pub mod series;
pub mod state;
