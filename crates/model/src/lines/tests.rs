use super::*;
use crate::otlp::collector::logs::v1::ExportLogsServiceRequest;
use crate::otlp::common::v1::{AnyValue, InstrumentationScope, any_value};
use crate::otlp::resource::v1::Resource;
use crate::wire::attribute;
use crate::wire::put_bytes;
use proptest::prelude::*;
use prost::Message;

fn header() -> Header {
    let mut attributes = Vec::new();
    put_bytes(&mut attributes, 6, &attribute::string("sitelog.phase", "command"));
    Header {
        resource: Resource::default().encode_to_vec(),
        scope: InstrumentationScope {
            name: "sitelog".into(),
            ..Default::default()
        }
        .encode_to_vec(),
        attributes,
        trace: TraceId([7; 16]),
        span: SpanId([9; 8]),
        trace_flags: 1,
    }
}

fn block(lines: &[Line<'_>]) -> bytes::Bytes {
    let mut writer = Writer::new(&header(), 40, 64);
    lines.iter().for_each(|line| writer.push(line));
    writer.finish()
}

fn line(bytes: &[u8]) -> Line<'_> {
    Line {
        stream: Stream::Stderr,
        eol: Eol::CrLf,
        part: None,
        time: 5,
        observed: 6,
        bytes,
    }
}

fn any(value: any_value::Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

#[test]
fn a_record_carries_every_field() {
    let part = Some(Part { index: 3, last: true });
    let bytes = block(&[
        line(b"\xff!"),
        Line {
            part,
            ..line(b"second")
        },
    ]);
    let encoded = Block::parse(&bytes).unwrap().to_otlp(0..2).unwrap();
    let request = ExportLogsServiceRequest::decode(encoded.as_ref()).unwrap();
    let scope = &request.resource_logs[0].scope_logs[0];
    assert_eq!(scope.scope.as_ref().unwrap().name, "sitelog");
    let [first, second] = scope.log_records.as_slice() else {
        panic!("two records")
    };
    assert_eq!(
        (first.time_unix_nano, first.observed_time_unix_nano, first.flags),
        (5, 6, 1)
    );
    assert_eq!(
        (first.trace_id.as_slice(), first.span_id.as_slice()),
        ([7; 16].as_slice(), [9; 8].as_slice())
    );
    assert_eq!(first.body, any(any_value::Value::StringValue("\u{fffd}!".into())));
    let attribute = |record: &crate::otlp::logs::v1::LogRecord, key: &str| {
        record
            .attributes
            .iter()
            .find(|kv| kv.key == key)
            .and_then(|kv| kv.value.clone())
    };
    assert_eq!(
        attribute(first, "sitelog.bytes"),
        any(any_value::Value::BytesValue(b"\xff!".to_vec()))
    );
    assert_eq!(attribute(first, "sitelog.seq"), any(any_value::Value::IntValue(40)));
    assert_eq!(
        attribute(first, "sitelog.phase"),
        any(any_value::Value::StringValue("command".into()))
    );
    assert_eq!(
        attribute(first, "log.iostream"),
        any(any_value::Value::StringValue("stderr".into()))
    );
    assert_eq!(
        attribute(second, "sitelog.eol"),
        any(any_value::Value::StringValue("crlf".into()))
    );
    assert_eq!(attribute(second, "sitelog.part"), any(any_value::Value::IntValue(3)));
    assert_eq!(
        attribute(second, "sitelog.part.last"),
        any(any_value::Value::BoolValue(true))
    );
}

#[test]
fn a_range_is_the_same_records() {
    let bytes = block(&[line(b"a"), line(b"b"), line(b"c")]);
    let encoded = Block::parse(&bytes).unwrap().to_otlp(1..2).unwrap();
    let request = ExportLogsServiceRequest::decode(encoded.as_ref()).unwrap();
    let records = &request.resource_logs[0].scope_logs[0].log_records;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].body, any(any_value::Value::StringValue("b".into())));
}

prop_compose! {
    fn any_line()(stderr: bool, eol in 0..3usize, part: Option<(u32, bool)>, time in 0..u64::MAX / 2, took in 0..1u64 << 40, bytes: Vec<u8>)
        -> (Line<'static>, Vec<u8>) {
        let stream = if stderr { Stream::Stderr } else { Stream::Stdout };
        let part = part.map(|(index, last)| Part { index, last });
        (Line { stream, eol: [Eol::Lf, Eol::CrLf, Eol::None][eol], part, time, observed: time + took, bytes: b"" }, bytes)
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(lines in proptest::collection::vec(any_line(), 0..20)) {
        let lines: Vec<Line<'_>> = lines.iter().map(|(line, bytes)| Line { bytes, ..*line }).collect();
        let bytes = block(&lines);
        let parsed = Block::parse(&bytes).unwrap();
        prop_assert_eq!(parsed.header(), &header());
        let read: Vec<(u64, Line<'_>)> = parsed.lines().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read.len(), lines.len());
        for (i, (seq, line)) in read.iter().enumerate() {
            prop_assert_eq!(*seq, 40 + i as u64);
            prop_assert_eq!(line, &lines[i]);
        }
        let request = ExportLogsServiceRequest::decode(parsed.to_otlp(0..lines.len()).unwrap().as_ref()).unwrap();
        prop_assert_eq!(request.resource_logs[0].scope_logs[0].log_records.len(), lines.len());
    }

    #[test]
    fn any_bytes_are_refused_or_read(mut bytes: Vec<u8>, valid: bool) {
        if valid {
            let good = block(&[line(b"x"), line(b"y")]);
            let keep = bytes.len() % good.len();
            bytes.splice(..0, good[..keep].iter().copied());
        }
        if let Ok(parsed) = Block::parse(&bytes) {
            let _ = parsed.to_otlp(0..parsed.len());
        }
    }
}
