//! The real program, started as a user starts it: no part of it is replaced.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed set-up is a failed test"
)]

mod audit;
mod cases;
mod cloud;
mod cloud_settings;
mod collector;
mod component;
mod crash;
mod faults;
mod mapt;
mod provision;
mod recorded;
mod redact;
mod scene;
mod serve;
mod sink;
