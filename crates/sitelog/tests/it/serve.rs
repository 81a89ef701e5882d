//! `sitelog serve` as it is started: what is acknowledged arrives, whatever happens.

mod crash;
mod delivery;
mod reload;
mod running;
mod tenants;
mod usage;
