//! Behaviour of the receiver, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
