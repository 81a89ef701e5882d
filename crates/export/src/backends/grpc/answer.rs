//! What a gRPC answer means, by the table in the OTLP specification (<https://opentelemetry.io/docs/specs/otlp/#failures>).

use crate::backends::{Delivery, partial, rpc};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use prost::Message;
use tonic::{Code, Status};

/// Judges an answer. The status is in the trailers, or in the headers of an answer without a message.
pub(super) fn delivery(http: StatusCode, headers: &HeaderMap, trailers: Option<&HeaderMap>, body: &Bytes) -> Delivery {
    let found = trailers
        .and_then(Status::from_header_map)
        .or_else(|| Status::from_header_map(headers));
    let status = found.unwrap_or_else(|| without_status(http));
    if status.code() == Code::Ok {
        // We ask for no compression of answers, so the five bytes say nothing new.
        return partial::from_protobuf(body.get(5..).unwrap_or_default());
    }
    judge(&status)
}

/// Answers of proxies that speak no gRPC, as the gRPC specification maps them.
fn without_status(http: StatusCode) -> Status {
    let code = match http.as_u16() {
        200 => return Status::unavailable("the answer ended without a grpc-status"),
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        413 => return Status::resource_exhausted(format!("HTTP {http}: message larger than max")),
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(code, format!("HTTP {http} without a grpc-status"))
}

fn judge(status: &Status) -> Delivery {
    let details = rpc::Status::decode(status.details()).unwrap_or_default();
    let after = details.retry_after();
    let message = status.message();
    let why = match message {
        "" => format!("gRPC {:?}", status.code()),
        message => format!("gRPC {:?}: {message}", status.code()),
    };
    if is_about_size(message) {
        return Delivery::TooLarge { why };
    }
    match status.code() {
        // The specification makes this one retryable only when the destination says when. Without that it may be a
        // quota, a limit of this request or overload: neither drop it nor insist.
        Code::ResourceExhausted if after.is_none() => Delivery::Suspect { why },
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss
        | Code::ResourceExhausted => Delivery::Later { after, why },
        Code::Unauthenticated | Code::PermissionDenied => Delivery::Barred { why },
        // Said of the service by a destination without this signal, and of a compression it does not know.
        Code::Unimplemented if message.contains("compress") => Delivery::Barred { why },
        Code::Unimplemented => Delivery::NotTaken { why },
        Code::Internal | Code::Unknown | Code::Ok => Delivery::Suspect { why },
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::FailedPrecondition => {
            Delivery::Never { why }
        }
    }
}

/// gRPC has no code for this: grpc-go says RESOURCE_EXHAUSTED "received message larger than max", tonic OUT_OF_RANGE
/// "message length too large", grpc-java "gRPC message exceeds maximum size".
fn is_about_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let known = [
        "larger than max",
        "length too large",
        "message too large",
        "exceeds maximum",
    ];
    known.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(code: Code, message: &str) -> Delivery {
        judge(&Status::new(code, message))
    }

    #[test]
    fn each_code_means_what_the_specification_says() {
        use Code::*;
        for code in [Cancelled, DeadlineExceeded, Aborted, OutOfRange, Unavailable, DataLoss] {
            assert!(
                matches!(with(code, ""), Delivery::Later { after: None, .. }),
                "{code:?}"
            );
        }
        for code in [InvalidArgument, NotFound, AlreadyExists, FailedPrecondition] {
            assert!(matches!(with(code, ""), Delivery::Never { .. }), "{code:?}");
        }
        for code in [Unauthenticated, PermissionDenied] {
            assert!(matches!(with(code, ""), Delivery::Barred { .. }), "{code:?}");
        }
        for code in [Internal, Unknown, ResourceExhausted] {
            assert!(matches!(with(code, ""), Delivery::Suspect { .. }), "{code:?}");
        }
        assert!(matches!(
            with(Unimplemented, "unknown service"),
            Delivery::NotTaken { .. }
        ));
        assert!(matches!(
            with(Unimplemented, "Content is compressed with `zstd`"),
            Delivery::Barred { .. }
        ));
    }

    #[test]
    fn what_servers_say_of_size_is_understood() {
        let go = with(
            Code::ResourceExhausted,
            "grpc: received message larger than max (5 vs. 4)",
        );
        let tonic = with(
            Code::OutOfRange,
            "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes",
        );
        for delivery in [go, tonic] {
            assert!(matches!(delivery, Delivery::TooLarge { .. }), "{delivery:?}");
        }
    }

    #[test]
    fn an_answer_without_a_status_is_judged_by_its_http_status() {
        let judge = |status| {
            delivery(
                StatusCode::from_u16(status).unwrap(),
                &HeaderMap::new(),
                None,
                &Bytes::new(),
            )
        };
        assert!(matches!(judge(200), Delivery::Later { .. }));
        assert!(matches!(judge(503), Delivery::Later { .. }));
        assert!(matches!(judge(404), Delivery::NotTaken { .. }));
        assert!(matches!(judge(401), Delivery::Barred { .. }));
        assert!(matches!(judge(413), Delivery::TooLarge { .. }));
        assert!(matches!(judge(500), Delivery::Suspect { .. }));
    }
}
