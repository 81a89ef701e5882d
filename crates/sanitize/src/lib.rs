//! Hides secrets; the only maker of [`Clean`].

mod clean;
pub mod lines;

pub use clean::Clean;
