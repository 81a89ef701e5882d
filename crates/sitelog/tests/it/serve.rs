//! `sitelog serve` as it is started: what is acknowledged arrives, whatever happens.

mod certificates;
mod crash;
mod delivery;
mod demo;
mod exporter;
mod oidc;
mod peers;
mod prometheus;
mod reload;
mod room;
mod running;
mod sdks;
mod spool;
mod tenants;
mod told;
mod traced;
mod usage;
