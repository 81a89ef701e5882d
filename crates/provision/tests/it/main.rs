//! Behaviour of the readers and of the operation, on captures of real engines and on streams made up.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod pulumi;
mod records;
mod terraform;
