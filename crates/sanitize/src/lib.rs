//! Hides secrets; the only maker of [`Clean`].

mod clean;

pub use clean::Clean;
