//! The Pulumi Cloud exporter: metrics that equal what happened, at few calls.

pub mod counting;
