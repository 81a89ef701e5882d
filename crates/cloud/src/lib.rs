//! The Pulumi Cloud exporter: metrics that equal what happened, at few calls.

pub mod api;
pub mod beyond;
pub mod clock;
pub mod config;
pub mod counters;
pub mod counting;
pub mod cycle;
pub mod emit;
pub mod exporter;
pub mod exposition;
pub mod metrics;
pub mod series;
pub mod state;
pub mod web;
