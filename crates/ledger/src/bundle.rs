//! A bundle: chosen chains or frames in one file, verified on another machine with the public key alone.

mod export;
mod line;
mod read;

pub(crate) use export::export;
pub use export::{Exported, Selection};
pub use read::{BundleChain, BundleError, BundleReport, read_bundle};
