//! The settings of `sitelog cloud` as users of pulumi-exporter give them: each alone, all together, and wrong ones.

mod rows;
mod standard;
mod start;
mod whole;
