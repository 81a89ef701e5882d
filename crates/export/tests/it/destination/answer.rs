//! Answers, the same for every protocol, and what each is on the wire.

use prost::Message;
use std::time::Duration;
use tonic::{Code, Status};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Take,
    TakeAfter(Duration),
    Partial(i64, &'static str),
    /// 429 and RESOURCE_EXHAUSTED, with a hint in whole seconds.
    Throttle(Option<u64>),
    /// 503 and UNAVAILABLE, with a hint in whole seconds.
    Unavailable(Option<u64>),
    /// 400 and INVALID_ARGUMENT.
    Refuse(&'static str),
    /// 413, and what grpc-go says.
    TooLarge,
    /// 404 and UNIMPLEMENTED.
    NotTaken,
    /// 401 and UNAUTHENTICATED.
    Unauthorized,
    /// 500 and INTERNAL.
    ServerError,
    /// No answer, ever.
    Hang,
    /// The connection ends instead of an answer.
    Close,
}

impl Answer {
    /// Whether the destination has the records after it.
    pub(crate) fn takes(&self) -> bool {
        matches!(self, Self::Take | Self::TakeAfter(_) | Self::Partial(..))
    }

    pub(crate) fn delay(&self) -> Duration {
        if let Self::TakeAfter(delay) = self {
            *delay
        } else {
            Duration::ZERO
        }
    }

    pub(crate) fn partial(&self) -> (i64, &'static str) {
        if let Self::Partial(rejected, why) = self {
            (*rejected, why)
        } else {
            (0, "")
        }
    }

    pub(crate) fn hint(&self) -> Option<u64> {
        if let Self::Throttle(hint) | Self::Unavailable(hint) = self {
            *hint
        } else {
            None
        }
    }

    pub(crate) fn http_status(&self) -> u16 {
        match self {
            Self::Take | Self::TakeAfter(_) | Self::Partial(..) | Self::Hang | Self::Close => 200,
            Self::Throttle(_) => 429,
            Self::Unavailable(_) => 503,
            Self::Refuse(_) => 400,
            Self::TooLarge => 413,
            Self::NotTaken => 404,
            Self::Unauthorized => 401,
            Self::ServerError => 500,
        }
    }

    pub(crate) fn text(&self) -> &'static str {
        match self {
            Self::Refuse(why) => why,
            Self::TooLarge => "grpc: received message larger than max (5000 vs. 4000)",
            Self::NotTaken => "unknown service",
            _ => "not today",
        }
    }

    pub(crate) fn grpc_status(&self) -> Option<Status> {
        let code = match self {
            Self::Take | Self::TakeAfter(_) | Self::Partial(..) | Self::Hang | Self::Close => return None,
            Self::Throttle(_) | Self::TooLarge => Code::ResourceExhausted,
            Self::Unavailable(_) => Code::Unavailable,
            Self::Refuse(_) => Code::InvalidArgument,
            Self::NotTaken => Code::Unimplemented,
            Self::Unauthorized => Code::Unauthenticated,
            Self::ServerError => Code::Internal,
        };
        let details = self
            .hint()
            .map(|seconds| retry_info(code as i32, seconds))
            .unwrap_or_default();
        Some(Status::with_details(code, self.text(), details.into()))
    }
}

/// A `google.rpc.Status` with a `RetryInfo`, by field numbers: code 1, details 3 = { url 1, value 2 = { delay 1 = { s 1 } } }.
fn retry_info(code: i32, seconds: u64) -> Vec<u8> {
    #[derive(Clone, PartialEq, Message)]
    struct Status {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Any {
        #[prost(string, tag = "1")]
        url: String,
        #[prost(bytes = "vec", tag = "2")]
        value: Vec<u8>,
    }
    let url = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
    let value = vec![0x0a, 0x02, 0x08, u8::try_from(seconds).unwrap()];
    Status {
        code,
        details: vec![Any { url, value }],
    }
    .encode_to_vec()
}
