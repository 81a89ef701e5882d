//! Why a request is not taken, and what its sender is told.
//!
//! Statuses follow the OTLP specification 1.x (<https://opentelemetry.io/docs/specs/otlp/>, "Failures" and "OTLP/HTTP
//! Throttling"): what may be sent again later says so, with a time; what must not be sent again says that.

use http::StatusCode;
use sitelog_ledger::Refused;
use sitelog_sanitize::Invalid;
use std::time::Duration;

/// A refused request. None of the texts holds anything of the request's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credential where one is needed.
    #[error("a credential is needed: send `Authorization: Bearer TOKEN`")]
    NoCredential,
    /// A credential that opens nothing.
    #[error("the credential is not accepted: {0}")]
    BadCredential(&'static str),
    /// A credential that opens something else.
    #[error("the credential's role does not allow this")]
    Role,
    /// Nobody can tell now whether the credential is good.
    #[error("credentials cannot be checked now")]
    Unchecked,
    /// No such path or method of a service.
    #[error("there is nothing here; OTLP goes to /v1/logs, /v1/traces, /v1/metrics, or to the gRPC services of these")]
    NotFound,
    /// A method other than POST.
    #[error("only POST is taken here")]
    Method,
    /// A content type other than OTLP's.
    #[error("content-type is to be application/x-protobuf, application/json or application/grpc")]
    MediaType,
    /// An encoding that is not known.
    #[error("content-encoding is to be gzip, zstd or identity")]
    Encoding,
    /// More bytes than the tenant may send in one request.
    #[error("the request is larger than {max} bytes; send smaller batches")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// No OTLP.
    #[error("{0}")]
    Malformed(String),
    /// The body did not arrive in time, or not whole.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// One of the tenant's limits is reached.
    #[error("the tenant's limit of {limit} is reached")]
    Limited {
        /// Which.
        limit: Limit,
        /// When to try again.
        retry: Duration,
    },
    /// The server has as much to do as it may.
    #[error("too much is under way")]
    Busy {
        /// When to try again.
        retry: Duration,
    },
    /// The tenant's ledger takes nothing more before something is delivered.
    #[error("the tenant's ledger is full")]
    Full {
        /// When to try again.
        retry: Duration,
    },
    /// The disk takes nothing, or the server is stopping.
    #[error("{why}")]
    Unavailable {
        /// Which of them.
        why: &'static str,
        /// When to try again.
        retry: Duration,
    },
}

/// A tenant's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Records a second.
    Records,
    /// Bytes a second.
    Bytes,
    /// Bytes that are not answered yet.
    BytesInFlight,
    /// Metric series.
    Series,
    /// Keys of attributes.
    AttributeKeys,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Records => "records a second",
            Self::Bytes => "bytes a second",
            Self::BytesInFlight => "bytes under way",
            Self::Series => "metric series",
            Self::AttributeKeys => "attribute keys",
        })
    }
}

/// How long a sender whose disk or ledger is full waits at first.
pub(crate) const RETRY: Duration = Duration::from_secs(1);

impl Refusal {
    /// Every name that [`Self::name`] can give.
    pub const NAMES: [&'static str; 20] = [
        "no_credential",
        "bad_credential",
        "role",
        "unchecked",
        "not_found",
        "method",
        "media_type",
        "encoding",
        "too_large",
        "malformed",
        "too_slow",
        "records_per_second",
        "bytes_per_second",
        "bytes_in_flight",
        "series",
        "attribute_keys",
        "busy",
        "ledger_full",
        "unavailable",
        "other",
    ];

    /// The value of the counter's label.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::BadCredential(_) => "bad_credential",
            Self::Role => "role",
            Self::Unchecked => "unchecked",
            Self::NotFound => "not_found",
            Self::Method => "method",
            Self::MediaType => "media_type",
            Self::Encoding => "encoding",
            Self::TooLarge { .. } => "too_large",
            Self::Malformed(_) => "malformed",
            Self::TooSlow => "too_slow",
            Self::Limited { limit, .. } => match limit {
                Limit::Records => "records_per_second",
                Limit::Bytes => "bytes_per_second",
                Limit::BytesInFlight => "bytes_in_flight",
                Limit::Series => "series",
                Limit::AttributeKeys => "attribute_keys",
            },
            Self::Busy { .. } => "busy",
            Self::Full { .. } => "ledger_full",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    /// The status over HTTP.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoCredential | Self::BadCredential(_) => StatusCode::UNAUTHORIZED,
            Self::Role => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType | Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Limited { .. } | Self::Full { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy { .. } | Self::Unavailable { .. } | Self::Unchecked | Self::TooSlow => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The status over gRPC (<https://grpc.github.io/grpc/core/md_doc_statuscodes.html>).
    pub fn code(&self) -> u8 {
        match self {
            Self::NoCredential | Self::BadCredential(_) => 16,
            Self::Role => 7,
            Self::NotFound | Self::Method | Self::Encoding => 12,
            Self::MediaType | Self::Malformed(_) => 3,
            Self::TooLarge { .. } | Self::Limited { .. } | Self::Full { .. } => 8,
            Self::Busy { .. } | Self::Unavailable { .. } | Self::Unchecked | Self::TooSlow => 14,
        }
    }

    /// When the same request may be sent again; `None` when it must not be.
    pub fn retry(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry, .. }
            | Self::Busy { retry }
            | Self::Full { retry }
            | Self::Unavailable { retry, .. } => Some(*retry),
            // A slow network is no fault of the data: only what OTLP's lists name is sent again.
            Self::Unchecked | Self::TooSlow => Some(RETRY),
            _ => None,
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Full { retry_after, .. } | Refused::TooOld { retry_after, .. } => {
                Self::Full { retry: retry_after }
            }
            Refused::TooLarge { max } => Self::TooLarge { max },
            Refused::DiskFull(_) => Self::Unavailable {
                why: "the disk is full",
                retry: RETRY,
            },
            _ => Self::Unavailable {
                why: "the ledger takes no writes",
                retry: RETRY,
            },
        }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::TooLarge { max, .. } => Self::TooLarge { max },
            other => Self::Malformed(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_sent_again_has_a_status_that_says_so() {
        let retry = Duration::from_millis(5);
        let all = [
            Refusal::Limited {
                limit: Limit::Records,
                retry,
            },
            Refusal::Busy { retry },
            Refusal::Full { retry },
            Refusal::Unavailable { why: "x", retry },
            Refusal::Unchecked,
            Refusal::TooSlow,
            Refusal::Malformed(String::new()),
            Refusal::TooLarge { max: 1 },
            Refusal::NoCredential,
            Refusal::Role,
            Refusal::NotFound,
        ];
        for refusal in all {
            // The specification's lists of what a client sends again.
            let again = [429, 502, 503, 504].contains(&refusal.status().as_u16());
            assert_eq!(again, refusal.retry().is_some(), "{refusal:?}");
            let again =
                matches!(refusal.code(), 1 | 4 | 10 | 11 | 14 | 15) || refusal.code() == 8 && refusal.retry().is_some();
            assert_eq!(again, refusal.retry().is_some(), "{refusal:?}");
            assert!(Refusal::NAMES.contains(&refusal.name()));
        }
    }
}
