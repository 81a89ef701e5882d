//! Every limit has an error of its own, and the deepest request that is taken can be decoded.

use super::{redact, redact_within, sanitizer};
use prost::Message;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::wire::put_bytes;
use sitelog_model::{Bytes, Signal};
use sitelog_sanitize::{Invalid, Limits};

fn field(number: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, number, payload);
    out
}

/// A request of log records, each given by its fields.
fn logs(records: &[Vec<u8>]) -> Bytes {
    let records: Vec<u8> = records.iter().flat_map(|record| field(2, record)).collect();
    field(1, &field(2, &records)).into()
}

/// A body of lists in lists: `levels` messages, an odd number, the innermost an empty `AnyValue`.
fn nested(levels: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    for level in 1..levels {
        payload = field(if level % 2 == 1 { 1 } else { 5 }, &payload);
    }
    field(5, &payload)
}

#[test]
fn each_limit_has_its_error() {
    let sanitizer = sanitizer();
    let two = logs(&[field(12, b"a"), field(12, b"b")]);
    let values = logs(&[[field(6, b""), field(6, b""), field(6, b"")].concat()]);
    let few = Limits::default();
    let refused = |bytes: &Bytes, limits: Limits| redact_within(&sanitizer, Signal::Logs, bytes, &limits).unwrap_err();
    let size = two.len();
    assert_eq!(
        refused(&two, Limits { bytes: 5, ..few }),
        Invalid::TooLarge { size, max: 5 }
    );
    assert_eq!(
        refused(&two, Limits { records: 1, ..few }),
        Invalid::TooManyRecords { offset: 9, max: 1 }
    );
    assert!(matches!(
        refused(&two, Limits { fields: 3, ..few }),
        Invalid::TooManyFields { max: 3, .. }
    ));
    assert!(matches!(
        refused(&values, Limits { values: 2, ..few }),
        Invalid::TooManyValues { max: 2, .. }
    ));
    assert!(matches!(
        refused(&two, Limits { depth: 2, ..few }),
        Invalid::TooDeep { max: 2, .. }
    ));
    assert!(redact_within(&sanitizer, Signal::Logs, &two, &Limits { depth: 3, ..few }).is_ok());
}

#[test]
fn values_are_counted_by_record() {
    let sanitizer = sanitizer();
    let limits = Limits {
        values: 2,
        ..Limits::default()
    };
    let record = [field(6, b""), field(6, b"")].concat();
    let many = logs(&vec![record; 50]);
    assert_eq!(redact_within(&sanitizer, Signal::Logs, &many, &limits), Ok(many));
}

#[test]
fn what_is_taken_is_never_too_deep_for_decoders() {
    let sanitizer = sanitizer();
    let mut deepest = 0;
    for levels in (91..105).step_by(2) {
        let bytes = logs(&[nested(levels)]);
        let ours = redact(&sanitizer, Signal::Logs, &bytes);
        let prost = ExportLogsServiceRequest::decode(bytes.as_ref());
        assert_eq!(ours.is_ok(), prost.is_ok(), "{levels} levels");
        if ours.is_ok() {
            deepest = levels;
        } else {
            assert!(matches!(ours, Err(Invalid::TooDeep { max: 100, .. })));
        }
    }
    assert_eq!(deepest, 97);
    // A limit beyond what decoders take is no limit.
    let limits = Limits {
        depth: usize::MAX,
        ..Limits::default()
    };
    let hostile = logs(&[nested(20_001)]);
    assert!(matches!(
        redact_within(&sanitizer, Signal::Logs, &hostile, &limits),
        Err(Invalid::TooDeep { max: 100, .. })
    ));
}
