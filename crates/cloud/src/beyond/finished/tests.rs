use super::*;
use crate::counting::About;
use sitelog_model::otlp::common::v1::any_value;
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_sanitize::Settings;

const NOW: u64 = 1_790_000_500_000_000_000;

fn update() -> Update {
    let about = About {
        by: Some("dana".into()),
        message: Some(format!(
            "Raise it, password=hunter2hunter2{}",
            " and so on".repeat(1_000)
        )),
        attributes: vec![(name::VCS_REF_HEAD_NAME, "main".into())],
        config_keys: vec!["aws:region".into()],
        engine: Some("v3.207.0".into()),
    };
    Update {
        version: 42,
        kind: "update".into(),
        result: "failed".into(),
        start: 1_790_000_000,
        end: 1_790_000_090,
        changes: vec![("create".into(), 3), ("same".into(), 9)],
        id: Some("u-1".into()),
        about: Some(Box::new(about)),
    }
}

fn finished(update: &Update) -> (Ulid, Finished, String) {
    let hide = Sanitizer::new(Settings::default());
    let (uid, row) = super::row(update, "id-1", ["acme", "shop", "prod"], &hide);
    let Some(Waiting::Update(finished)) = Waiting::read(&row) else {
        panic!("no update")
    };
    (
        Ulid::from_string(&uid).unwrap(),
        *finished,
        String::from_utf8(row).unwrap(),
    )
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|known| known.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn int(record: &LogRecord, key: &str) -> Option<i64> {
    let found = record.attributes.iter().find(|known| known.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::IntValue(number) => Some(*number),
        _ => None,
    }
}

#[test]
fn an_update_is_an_operation_at_its_own_times() {
    let (id, finished, row) = finished(&update());
    assert!(
        !row.contains("hunter2") && row.contains("[REDACTED]") && row.len() < 6_000,
        "{row}"
    );
    let (rendered, malformed) = finished.render(id, None, &[key_value::text("service.name", "sitelog")], NOW);
    let names: Vec<&str> = rendered.logs.iter().map(|record| record.event_name.as_str()).collect();
    assert_eq!(names, ["sitelog.operation.started", "sitelog.operation.completed"]);
    let [started, completed] = &rendered.logs[..] else {
        panic!()
    };
    assert_eq!(
        (started.time_unix_nano, completed.time_unix_nano),
        (nanos(1_790_000_000), nanos(1_790_000_090))
    );
    assert_eq!((completed.observed_time_unix_nano, malformed), (NOW, 0));
    let said = |key| text(&completed.attributes, key);
    assert_eq!(said(name::SITELOG_OPERATION_RESULT), Some("failed"));
    assert_eq!(said(name::SITELOG_OPERATION_NAME), Some("up"));
    assert_eq!(said(name::ERROR_TYPE), Some("engine"));
    assert_eq!(int(completed, name::SITELOG_CHANGES_CREATE), Some(3));
    // Nobody asked for events: none are missed, none are said to have come.
    assert_eq!(int(completed, name::SITELOG_EVENTS_RECEIVED), None);
    assert_eq!(text(&started.attributes, name::SITELOG_TOOL_VERSION), Some("v3.207.0"));
    let own = |key| text(&rendered.resource.attributes, key);
    assert_eq!(
        (own(name::USER_ID), own(name::SITELOG_ACTOR_SOURCE)),
        (Some("dana"), Some("pulumi"))
    );
    assert_eq!(
        (own(name::PULUMI_STACK), own(name::SITELOG_FEED)),
        (Some("prod"), Some("history"))
    );
    assert_eq!(own(name::VCS_REF_HEAD_NAME), Some("main"));
    let [span] = &rendered.spans[..] else {
        panic!("{:?}", rendered.spans)
    };
    assert!(span.parent_span_id.is_empty() && span.trace_id.len() == 16);
    assert_eq!(
        (span.start_time_unix_nano, span.end_time_unix_nano),
        (nanos(1_790_000_000), nanos(1_790_000_090))
    );
}

#[test]
fn it_has_the_same_ids_whenever_it_is_recorded() {
    let keys = |update: &Update| {
        let (id, finished, _) = finished(update);
        finished.render(id, None, &[], NOW).0.keys().collect::<Vec<_>>()
    };
    assert_eq!(keys(&update()), keys(&update()));
    let next = Update {
        version: 43,
        ..update()
    };
    assert!(keys(&next).iter().all(|key| !keys(&update()).contains(key)));
}

#[test]
fn its_events_are_mapped_as_those_of_a_run_and_lie_within_it() {
    let event = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let urn = "urn:pulumi:other::elsewhere::aws:s3/bucket:Bucket::b";
    let metadata =
        format!(r#"{{"op":"create","urn":"{urn}","type":"aws:s3/bucket:Bucket","new":{{"type":"t","urn":"{urn}"}}}}"#);
    let events = vec![
        event(r#"{"timestamp":1,"type":"preludeEvent","preludeEvent":{"config":{"a:b":"c"}}}"#),
        event(&format!(
            r#"{{"type":"resourcePreEvent","timestamp":1790000010,"resourcePreEvent":{{"metadata":{metadata}}}}}"#
        )),
        event(&format!(
            r#"{{"type":"resOutputsEvent","timestamp":1790000020,"resOutputsEvent":{{"metadata":{metadata}}}}}"#
        )),
        event(r#"{"timestamp":"no time"}"#),
        event(
            r#"{"timestamp":1999999999,"type":"summaryEvent","summaryEvent":{"durationSeconds":5,"resourceChanges":{"create":1},"result":"succeeded"}}"#,
        ),
    ];
    let (id, finished, _) = finished(&update());
    let (rendered, malformed) = finished.render(id, Some(&events), &[], NOW);
    assert_eq!(malformed, 1);
    let told: Vec<(&str, u64)> = rendered
        .logs
        .iter()
        .map(|record| {
            (
                record.event_name.as_str(),
                record.time_unix_nano / 1_000_000_000 - 1_790_000_000,
            )
        })
        .collect();
    let expected = [
        ("sitelog.operation.started", 0),
        ("sitelog.resource.started", 10),
        ("sitelog.resource.completed", 20),
        ("sitelog.operation.completed", 90),
    ];
    assert_eq!(told, expected);
    let completed = rendered.logs.last().unwrap();
    // The engine's account of what was done, the service's of how it ended.
    assert_eq!(int(completed, name::SITELOG_CHANGES_CREATE), Some(1));
    assert_eq!(
        text(&completed.attributes, name::SITELOG_OPERATION_RESULT),
        Some("failed")
    );
    let own = |key| text(&rendered.resource.attributes, key);
    assert_eq!(
        (own(name::PULUMI_STACK), own(name::PULUMI_PROJECT)),
        (Some("prod"), Some("shop"))
    );
    assert_eq!(own(name::SITELOG_FEED), Some("events"));
    assert_eq!(rendered.spans.len(), 2);
}

#[test]
fn odd_ones_are_recorded_too() {
    let odd = Update {
        kind: "rename".into(),
        result: "exploded".into(),
        start: 0,
        end: 1_790_000_090,
        about: None,
        id: None,
        ..update()
    };
    let (id, finished, _) = finished(&odd);
    assert!(finished.asked_by().is_none());
    let (rendered, _) = finished.render(id, None, &[], NOW);
    let completed = rendered.logs.last().unwrap();
    assert_eq!(
        text(&completed.attributes, name::SITELOG_OPERATION_RESULT),
        Some("failed")
    );
    assert_eq!(text(&completed.attributes, name::SITELOG_OPERATION_NAME), None);
    assert_eq!(
        text(&rendered.resource.attributes, name::PULUMI_UPDATE_KIND),
        Some("rename")
    );
    assert_eq!(text(&rendered.resource.attributes, name::USER_ID), None);
}
