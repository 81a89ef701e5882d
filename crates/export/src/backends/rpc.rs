//! `google.rpc.Status` (google/rpc/status.proto, error_details.proto), as far as OTLP uses it.

use prost::Message;
use std::time::Duration;

/// An error as gRPC puts it into `grpc-status-details-bin` and OTLP/HTTP into error bodies.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl Status {
    /// How long `RetryInfo` asks to wait, if it is there; a negative or absent delay is none at all.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let detail = self
            .details
            .iter()
            .find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
        let delay = RetryInfo::decode(detail.value.as_slice())
            .ok()?
            .retry_delay
            .unwrap_or_default();
        let seconds = u64::try_from(delay.seconds).unwrap_or(0);
        let nanos = u32::try_from(delay.nanos).unwrap_or(0).min(999_999_999);
        Some(Duration::new(seconds, nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Written by hand from the .proto files: code 14, message "busy", one detail with 1.5 s.
    const BUSY: &[u8] = b"\x08\x0e\x12\x04busy\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\
        \x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01";

    #[test]
    fn retry_info_is_read() {
        let status = Status::decode(BUSY).unwrap();
        assert_eq!((status.code, status.message.as_str()), (14, "busy"));
        assert_eq!(status.retry_after(), Some(Duration::from_millis(1500)));
        assert_eq!(Status::default().retry_after(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
            if let Ok(status) = Status::decode(bytes.as_slice()) {
                let _ = status.retry_after();
            }
        }
    }
}
