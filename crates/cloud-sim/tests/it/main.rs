//! What the simulation answers, what goes wrong in it, and whether its truth is one.

#![allow(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod answers;
mod client;
mod faults;
mod history_pages;
mod pages;
mod program;
mod reference;
mod shapes;
mod special;
mod truth;
