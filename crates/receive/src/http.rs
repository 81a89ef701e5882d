//! OTLP over gRPC and over HTTP, by one service on either port.

mod body;
mod cors;
mod decode;
mod exchange;
mod framing;
mod json;
mod reply;

pub(crate) use exchange::{Encoding, answer};
