//! `sitelog serve`, put together: settings → plan → gateway, chains, delivery, health.

pub(crate) mod access;
mod chains;
mod delivery;
#[cfg(test)]
mod documented;
mod keys;
mod metrics;
mod notify;
mod plan;
mod spans;
mod web;

pub(crate) use chains::TenantChains;
pub(crate) use delivery::Delivery;
pub(crate) use keys::Keys;
pub(crate) use notify::notify;
pub(crate) use plan::{Addresses, Plan, TenantPlan};
pub(crate) use spans::{spans_of_requests, traced};
pub(crate) use web::{Admin, serve as serve_admin};
