//! `sitelog redact`: the filter, its rules, and values that a job registers; and that nothing sensitive leaves anywhere.

mod add;
mod everywhere;
mod filter;
mod rules;

use crate::scene::{Ran, Scene, ended_with};

/// `sitelog redact FLAGS` over an input.
fn redact(scene: &Scene, flags: &[&str], input: &[u8]) -> Ran {
    let command = scene.sitelog(["redact"].iter().chain(flags).copied());
    ended_with(command, Some(input.to_vec()))
}
