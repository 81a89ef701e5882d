//! What must hold for any bytes on an event stream; the body of the fuzz target `pulumi`, and a test on stable.

use sitelog_model::otlp::common::v1::any_value::Value;
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_model::{TraceContext, Ulid};
use sitelog_provision::pulumi::{Document, Events};
use sitelog_provision::{Context, End, Operation, Output, Reader, Tool};

/// Reads `bytes` as lines of events, then as one document: no panic, one `completed` at the end, numbers without gaps,
/// and every line accounted for.
pub(super) fn check(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n');
    operate(Events, lines);
    operate(Document, [bytes].into_iter());
}

fn operate<'a>(mut reader: impl Reader, events: impl Iterator<Item = &'a [u8]>) {
    let context = Context {
        id: Ulid::from_parts(1, 1),
        tool: Tool::Pulumi,
        verb: None,
        run: Ulid::from_parts(1, 2),
        place: TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").expect("a context"),
        project: None,
        stack: None,
        organization: None,
        workspace: None,
        root: None,
        feed: "grpc",
    };
    let mut operation = Operation::begin(context, 0);
    let (mut out, mut facts) = (Output::default(), Vec::new());
    let (mut told, mut malformed) = (0, 0);
    for (at, event) in events.enumerate() {
        if reader.read(event, &mut facts).is_err() {
            assert!(facts.is_empty(), "a refused event leaves no facts");
            operation.malformed();
            malformed += 1;
        }
        told += facts.len() as i64;
        facts
            .drain(..)
            .for_each(|fact| operation.tell(fact, at as u64, &mut out));
    }
    let end = End {
        exit_code: Some(0),
        streams: 1,
        ..End::default()
    };
    operation.end(&end, u64::MAX, &mut out);
    for (number, record) in out.logs.iter().enumerate() {
        assert_eq!(int(record, "sitelog.seq"), Some(number as i64));
        let last = number + 1 == out.logs.len();
        assert_eq!(
            record.event_name == "sitelog.operation.completed",
            last,
            "one, and the last"
        );
    }
    let completed = out.logs.last().expect("a record");
    let known = ["received", "duplicated"].map(|of| int(completed, &format!("sitelog.events.{of}")).unwrap_or(0));
    assert_eq!(known.iter().sum::<i64>(), told, "every fact is accounted for");
    assert_eq!(int(completed, "sitelog.events.malformed").unwrap_or(0), malformed);
}

fn int(record: &LogRecord, key: &str) -> Option<i64> {
    let attribute = record.attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::IntValue(number) => Some(*number),
        _ => None,
    }
}
