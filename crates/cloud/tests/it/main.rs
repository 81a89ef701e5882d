//! Behaviour of the exporter against a simulated Pulumi Cloud.

#![allow(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod audit;
mod audit_log;
mod faults;
mod few_calls;
mod histories;
mod recording;
mod short_of_time;
mod special;
mod stage;
mod state;
