//! The conformance table: every scenario over every protocol. A new protocol is one line here.

/// Makes a test of each scenario for each protocol.
macro_rules! conformance {
    ($($scenario:path => $name:ident,)*) => {
        mod grpc { conformance!(@tests Grpc $($scenario => $name,)*); }
        mod http_protobuf { conformance!(@tests HttpProtobuf $($scenario => $name,)*); }
        mod http_json { conformance!(@tests HttpJson $($scenario => $name,)*); }
    };
    (@tests $protocol:ident $($scenario:path => $name:ident,)*) => {
        $(#[test] fn $name() { $scenario(sitelog_export::config::Protocol::$protocol); })*
    };
}

conformance! {
    crate::success::accepts => accepts,
    crate::success::is_slow => is_slow,
    crate::success::takes_compressed_requests => takes_compressed_requests,
    crate::success::reports_partial_success => reports_partial_success,
    crate::faults::throttles_without_a_hint => throttles_without_a_hint,
    crate::faults::throttles_with_a_hint => throttles_with_a_hint,
    crate::faults::is_unavailable_without_a_hint => is_unavailable_without_a_hint,
    crate::faults::is_unavailable_with_a_hint => is_unavailable_with_a_hint,
    crate::faults::hangs => hangs,
    crate::faults::closes_mid_request => closes_mid_request,
    crate::faults::does_not_know_us => does_not_know_us,
    crate::refusals::refuses_a_record => refuses_a_record,
    crate::refusals::refuses_everything => refuses_everything,
    crate::refusals::fails_on_a_record => fails_on_a_record,
    crate::refusals::fails_on_everything => fails_on_everything,
    crate::refusals::takes_small_requests_only => takes_small_requests_only,
    crate::refusals::does_not_take_the_signal => does_not_take_the_signal,
    crate::live::is_dead => is_dead,
    crate::live::comes_back => comes_back,
    crate::live::fails_in_the_middle_of_a_stream => fails_in_the_middle_of_a_stream,
    crate::finish::stops_answering => stops_answering,
    crate::tls::speaks_tls => speaks_tls,
    crate::tls::asks_for_a_certificate => asks_for_a_certificate,
    crate::tls::has_a_stranger_s_certificate => has_a_stranger_s_certificate,
}
