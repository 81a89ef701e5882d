//! Encoded OTLP `KeyValue` messages (`common/v1/common.proto`).

use super::{put_bytes, put_uint};

/// A string value.
pub fn string(key: &str, value: &str) -> Vec<u8> {
    key_value(key, |any| put_bytes(any, 1, value.as_bytes()))
}

/// A boolean value.
pub fn boolean(key: &str, value: bool) -> Vec<u8> {
    key_value(key, |any| put_uint(any, 2, u64::from(value)))
}

/// An integer value; a negative one takes ten bytes, as protobuf's `int64` does.
pub fn int(key: &str, value: i64) -> Vec<u8> {
    key_value(key, |any| put_uint(any, 3, value as u64))
}

/// A bytes value.
pub fn bytes(key: &str, value: &[u8]) -> Vec<u8> {
    key_value(key, |any| put_bytes(any, 7, value))
}

fn key_value(key: &str, value: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut any = Vec::new();
    value(&mut any);
    let mut out = Vec::with_capacity(key.len() + any.len() + 8);
    put_bytes(&mut out, 1, key.as_bytes());
    put_bytes(&mut out, 2, &any);
    out
}
